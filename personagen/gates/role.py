"""The gate ``role``: rejects a speaker who falls out of its role or speaks of the prompt."""

from __future__ import annotations

import re
from dataclasses import dataclass

from personagen.gates.turn import Turn, prose

_OPENING = 160  # characters


@dataclass(frozen=True)
class _Rule:
    """What is wrong if ``pattern`` occurs in the folded text or, with ``opening``, at its start."""

    what: str
    pattern: re.Pattern[str]
    opening: bool = False

    def found(self, folded: str) -> str | None:
        match = self.pattern.match(folded[:_OPENING]) if self.opening else self.pattern.search(prose(folded))
        return match.group().strip() if match else None


_START = r"(?:^|(?<=[.!?] )|(?<=[.!?]  ))"


def _rule(what: str, *patterns: str, starts: tuple[str, ...] = (), opening: bool = False) -> _Rule:
    """``patterns`` match at the start of a word, ``starts`` at that of a sentence."""
    # Grouped by where they may start: that is tested once per character, not once per pattern.
    either = "|".join((*patterns, *([rf"{_START}(?:{'|'.join(starts)})"] if starts else [])))
    # Quotations are not the speaker's words.
    return _Rule(what, re.compile(rf"\b(?<![\"'\u201c\u2018])(?:{either})", re.M), opening)


