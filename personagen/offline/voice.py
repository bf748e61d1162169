"""Turns a statement about a person into the first, second or third person, in English.

``She keeps bees on her roof`` -> ``I keep bees on my roof`` / ``you keep bees on your roof`` -> ``the user keeps bees
on their roof``. Uses rules and short word lists (``bank/voice.json``); None if they don't apply.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

from personagen.offline.hearsay import TOKEN, is_adverb, next_word, second, words, words_before
from personagen.personas.english.verbs import DETERMINERS, FUNCTION, bag, base_form, is_past, is_third, third_form

Person = Literal["I", "you"]

_AUX = bag(
    "was has does can could will would may might must should had did is are isn't wasn't hasn't doesn't can't won't "
    "didn't couldn't cannot shouldn't wouldn't were have used"
)
_BE = {"is": ("am", "are"), "are": ("am", "are"), "was": ("was", "were"), "were": ("was", "were")}
_BE |= {"isn't": ("am not", "aren't"), "aren't": ("am not", "aren't"), "wasn't": ("wasn't", "weren't")}
_PLURAL = {"has": "have", "hasn't": "haven't", "doesn't": "don't", "does": "do"}
_AFTER_HER = bag(
    "and or but to in at on with for from as when while because every a an the how by of into about that who which "
    "so if than after before during through up out off over plus home together by alone"
)
_NUMBER = re.compile(r"(?:two|three|four|five|six|seven|eight|nine|ten|several|many|\d+) [a-z]")
_AGE = re.compile(r"(?:aged? ?:? ?)?(\d{1,3})(?:[- ]years?[- ]old)?")
_TURNED = {"I": ("I", "my", "me", "myself"), "you": ("you", "your", "you", "yourself")}
_PRONOUNS = {"she": 0, "he": 0, "her": 1, "his": 1, "him": 2, "herself": 3, "himself": 3}
_THEY = {"they": 0, "their": 1, "them": 2, "themselves": 3, "themself": 3}
_HUMAN = bag("lives works enjoys loves likes dislikes grew teaches speaks studies owns volunteers cannot can't doesn't")
_HUMAN_STATE = bag("a an born married single retired divorced widowed never two three four five six seven originally")
_HAPPENED = bag(
    "turned came went died fell grew ran moved arrived left stayed followed brought gave taught helped paid"
)
_DAYS = bag("monday tuesday wednesday thursday friday saturday sunday january february april july august september")
_DAYS |= bag("october november december easter christmas ramadan")


def _conjugated(verb: str, person: Person, before: str = "", after: str = "") -> str:
    if verb in _BE:
        return _BE[verb][0 if person == "I" else 1]
    if verb in _PLURAL or verb in _AUX:
        return _PLURAL.get(verb, verb)
    sure = (before == "she" or _is_known(verb, after)) and verb.endswith("s") and not verb.endswith(("ss", "us"))
    return base_form(verb) if sure or is_third(verb, before, after or ".") else verb


def _subject(tokens: list[str]) -> tuple[str, list[str]]:
    """The subject (``she``, ``he``, ``they``, ``name``, ``own``, ``none``) and the tokens after it."""
    lower = [t.lower() for t in tokens[:3]]
    first, second = lower[0], lower[2] if len(lower) > 2 else ""
    if "user's" in lower:
        return "own", tokens[lower.index("user's") + 1 :]
    if first in {"the", "this"} and second in {"user", "person"}:
        return "they", tokens[4:]
    if first == "user" or first in {"she", "he", "they"}:
        return "they" if first == "user" else first, tokens[2:]
    if first in {"she's", "he's", "they're", "they've"}:
        has = second in {"been", "got", "had"} or (second.endswith("ed") and second not in words("adjectives"))
        return first.partition("'")[0], ["has" if has and first != "they're" else "is", *tokens[1:]]
    if first in {"her", "his", "their"}:
        return "own", tokens[1:]
    named = tokens[0][:1].isupper() and first not in DETERMINERS | FUNCTION and not _is_verb(first, second)
    following = tokens[4].lower() if len(tokens) > 4 else ""
    if named and (second in _HUMAN or (second in ("is", "was", "has") and following in _HUMAN_STATE)):
        return "name", tokens[2:]
    return "none", tokens


def _pronouns(tokens: list[str]) -> list[str]:
    return [t.lower() for t in tokens if t.lower() in _PRONOUNS or t.lower() in _THEY]


def _is_verb(first: str, second: str) -> bool:
    """Whether a statement starts with its verb: ``Keeps bees``, ``Grew up in``."""
    if first in _AUX:
        return True
    return is_third(first, "", second or ".") or (
        is_past(first) and first != "born" and first not in words("adjectives")
    )


def _turned(tokens: list[str], person: Person, they: bool, joined: bool) -> str:
    """The tokens with the person's pronouns replaced, and with ``joined`` also the verbs after ``and``."""
    known = _PRONOUNS | (_THEY if they else {})
    if joined:
        known.pop("them", None)
    out: list[str] = []
    subject = False
    for i, token in enumerate(tokens):
        word, after = token.lower(), next_word(tokens, i)
        if word in known:
            form = known[word]
            if word == "her" and (not after or after in _AFTER_HER):
                form = 2
            out.append(_TURNED[person][form])
            subject = form == 0
        elif subject and word[0].isalpha() and not is_adverb(word):
            out.append(_conjugated(word, person, "she", after))
            subject = False
        elif joined and word[0].isalpha() and _is_joined(tokens, i, word, after):
            out.append(_conjugated(word, person, "and", after))
        else:
            out.append(token)
    return "".join(out)


