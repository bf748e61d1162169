"""Turns first-person clauses into the second (``you keep bees``) or third person (``the user keeps bees``)."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from personagen.offline.texts import bank
from personagen.personas.english.verbs import ADVERBS, bag, is_bare, third_form

TOKEN = re.compile(r"[^\W_][\w'-]*|\s+|.", re.DOTALL)
_AGED = re.compile(r"(an?) (\d{1,3})-years?-old (\w)", re.I)
_FIRST = {
    "i": "they",
    "my": "their",
    "me": "them",
    "myself": "themselves",
    "mine": "theirs",
    "am": "are",
    "our": "their",
}
_FIRST |= {"i'm": "they're", "i've": "they've", "i'd": "they'd", "i'll": "they'll", "we": "they", "us": "them"}
_SECOND = {"i": "you", "my": "your", "me": "you", "myself": "yourself", "mine": "yours", "am": "are"}
_SECOND |= {"i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll"}


@cache
def words(name: str) -> frozenset[str]:
    """One of the word lists of ``bank/voice.json``."""
    return bag(bank("voice")[name])


def is_adverb(word: str) -> bool:
    return word in ADVERBS or (word.endswith("ly") and len(word) > 4)


def next_word(tokens: list[str], at: int) -> str:
    """The word after ``at`` in lower case, empty at the end or before punctuation."""
    for token in tokens[at + 1 :]:
        if not token.isspace():
            return token.lower() if token[0].isalnum() else ""
    return ""


def words_before(tokens: list[str], at: int) -> list[str]:
    """The words and commas before ``at``, without the adverbs right before it."""
    found = [t.lower() for t in tokens[:at] if t[0].isalnum() or t == ","]
    while found and is_adverb(found[-1]):
        found.pop()
    return found


@lru_cache(maxsize=8192)
def second(first: str) -> str:
    """A clause in first person as one in second person: ``I keep my bees`` -> ``you keep your bees``."""
    out: list[str] = []
    after_i = False
    for token in TOKEN.findall(first):
        word = token.lower()
        out.append("were" if word == "was" and after_i else _SECOND.get(word, token))
        if not token.isspace():
            after_i = word == "i"
    return "".join(out)


@lru_cache(maxsize=8192)
def third(first: str) -> str:
    """A clause in first person as a statement about ``the user``.

    ``I keep bees on my roof`` -> ``the user keeps bees on their roof``; ``my son is ill`` -> ``the user's son is ill``;
    ``a dog followed me home`` -> ``a dog followed the user home``.
    """
    tokens = TOKEN.findall(first)
    head = tokens[0].lower() if tokens else ""
    if head == "my":
        return "the user's" + "".join(_FIRST.get(t.lower(), t) for t in tokens[1:])
    if head in {"i'm", "i've"}:
        verb = "is" if head == "i'm" else "has"
        return f"the user {verb}" + "".join(_thirds(tokens[1:]))
    if head != "i":
        return _with_user(tokens)
    at = 1
    while at < len(tokens) and (tokens[at].isspace() or is_adverb(tokens[at].lower())):
        at += 1
    if at >= len(tokens):
        return first
    verb = {"am": "is", "don't": "doesn't", "have": "has", "do": "does"}.get(tokens[at].lower(), tokens[at].lower())
    same = verb == tokens[at].lower()
    if same and (verb in words("verbs") or is_bare(verb, next_word(tokens, at) or ".")):
        verb = third_form(verb)
    return "the user" + "".join(tokens[1:at]) + verb + "".join(_thirds(tokens[at + 1 :]))


def _with_user(tokens: list[str]) -> str:
    """A sentence about the speaker's relations or things, with ``the user`` for the first pronoun."""
    named = {"my": "the user's", "me": "the user", "i": "the user", "mine": "the user's"}
    out: list[str] = []
    for token in tokens:
        word = token.lower()
        out.append(named.get(word) or _FIRST.get(word, token))
        if word in named:
            named = {}
    return "".join(out)


def _thirds(tokens: list[str]) -> list[str]:
    """The tokens after the verb, with pronouns and verbs after ``and`` in third person."""
    out: list[str] = []
    for i, token in enumerate(tokens):
        word, after = token.lower(), next_word(tokens, i)
        before = words_before(tokens, i)
        joined = bool(before) and before[-1] in {"and", "but"} and "who" not in before
        if joined and word == "am":
            out.append("is")
        elif joined and word == "have":
            out.append("has")
        elif joined and after and _is_plain(word, after):
            out.append(third_form(word))
        else:
            out.append(_FIRST.get(word, token))
    return out


def _is_plain(word: str, after: str) -> bool:
    if not word.isalpha() or word in ("was", "were", "are"):
        return False
    return is_bare(word, after) or (word in words("verbs") and third_form(word) not in words("nounlike"))


@lru_cache(maxsize=8192)
def brief(text: str, limit: int = 11) -> str:
    """A clause without a bare age, cut at a natural place after ``limit`` words."""
    text = _AGED.sub(lambda m: ("an " if m[3].lower() in "aeiou" else "a ") + m[3], text)
    if len(text.split()) <= limit:
        return text
    for cut in (", ", " who ", " which ", " because ", " where ", " and ", " when ", " while ", " after "):
        head = text.split(cut)[0]
        if 3 <= len(head.split()) <= limit:
            return head
    return text
