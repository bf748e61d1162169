"""The gate ``about``: rejects a speaker who talks about the conversation from outside instead of taking part in it."""

from __future__ import annotations

import re

from personagen.gates.outside import ASKED, outside
from personagen.gates.turn import Turn, prose
from personagen.personas.words import STOPS

# "the user" in languages that chat models speak.
_USER = re.compile(
    r"\b(?:the (?:user|questioner)|(?:der|die|den|dem) (?:be)?nutzer(?:in)?|(?:el|la) usuari[oa]"
    r"|l'(?:utilisateur|utilisatrice|utente)|[oa] (?:usuári[oa]|utilizador)|de gebruiker|użytkownik|пользователь)\b"
    r"|(?:用户|用戶)(?![名界体體协協手组組量群数數需端])|ユーザー(?![名登ガイ])|사용자(?! ?(?:이름|계정|설명))|المستخدم"
)
_STEMS = ("user", "nutzer", "usuari", "utili", "utente", "gebruiker", "questioner")  # faster to look for
# Where it may well be another user than this one: the conversation is about things that have users.
_USERS = re.compile(
    r"\b(?:be)?(?:users?|nutzer|usuari[oa]s?|utilisateurs?|utent[ei]|usuári[oa]s?)\b|用户|用戶|ユーザー|사용자|مستخدم"
)
_TECHNICAL = re.compile(
    r"\b(?:apps?|apis?|software|web ?(?:sites?|pages?)|code|coding|program(?:s|ming|mer)?|python|java(?:script)?"
    r"|html|css|sql|servers?|database|log ?in|password|interface|u[ix]|browser|button|(?:chat ?)?bots?|prompt|script"
    r"|forms?"
    r"|customers?|clients?|products?|design\w*|tests?|ticket|personas?|accounts?|data|computer|models?|devices?|platforms?"
    r"|ai)\b"
    r"|\b(?:rechner|handy|passwort|konto|programm|logiciel|ordinateur|contraseña|ordenador|programa|aplikation|aplicación)"
    r"|软件|軟體|网站|網站|应用|應用|程序|程式|代码|代碼|账号|帳號|密码|密碼|手机|手機|电脑|電腦|アプリ|ソフト|サイト|パソコン|プログラム"
    r"|앱|프로그램|컴퓨터|비밀번호|تطبيق|برنامج|حاسوب|موقع|ऐप|कंप्यूटर|पासवर्ड|программ|приложени|сайт|парол|компьютер"
)
_SAID = (
    r"(?:messages?|questions?|requests?|texts?|statements?|tone|inputs?|concerns?|answers?|reply|replies|words|intentions?"
    r"|persona|response|query|prompt|attitude|enthusiasm|feelings?|next|last|final|original)\b"
)
_DOES = (
    r"(?:(?:is|was|seems to be|has been) (?:\w+ ){0,2}?(?:asking|trying to (?:convey|say|express)|saying|requesting"
    r"|expressing|talking|referring)|(?:has |have )?(?:asks?|asked|says|said|mentions|mentioned|states|stated|expresses"
    r"|expressed)|wants to know|wonders)\b"
)
_OF_USER = re.compile(rf"\bthe (?:user|questioner)(?:'s {_SAID}| {_DOES})|\ba user {_DOES}")
_START = re.compile(rf"(?:\A|[.!?:\uff1a\n{STOPS}])[\s\"'*>(\[-]*(?:{_USER.pattern})")

# Edits of the user's message that nobody asked for.
_TEXT = r"(?:text|message|version|sentence|passage|paragraph|statement|wording|tone|conversation|prompt|draft|note)s?"
_MADE = (
    r"(?:rewrit\w+|rewrote|revis(?:ed|ing)|edit(?:ed|ing)|rephras\w+|reword\w+|polish(?:ed|ing)|proofread|simplif\w+"
    r"|condens\w+|shorten\w+|correct(?:ed|ing)|paraphras\w+|clarified|refined)"
)
_EDIT_STEMS: tuple[str, ...] = (
    "rewr",
    "revis",
    "edit",
    "phras",
    "reword",
    "polish",
    "proofread",
    "simpl",
    "condens",
    "shorten",
)
_EDIT_STEMS += ("correct", "clarif", "refined", "original", "the given", "is note", "at note", " message", "your text")
_EDIT_STEMS += ("your story", "your reply", "your response", "your answer", "next turn", "next reply")
_EDIT = re.compile(
    rf"\b(?:i(?:'ve| have)? (?:\w+ )?{_MADE} (?:\w+ ){{0,3}}{_TEXT}\b|(?:the|a|my|this) {_MADE} (?:\w+ )?{_TEXT}\b"
    r"|i(?:'ve| have)? (?:\w+ )?(?:made|kept|removed|added|replaced|used|changed|tried) (?:[\w,']+ ){0,9}?"
    rf"(?:the|your|this) (?:original|given)\b|(?:the|your) original (?:\w+ )?{_TEXT}\b"
    r"|(?:in|to) (?:your|the) (?:last|previous|original) message\b"
    r"|(?:reading|to|style of) your (?:message|text|story)\b"
    r"|(?:this|that) note\b|your (?:answer|response|reply) (?:must|should) (?:be|not|never|always)\b)"
)
_NEXT = re.compile(r"\b(?:your|the|my|this|person's) next (message|turn|reply)\b")


def about(turn: Turn) -> str | None:
    """Rejects talk about "the user" or the next message, and an assistant that edits the user's message unasked."""
    folded, text = turn.folded, prose(turn.folded)
    found = None
    if not folded.isascii() or any(map(folded.__contains__, _STEMS)):
        found = _third(turn, text)
    if found is None and any(map(folded.__contains__, _EDIT_STEMS)):
        found = _edits(turn, text)
    return found or outside(turn, text)


def _third(turn: Turn, text: str) -> str | None:
    asked = [message.content.lower() for message in turn.before if message.role == "user"]
    said = [message.content.lower() for message in turn.before] if turn.role == "user" else asked
    if any(map(_USERS.search, said)):
        return None
    technical = any(map(_TECHNICAL.search, asked))
    found = (_USER.search if turn.role == "user" and not technical else _START.match)(text)
    if not found and not technical:
        found = _OF_USER.search(text) or _START.search(text)
    return f"the {turn.role} speaks about {found.group().strip()!r}" if found else None


def _edits(turn: Turn, text: str) -> str | None:
    if turn.role == "user":
        found = _NEXT.search(text)
        if not found or any(found[1] in message.content.lower() for message in turn.before):
            return None
        return f"the user speaks of its task: {found.group()!r}"
    found = _EDIT.search(text)
    if not found or any(ASKED.search(m.content.lower()) for m in turn.before if m.role == "user"):
        return None
    return f"the assistant edits the user's message: {found.group()!r}"
