"""Turning a statement about somebody into the same statement said by them, to them or of them, in English.

``She keeps bees on her roof`` -> ``I keep bees on my roof`` / ``you keep bees on your roof`` -> ``keeps bees on their
roof``. Rules and short word lists (``bank/voice.json``), no grammar engine: what they can't turn comes back as None.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal

from personagen.llm.offline.texts import bank

Person = Literal["I", "you"]

_TOKEN = re.compile(r"[^\W_][\w'-]*|\s+|.", re.DOTALL)
_AUX = frozenset(
    "was has does can could will would may might must should had did is are isn't wasn't hasn't doesn't can't won't "
    "didn't couldn't cannot shouldn't wouldn't were have used used".split()
)
_BE = {"is": ("am", "are"), "are": ("am", "are"), "was": ("was", "were"), "were": ("was", "were")}
_BE |= {"isn't": ("am not", "aren't"), "aren't": ("am not", "aren't"), "wasn't": ("wasn't", "weren't")}
_HAVE = {"has": "have", "hasn't": "haven't", "doesn't": "don't", "does": "do"}
_AFTER_VERB = frozenset(
    "a an the in at as to for with on by from her his their my your its one two three four five six seven eight nine "
    "ten every all both several many some no not up out into about over around near together regularly often".split()
)
_AFTER_HER = frozenset(
    "and or but to in at on with for from as when while because every a an the how by of into about that who which "
    "so if than after before during through up out off over".split()
)
_NUMBER = re.compile(r"(?:two|three|four|five|six|seven|eight|nine|ten|several|many|\d+) [a-z]")
_AGE = re.compile(r"(?:aged? ?:? ?)?(\d{1,3})(?:[- ]years?[- ]old)?")
_AGED = re.compile(r"(an?) (\d{1,3})-years?-old (\w)", re.I)
_POSSESSIVE = {"I": "my", "you": "your"}
_OBJECT = {"I": "me", "you": "you"}
_SELF = {"I": "myself", "you": "yourself"}
_FIRST_WORDS = {"i": "they", "my": "their", "me": "them", "myself": "themselves", "mine": "theirs", "am": "are"}
_FIRST_WORDS |= {"i'm": "they're", "i've": "they've", "i'd": "they'd", "i'll": "they'll", "our": "their"}
_FIRST_WORDS |= {"we": "they", "us": "them", "ours": "theirs"}
_SECOND_WORDS = {"i": "you", "my": "your", "me": "you", "myself": "yourself", "mine": "yours", "am": "are"}
_SECOND_WORDS |= {"i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll", "was": "were"}


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(bank("voice")[name].split())


@cache
def _third_forms() -> frozenset[str]:
    return frozenset(third_form(v) for v in _words("verbs"))


def base_form(verb: str) -> str:
    """``keeps`` -> ``keep``; a form that isn't third person singular comes back unchanged."""
    if verb in _HAVE:
        return _HAVE[verb]
    if not verb.endswith("s") or verb.endswith("ss") or len(verb) < 4:
        return verb
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    if verb.endswith(("sses", "shes", "ches", "xes", "zzes", "oes")):
        return verb[:-2]
    return verb[:-1]


def third_form(verb: str) -> str:
    """``keep`` -> ``keeps``."""
    if verb == "have":
        return "has"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")


def _is_adverb(word: str) -> bool:
    return word in _words("adverbs") or (word.endswith("ly") and len(word) > 4)


def _be(word: str, person: Person) -> str:
    return _BE[word][0 if person == "I" else 1]


def _conjugated(verb: str, person: Person) -> str:
    return _be(verb, person) if verb in _BE else base_form(verb)


def _subject(tokens: list[str]) -> tuple[str, list[str]]:
    """The kind of subject (``she``, ``he``, ``they``, ``name``, ``own``, ``none``) and the tokens after it."""
    first = tokens[0].lower()
    second = tokens[2].lower() if len(tokens) > 2 else ""
    if "user's" in {first, second}:
        return "own", tokens[tokens.index(next(t for t in tokens if t.lower() == "user's")) + 1 :]
    if first in {"the", "this"} and second in {"user", "person"}:
        return _subject_after(tokens[3:])
    if first in {"user", "person"}:
        return _subject_after(tokens[1:])
    if first in {"she", "he", "they"}:
        return first, tokens[2:]
    if first in {"she's", "he's", "they're", "they've"}:
        have = second in {"been", "got", "had"} or second.endswith("ed") and second not in _words("adjectives")
        return first.partition("'")[0], ["has" if have and first != "they're" else "is", *tokens[1:]]
    if first in {"her", "his", "their"}:
        return "own", tokens[1:]
    verb = second in _AUX or second in _third_forms() or _is_adverb(second)
    if verb and tokens[0][:1].isupper() and first not in _third_forms() and first not in _AUX:
        return "name", tokens[2:]
    return "none", tokens