def _is_joined(tokens: list[str], at: int, word: str, after: str) -> bool:
    """Whether the word is a second verb of the same subject: ``... and lives in``, never ``who lives in``."""
    before = words_before(tokens, at)
    if not before or before[-1] not in {"and", "but", "or", ","} or {"who", "which", "that"} & set(before):
        return False
    last = before[-2] if len(before) > 1 else ""
    return word in _BE or word in _PLURAL or is_third(word, last, after or ".") or _is_known(word, after)


def _is_known(word: str, after: str) -> bool:
    """A verb of the cast's list in third person that can't be a noun."""
    if word not in _thirds_known():
        return False
    return word not in words("nounlike") or (word, after) == ("dreams", "of")


@cache
def _thirds_known() -> frozenset[str]:
    return frozenset(map(third_form, words("verbs")))


def _bare(text: str, person: Person) -> str | None:
    """A statement without subject and verb: an age, a job, a number of things, an adjective."""
    lower = text.lower()
    be, have = ("I'm", "I have") if person == "I" else ("you're", "you have")
    first = re.split(r"[\s,]", lower, maxsplit=1)[0]
    small = text[0].lower() + text[1:]
    if age := _AGE.fullmatch(lower):
        return f"{be} {age[1]}"
    if re.match(r"\d{1,3}[- ]years?[- ]old\b", lower):
        return f"{be} {'an' if lower.startswith(('8', '11', '18')) else 'a'} {lower}"
    if _NUMBER.match(lower):
        return f"{have} {small}"
    if first == "born":
        return f"{'I was' if person == 'I' else 'you were'} {small}"
    if first in {"a", "an"} or (first.endswith("ing") and len(first) > 5):
        return f"{be} {small}"
    if first in words("adjectives") and not (" " in small and _is_job(lower)):
        return f"{be} {small}"
    if _is_job(lower):
        return f"{be} {'an' if first[0] in 'aeiou' else 'a'} {small}"
    return None


def _is_job(lower: str) -> bool:
    """Whether a phrase without an article names an occupation: ``retired bus driver at ...``."""
    last = re.split(r"[\s,]", re.split(r" (?:at|in|for|from|with|of|who|and) ", lower)[0])[-1]
    return last in words("jobs")


def _is_sentence(tokens: list[str]) -> bool:
    """Whether the tokens are a sentence with the person as object: ``A stray dog followed her home``."""
    if _pronouns(tokens):
        return True
    spoken = [t.lower() for t in tokens if t[0].isalnum()]
    rows = zip(spoken[:-1], spoken[1:], [*spoken[2:], "."], strict=False)
    return any(
        word in _AUX or is_third(word, before, after) or (word in _HAPPENED and before not in DETERMINERS)
        for before, word, after in rows
    )


def _opened(tokens: list[str]) -> list[str]:
    """The tokens with the first letter small, unless the first word is a name or a day."""
    first = tokens[0].lower()
    named = len(tokens) > 1 and (tokens[1] == "," or next_word(tokens, 0) in {"is", "was"})
    named = named and first not in DETERMINERS | FUNCTION
    if first in _DAYS or named or not tokens[0][1:].islower():
        return tokens if len(tokens[0]) > 1 else [first, *tokens[1:]]
    return [first, *tokens[1:]]


@lru_cache(maxsize=8192)
def clause(statement: str, person: Person = "I") -> str | None:
    """A statement about a person as a clause in first or second person, without a full stop; None if impossible.

    ``Has two cats`` -> ``I have two cats``; ``34 years old`` -> ``I'm 34``; ``Her son is ill`` -> ``my son is ill``.
    """
    text = re.sub(r"\s+", " ", statement.replace("’", "'")).strip(" .;,!-*•")
    letters = sum(c.isascii() and c.isalnum() for c in text)
    if not 2 <= len(text) <= 220 or letters < 0.6 * len(text):
        return None
    tokens = [t for t in TOKEN.findall(text) if t]
    if tokens[0].lower() in {"i", "i'm", "i've", "my"}:
        return text if person == "I" else second(text)
    kind, rest = _subject(tokens)
    while rest and rest[0].isspace():
        rest = rest[1:]
    if not rest:
        return None
    they = not any(p in _PRONOUNS for p in _pronouns(tokens))
    if kind == "own":
        return f"{_TURNED[person][1]} {_turned(rest, person, they, joined=False)}"
    if kind == "none" and not _is_verb(rest[0].lower(), next_word(rest, 0)):
        if _AGE.fullmatch(text.lower()) or not _is_sentence(tokens):
            return _bare(text, person)
        return _turned(_opened(tokens), person, they, joined=False) if they or _gendered(tokens) else None
    return _predicate(rest, person, they)


def _gendered(tokens: list[str]) -> bool:
    return bool(_pronouns(tokens))


def _predicate(rest: list[str], person: Person, they: bool) -> str | None:
    """The predicate ``rest`` with a subject before it."""
    at = 0
    while at < len(rest) and (rest[at].isspace() or is_adverb(rest[at].lower())):
        at += 1
    if at >= len(rest):
        return None
    before = "".join(rest[:at]) if rest[0].lower() not in {"also", "then"} else ""
    verb = _conjugated(rest[at].lower(), person, "she", next_word(rest, at))
    after = _turned(rest[at:], person, they, joined=True)[len(rest[at]) :]
    text = f"{person} {before[:1].lower()}{before[1:]}{verb}{after}"
    text = re.sub(r"^(I|you) have (been|got)\b", r"\1've \2", text)
    return re.sub(r"^you are ", "you're ", re.sub(r"^I am (?!not\b)", "I'm ", text))