_HELP = r"(?:help|assist)"
_AI = r"(?:ai(?: (?:language model|assistant|chatbot|model))?|(?:large )?language model|artificial intelligence)"
_MAKER = r"(?: (?:created|developed|trained|made) by [\w ]{2,20})?"
_MORE = r"(?:any |more |further |additional )*"
_COUNT = r"(?:a few|some|a couple of|several|three|four|five|\d+|an? list of)"
_ADVICE = r"(?:tips|steps|suggestions|strategies|ways|ideas|options|recommendations)"
_TODAY = r"(?:today|further|out|now|tonight|with (?:that|this|it|anything|your))"
_GRASP = r"(?! (?:help|test|improve|understand|see|picture|get|imagine))"
_USER = (
    _rule(
        "speaks as an assistant",
        rf"as an? {_AI}{_MAKER},? (?:i\b|my (?:purpose|goal|knowledge|role|training))",
        starts=(
            r"(?:(?:sorry|unfortunately|well|but|remember|actually|since|because),? )?"
            rf"i(?:'m| am) (?:just |only |merely )?an? {_AI}"
            r"(?:[.!?;)]|,? (?:so|and|but) (?:i|can't|cannot|don't)\b|,? (?:designed|trained|created|here) |$)",
        ),
    ),
    _rule(
        "offers help",
        r"(?:is there )?anything else (?:that )?i can (?:(?:help|assist) you\b|assist(?: with)?[?!.])",
        r"(?:let me know|feel free to (?:ask|reach out)) if you (?:need|want|require|would like) "
        rf"{_MORE}(?:{_HELP}|assistance|guidance|clarification)",
        rf"i can (?:{_HELP} you|assist) with (?:that|this|a wide|any|your)\b",
        r"if you have any (?:other |more |further )?questions,? "
        r"(?:feel free|don't hesitate|do not hesitate|please (?:let|ask|feel))",
        starts=(
            r"(?:(?:hello|hi|hey|hi there|so|and|great|ok|okay|sure),? )?"
            rf"how (?:can|may|could|might) i (?:best )?{_HELP} you(?: {_TODAY}\b|[?!.]|$)",
            rf"(?:so |and )?what (?:else )?can i {_HELP} you with\b",
            rf"(?:i'd be|i would be|i'm|i am)(?: always| more than| very)? (?:happy|glad|here|delighted) to {_HELP}"
            rf"(?: you\b{_GRASP}|[.!] (?:what|could|can|please|let|to |here|which|how))",
            r"(?:sure|certainly|absolutely|of course)[!,.] "
            rf"(?:i can|i'll|i'd be (?:happy|glad) to|let me|happy to) {_HELP} you\b{_GRASP}",
        ),
    ),
    _rule(
        "gives the assistant's answer",
        rf"here(?:'s| are| is) {_COUNT} (?:\w+ )?{_ADVICE} "
        r"(?:to help you|for you|you (?:can|could|might) (?:take|try|use|follow|do)"
        r"|that (?:may|might|can|could|will) help you)",
    ),
    _rule("gives the assistant's answer", r"(?:thanks|thank you) for reaching out\b", opening=True),
)
_HELLO = r"(?:(?:hi|hello|hey|ok|okay|well)[,!.]? )?"
_SOME = r"(?:a|an|some|any)\b"
_KIN = (
    r"(?:wife|husband|boss|mother|father|mom|mum|dad|daughter|son|sister|brother|kids|children|girlfriend|boyfriend"
    r"|landlord)"
)
_ASSISTANT = (
    _rule(
        "speaks as the user",
        rf"{_HELLO}(?:can|could|would) you (?:please )?(?:help me (?!understand|clarify|get|see|know|picture)"
        rf"|(?:recommend|suggest) (?:me )?{_SOME})",
        rf"{_HELLO}(?:how (?:do|should) i (?!help|assist|address|call)|what should i do\b)[^?]*\?\s*\Z",
        rf"{_HELLO}i(?:'m| am) (?:looking for (?:a|an|some|advice|help|tips)|struggling with|having trouble)\b",
        rf"{_HELLO}i (?:need|could use|want) (?:your |some |a bit of )?(?:help|advice)\b",
        rf"{_HELLO}my {_KIN} (?!would|will)",
        r"(?:thanks|thank you)(?: so much| a lot)?(?: for (?:the|your) (?:advice|help|tips)"
        r"|[,!.] (?:i'll|i will|let me) (?:try|give) (?:that|it|this))",
        opening=True,
    ),
    _rule("speaks as the user", r"as (?:a|the) user,? i\b"),
    _rule(
        "claims a life like a person's",
        r"when i was (?:a (?:child|kid|boy|girl|teenager|student)|young|little|growing up)\b",
        r"i(?:'ve| have) (?:only |just )?been doing (?:it|this|that) for\b",
        r"i(?:'ve| have) (?:just )?been (?:thinking about how i|distracted|busy|tired)\b",
        r"in my (?:line of work|job|profession|youth|house|day)\b",
        r"i love to (?!help|assist|hear|see|answer|know)\w+",
        r"my (?:own )?(?:family|life) (?:is|was|has)\b",
        r"i(?:'ve| have) been (?!told|asked|trained|designed|thinking)\w+ (?:[\w']+ ){0,5}?for (?:a few|\w+) years\b",
        r"my own (?:\w+ ){0,2}?(?:journey|business|home|life|shop|garden|alpacas)\b",
        r"i(?:'m| am) (?:just )?an? (?:\w+ ){0,2}?(?:team player|spinner|mother|father|student|teacher|artist)\b",
        r"from my own \w+(?<!experience)(?<!knowledge)(?<!training)\b",
    ),
    _rule("plays a scene", r"(?<=[(*])(?:sigh|laugh|smile|chuckle|pause|nod|shrug|grin)s?(?=[)*])"),
)
_BOTH = (
    _rule(
        "speaks of the prompt",
        r"(?:the )?user's next (?:message|turn|reply)\b",
        r"(?:here(?:'s| is)|this is) (?:my|the) next (?:message|turn|reply)\b",
        r"(?:who_you_are|the_user)\b",
        r"(?:as|playing|portraying|speaking as|stay true to) (?:the|this|my|your) "
        r"(?:assigned |given |user )?persona(?:,? i\b|[,.:])",
        r"i(?:'m| am| will|'ll) (?:now )?"
        r"(?:role-?play(?:ing)? (?:as )?(?:the|this|your) (?:\w+ )?(?:user|persona|assistant)\b"
        r"|(?:stay(?:ing)? in|break(?:ing)?) character"
        r"(?::| as (?:the (?:user|assistant|persona)|instructed|requested)\b))",
    ),
)
_WHICH = r"(?:the|this|your|that|my) (?:hidden |private |system )?note"
_NOTE = _rule(
    "speaks of the hidden note",
    rf"{_WHICH} (?:says|suggests|mentions|tells me|indicates|states|above)\b",
    rf"(?:based on|according to|per|as stated in) {_WHICH}(?:,|\.|:)",
    r"(?<=\[)a note for you\b",
)
# A requested draft may be in the first person; a requested role-play, or a question about prompts, may do the rest.
_PLAY = r"role-?play|pretend|story|poem|persona\b|character|dialog|chatbot|prompt|improv|script|users?\b"
_PLAYED = re.compile(rf"\b(?:{_PLAY})")
_DRAFT = re.compile(
    r"\b(?:writ|draft|phras|word(?:ing|ed)? |text (?:him|her|them|my)|e-?mail|letter|reply to|respond|message|caption"
    rf"|tell (?:him|her|them|my)|say to|speech|{_PLAY})"
)


def role(turn: Turn) -> str | None:
    """Rejects a user who offers help, an assistant who asks for it, and either speaking of the prompt, unless the user
    asked for a draft or a role-play."""
    folded = turn.folded
    rules: tuple[_Rule, ...] = (*(_USER if turn.role == "user" else _ASSISTANT), *_BOTH)
    if turn.role == "assistant" and "note" in folded and not any("note" in m.content for m in turn.before):
        rules += (_NOTE,)
    for rule in rules:
        if found := rule.found(folded):
            wished = _DRAFT if rule.opening else _PLAYED
            drafted = turn.role == "assistant" and wished.search(turn.asked)
            return None if drafted else f"the {turn.role} {rule.what}: {found!r}"
    return None