def _subject_after(tokens: list[str]) -> tuple[str, list[str]]:
    if tokens and tokens[0] in {"'s", "’s"}:
        return "own", tokens[1:]
    return "they", tokens[1:] if tokens and tokens[0].isspace() else tokens


def _rest(tokens: list[str], person: Person, they: bool) -> str:
    """The predicate: inner pronouns turned, verbs after ``and`` conjugated."""
    subjects = {"she", "he"} | ({"they"} if they else set())
    possessives = {"her", "his"} | ({"their"} if they else set())
    selves = {"herself", "himself"} | ({"themselves"} if they else set())
    out: list[str] = []
    verb_next = False
    for i, token in enumerate(tokens):
        word = token.lower()
        following = next((t.lower() for t in tokens[i + 1 :] if t[0].isalnum()), "")
        glued = i + 1 < len(tokens) and not tokens[i + 1].isspace()
        if word in subjects:
            out.append(person)
            verb_next = True
            continue
        if word == "her" and (glued or not following or following in _AFTER_HER):
            out.append(_OBJECT[person])
        elif word in possessives:
            out.append(_POSSESSIVE[person])
        elif word == "him":
            out.append(_OBJECT[person])
        elif word in selves:
            out.append(_SELF[person])
        elif verb_next and word[0].isalpha() and not _is_adverb(word):
            out.append(_conjugated(word, person))
            verb_next = False
        elif word in _third_forms() or word in {"is", "are", "was", "were"}:
            out.append(_conjugated(word, person) if _joined(tokens, i, following) else token)
        else:
            out.append(token)
    return "".join(out)


def _joined(tokens: list[str], at: int, following: str) -> bool:
    """Whether the verb at ``at`` is a second predicate: ``... and lives in``, never ``who lives in``."""
    before = [t.lower() for t in tokens[:at] if t[0].isalnum() or t == ","]
    while before and _is_adverb(before[-1]):
        before.pop()
    if not before or before[-1] not in {"and", "but", "or", ","}:
        return False
    if before[-1] == "," and {"who", "which", "that"} & set(before):
        return False
    if "who" in before:
        return False
    if tokens[at].lower() not in _words("nounlike"):
        return True
    return following in _AFTER_VERB or following.endswith("ing") or _is_adverb(following)


def _bare(text: str, person: Person) -> str | None:
    """A statement without subject and verb: an age, a job, a number of things, an adjective."""
    lower = text.lower()
    be, have = ("I'm", "I have") if person == "I" else ("you're", "you have")
    first = re.split(r"[\s,]", lower, maxsplit=1)[0]
    if age := _AGE.fullmatch(lower):
        return f"{be} {age[1]}"
    if re.match(r"\d{1,3}[- ]years?[- ]old\b", lower):
        return f"{be} {'an' if lower.startswith(('8', '11', '18')) else 'a'} {lower}"
    if _NUMBER.match(lower):
        return f"{have} {text[0].lower()}{text[1:]}"
    if first == "born":
        return f"{'I was' if person == 'I' else 'you were'} {text[0].lower()}{text[1:]}"
    last = re.split(r"[\s,]", re.split(r" (?:at|in|for|from|with|of|who|and) ", lower)[0])[-1]
    if last in _words("jobs") and first not in {"a", "an"}:
        return f"{be} {'an' if first[0] in 'aeiou' else 'a'} {text[0].lower()}{text[1:]}"
    if first in _words("adjectives") or (first.endswith("ing") and len(first) > 5):
        return f"{be} {text[0].lower()}{text[1:]}"
    if first in {"a", "an"}:
        return f"{be} {lower[0]}{text[1:]}"
    return None


