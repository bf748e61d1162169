"""A part of the gate ``about``: the user as "this person", the reply that is yet to be written, a form to fill in."""

from __future__ import annotations

import re

from personagen.gates.turn import Turn

# The user brought a text up, or asked for one.
ASKED = re.compile(
    r"\b(?:edit|revis|rewrit|rewrote|rephras|reword|polish|proofread|correct|check|improv|spell|grammar|typo|mistake|chang"
    r"|shorten|simplif|translat|summar|draft|letter|(?:e-?)?mail|text|write|wrote|written|essay|story|poem|speech|word"
    r"|message|note|sentence|paragraph|version|better way|phrase|read|cv\b|resume|caption|post|original)"
)
_FORM = re.compile(
    r"templat|placeholder|\bblank|bracket|\bsign|html|code|program|python|\[|invit|\bdear\b|contract|invoice|advert"
)
_REPLIES = re.compile(r"repl|respon|answer|interview|\bask|\bsay|\btell|speech")
_HAS = (
    r"(?:should|could|would|may|might|must|can|has|is|gets|works|lives|seems|appears|sounds|feels|wants|needs|hopes|tries"
    r"|struggles|says|asks|mentions|describes|expresses)\b"
)
_FEELS = (
    r"(?:should|seems|wants|needs to|hopes|feels|asks|says|mentions|describes|expresses|is (?:\w+ )?(?:worried|asking"
    r"|looking|trying|concerned|tired|frustrated|unsure|considering|expressing|seeking|describing|struggling|upset|anxious"
    r"|stressed|overwhelmed|curious|interested))\b"
)
_BEGINS = r"(?:\A|[.!?:;\n])[\s\"'*>(\[-]*"
_PERSON = re.compile(
    rf"{_BEGINS}(?:this person {_HAS}|(?:the|this) (?:speaker|sender|poster|asker) {_FEELS})"
    rf"|\A\W*the (?:person|individual|author|writer) {_FEELS}"
)
_SOMEBODY = re.compile(
    r"\b(?:persons?|individuals?|speakers?|senders?|posters?|s?he|him|her|his|hers|they|them|their|who|some(?:one|body)"
    r"|any(?:one|body)|people|(?:wo)?m[ae]n|guys?|girl|boy|child|kid|friends?|boss|colleagues?|co-?workers?|neighbou?rs?"
    r"|(?:room|flat|class)mates?|partner|husband|wife|ex|teacher|student|manager|doctor|patient|landlord|tenant|clients?"
    r"|customers?|mother|father|mum|mom|dad|sister|brother|son|daughter|cousin|uncle|aunt|grand\w+|audio|sound|music|talk"
    r"|lecture|first aid|radio|loud\w*)\b"
)
_REPLY = r"(?:reply|response|answer)"
_GOOD = r"(?:good|better|possible|suitable|appropriate|ideal|helpful|fitting|kind|polite|warm)"
_OF_REPLY = re.compile(
    rf"\ban? {_GOOD} {_REPLY} (?:would|could|might|should|to (?:this|that|the|your))\b"
    rf"|\b(?:below|here|following|this) (?:is|are) (?:my|an?|the|one)(?: \w+){{0,2}} {_REPLY}"
    r" to (?:the|this|that|your|their) (?:\w+ )?(?:message|prompt|query|request|inquiry|text|person|speaker)\b"
    r"|\byour (?:text|message|sentence|writing|wording|paragraph|grammar|phrasing|statement) (?:can|could|might|may"
    r"|should|would|needs? to)(?: \w+){0,3} (?:improv|rewrit|revis|rephras|edit|clear|short|simpl|polish|correct)"
)
# A blank to fill in: [Your Name], {name}, <Ihr Name>; in other words only in square brackets, and no link.
_OWN = r"(?:your|my|our|first|last|full|recipient'?s?|user'?s?|friend'?s?|ihr|dein|mein|votre|ton|mon|tu|su|mi|seu)"
_NAME = rf"(?:{_OWN} )?(?:name|nom|nombre|nome|имя)"
_WHAT = r"(?:insert|enter|fill in|your|ihre?|deine?|votre|ваш\w?|你的|您的)[^\]\n]{0,40}"
_BLANK = rf"(?:[\[<{{]{_NAME}[\]>}}]|\[{_WHAT}\])(?!\()"
_BLANKS = re.compile(_BLANK)
_SIGNED = re.compile(rf"\A\W*(?:dear|hi|hello|hey|hallo|liebe[rs]?|bonjour|hola) {_BLANK}|{_BLANK}\W*\Z")
_SUBJECT = re.compile(r"\A\W*(?:subject|betreff|objet|asunto|oggetto|assunto|тема|主题|主旨|件名)\W*[:：][^\n]+\n")
_DEAR = re.compile(r"\A\W*(?:dear|liebe[rs]?|sehr geehrte|chère?|estimad|car[oa]|дорог|уважаем)\b[^\n]{1,40},")
_REGARDS = re.compile(
    r"\n\W*(?:(?:best|kind|warm|many)(?:est)? (?:regards|wishes)|regards|sincerely|yours \w+|mit freundlichen \w+"
    r"|(?:viele|liebe) grüße|cordialement|saludos|atentamente|cordiali \w+|с уважением)[^\w\n]*(?:\n|\Z)"
)
# Faster to look for than the patterns; each match holds one of them.
_PERSONS = ("person", "speaker", "sender", "poster", "asker", "individual", "author", "writer")
_WORDS = ("reply", "response", "answer", "your ")
_SIGNS = ("]", "}", ">")


def outside(turn: Turn, text: str) -> str | None:
    """Objects to ``text`` that speaks of its user or its reply, or is a form, where nobody spoke of such things."""
    asked = [message.content.lower() for message in turn.before if message.role == "user"]
    return _of_person_or_reply(turn, text, asked) or _form(turn, text, asked)


def _of_person_or_reply(turn: Turn, text: str, asked: list[str]) -> str | None:
    if turn.role != "assistant" or any(map(ASKED.search, asked)):
        return None
    found = _PERSON.search(text) if any(map(text.__contains__, _PERSONS)) else None
    if found and not any(map(_SOMEBODY.search, [*asked, text[: found.start()]])):
        return f"the assistant speaks about {found.group().strip()!r}"
    found = _OF_REPLY.search(text) if any(map(text.__contains__, _WORDS)) else None
    if found and not any(map(_REPLIES.search, asked)):
        return f"the assistant speaks of its reply: {found.group()!r}"
    return None


def _form(turn: Turn, text: str, asked: list[str]) -> str | None:
    blank = any(map(text.__contains__, _SIGNS))
    if turn.role == "user":
        found = _BLANKS.search(text) if blank else None
        asked = [*asked, _BLANKS.sub("", text)] if found else asked
    else:
        found = (_SIGNED.search(text) if blank else None) or _SUBJECT.match(text)
        found = found or (_DEAR.match(text) and _REGARDS.search(text))
    if not found or turn.on_text or any(ASKED.search(one) or _FORM.search(one) for one in asked):
        return None
    return f"the {turn.role} fills in a form: {found.group().strip()!r}"