@lru_cache(maxsize=8192)
def clause(statement: str, person: Person = "I") -> str | None:
    """A statement about somebody as a clause in first or second person, without a full stop; None if it can't be.

    ``Has two cats`` -> ``I have two cats``; ``34 years old`` -> ``I'm 34``; ``Her son is ill`` -> ``my son is ill``.
    """
    text = re.sub(r"\s+", " ", statement.replace("’", "'")).strip(" .;,!-*•")
    letters = sum(c.isascii() and c.isalpha() for c in text)
    if not 2 <= len(text) <= 220 or (letters < 0.6 * len(text) and not _AGE.fullmatch(text.lower())):
        return None
    tokens = [t for t in _TOKEN.findall(text) if t]
    if tokens[0].lower() in {"i", "i'm", "i've", "my"}:
        return text if person == "I" else second(text)
    kind, rest = _subject(tokens)
    while rest and rest[0].isspace():
        rest = rest[1:]
    if not rest:
        return None
    if kind == "own":
        return f"{_POSSESSIVE[person]} {_rest(rest, person, they=tokens[0].lower() != 'her')}"
    at = 0
    while at < len(rest) and (rest[at].isspace() or _is_adverb(rest[at].lower())):
        at += 1
    verb = rest[at].lower() if at < len(rest) else ""
    if kind in {"none", "name"} and verb not in _third_forms() and verb not in _AUX:
        past = verb in _words("past") and verb not in _words("adjectives")
        if kind == "none" and not past:
            return _bare(text, person)
    if not verb:
        return None
    before = "".join(rest[:at])
    after = _rest(rest[at + 1 :], person, they=kind in {"they", "none"} and not _gendered(tokens))
    return _contracted(f"{person} {before[:1].lower()}{before[1:]}{_conjugated(verb, person)}{after}")


def _gendered(tokens: list[str]) -> bool:
    return any(t.lower() in {"she", "he", "her", "his", "him", "herself", "himself"} for t in tokens)


def _contracted(text: str) -> str:
    text = re.sub(r"^(I|you) have been ", r"\1've been ", text)
    text = re.sub(r"^I am (?!not\b)", "I'm ", text)
    return re.sub(r"^you are ", "you're ", text)


@lru_cache(maxsize=8192)
def second(first: str) -> str:
    """A clause in first person as one in second person: ``I keep my bees`` -> ``you keep your bees``."""
    out = []
    i_before = False
    for token in _TOKEN.findall(first):
        word = token.lower()
        if word == "was" and not i_before:
            out.append(token)
        else:
            out.append(_SECOND_WORDS.get(word, token))
        if not token.isspace():
            i_before = word == "i"
    return "".join(out)


@lru_cache(maxsize=8192)
def third(first: str) -> str:
    """A clause in first person as a predicate or sentence about ``the user``.

    ``I keep bees on my roof`` -> ``the user keeps bees on their roof``; ``my son is ill`` -> ``the user's son is ill``.
    """
    tokens = _TOKEN.findall(first)
    head = tokens[0].lower() if tokens else ""
    if head == "my":
        return "the user's" + "".join(_FIRST_WORDS.get(t.lower(), t) for t in tokens[1:])
    if head in {"i'm", "i've"}:
        verb = "is" if head == "i'm" else "has"
        return f"the user {verb}" + "".join(_thirds(tokens[1:]))
    if head != "i":
        return first
    at = 1
    while at < len(tokens) and (tokens[at].isspace() or _is_adverb(tokens[at].lower())):
        at += 1
    if at >= len(tokens):
        return first
    verb = tokens[at].lower()
    if verb == "am":
        verb = "is"
    elif verb == "don't":
        verb = "doesn't"
    elif verb in _words("verbs"):
        verb = third_form(verb)
    return "the user" + "".join(tokens[1:at]) + verb + "".join(_thirds(tokens[at + 1 :]))


def _thirds(tokens: list[str]) -> list[str]:
    out = []
    for i, token in enumerate(tokens):
        word = token.lower()
        following = next((t.lower() for t in tokens[i + 1 :] if t[0].isalnum()), "")
        before = [t.lower() for t in tokens[:i] if t[0].isalnum()]
        while before and _is_adverb(before[-1]):
            before.pop()
        is_verb = word in _words("verbs") and before and before[-1] in {"and", "but"} and "who" not in before
        plain = third_form(word) not in _words("nounlike")
        if is_verb and (plain or following in _AFTER_VERB or following.endswith("ing")):
            out.append(third_form(word))
        elif word == "am":
            out.append("is")
        else:
            out.append(_FIRST_WORDS.get(word, token))
    return out


@lru_cache(maxsize=8192)
def brief(text: str, limit: int = 11) -> str:
    """A clause cut at a natural place after ``limit`` words, with a bare age taken out: for use in passing."""
    text = _AGED.sub(lambda m: ("an " if m[3].lower() in "aeiou" else "a ") + m[3], text)
    if len(text.split()) <= limit:
        return text
    for cut in (", ", " who ", " which ", " because ", " where ", " and ", " when ", " while ", " after "):
        head = text.split(cut)[0]
        if 3 <= len(head.split()) <= limit:
            return head
    return text
