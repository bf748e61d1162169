"""Statements about a person in the first, second or third person, in English.

``She keeps bees on her roof`` -> ``I keep bees on my roof`` / ``you keep bees on your roof`` -> ``the user keeps bees
on their roof``. Uses rules and word lists (``bank/voice.json``); None if they don't apply.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Literal

from personagen.offline.texts import small, with_article, word_list
from personagen.personas.english.verbs import ADVERBS, FUNCTION, IRREGULAR, bag, base_form
from personagen.personas.lexicon import ADJECTIVES

Person = Literal["I", "you"]

_TOKEN = re.compile(r"[^\W_][\w'-]*|\s+|.", re.DOTALL)
_AGED = re.compile(r"(an?) (\d{1,3})-years?-old (\w)", re.I)
_CUT = re.compile(r"(?:\S+ ){2,}?\S+?(?=, | (?:who|which|because|where|and|when|while|after) )")
_AGE = re.compile(r"(?:aged? ?:? ?)?(\d{1,3})(?:[- ]years?[- ]old)?")
_YEARS_OLD = re.compile(r"\d{1,3}[- ]years?[- ]old\b")
_NUMBER = re.compile(r"(?:two|three|four|five|six|seven|eight|nine|ten|several|many|\d+) [a-z]")
_OWN = re.compile(r"(?:(?:(?:the|this) )?user's|her|his|their) ", re.I)
_SUBJECT = re.compile(r"(?:(?:the|this) (?:user|person)|user|she|he|they)(?:('s|'re|'ve)\b|(?= )) *", re.I)
_NAME = re.compile(
    r"[A-Z]\w+ (?=(?:lives|works|enjoys|loves|likes|dislikes|grew|teaches|speaks|studies|owns|volunteers|cannot|can't|"
    r"doesn't|(?:is|was|has) (?:an?|born|married|single|retired|divorced|widowed|never|two|three|four|five|six|seven)"
    r")\b)"
)
_WHO = re.compile(r"(an? .+?)((?:,| and \w+,)? (?:who|whose) .+)", re.I)  # a person: "a nurse who keeps bees"
_OBJECT = re.compile(r"\b(?:him|her(?=$|[.,;]| (?:at|in|on|to|from|with|every|each|when|and)\b))", re.I)
_FIRST_NAME = re.compile(r"(?!It|There|This|That|What)[A-Z][\w'-]*(?:,| (?:is|was)\b)")

_CASES = {"I": ("I", "my", "me", "myself"), "you": ("you", "your", "you", "yourself")}
_HE = {"she": 0, "he": 0, "her": 1, "his": 1, "him": 2, "herself": 3, "himself": 3}
_THEY = {"they": 0, "their": 1, "them": 2, "themselves": 3, "themself": 3}
_BE = {"is": ("am", "are"), "are": ("am", "are"), "was": ("was", "were"), "were": ("was", "were")}
_BE |= {"isn't": ("am not", "aren't"), "aren't": ("am not", "aren't"), "wasn't": ("wasn't", "weren't")}
_PLURAL = {"has": "have", "hasn't": "haven't", "doesn't": "don't", "does": "do"}
_SINGULAR = {plural: singular for singular, plural in _PLURAL.items()} | {"am": "is"}
_SECOND = {"i": "you", "my": "your", "me": "you", "myself": "yourself", "mine": "yours", "am": "are"}
_SECOND |= {"i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll"}
_THIRD = {"i": "they", "my": "their", "me": "them", "myself": "themselves", "mine": "theirs", "am": "are"}
_THIRD |= {"i'm": "they're", "i've": "they've", "i'd": "they'd", "i'll": "they'll"}
_THIRD |= {"our": "their", "we": "they", "us": "them"}
_USER = {"i": "the user", "me": "the user", "my": "the user's", "mine": "the user's"}
_USER |= {"i'm": "the user is", "i've": "the user has"}
# After "her", these words don't name what is hers.
_AFTER_HER = FUNCTION - bag("last past like near next only") | bag("home together alone plus")
_BEFORE_HERS = bag("in at of from near to for with on around outside inside into behind and is leaves left owns")
_SMALL_WORDS = ADVERBS | FUNCTION
_BEFORE_NOUN = bag("of by from and or that which who")
_NOT_PAST = bag("need feed breed speed bleed heed seed weed proceed succeed exceed embed shed wed")


def is_past(verb: str) -> bool:
    """Whether ``verb`` is a past form."""
    return verb in word_list("past") or (verb.endswith("ed") and verb not in _NOT_PAST)


def _is_third(word: str, before: str, after: str) -> bool:
    """Whether ``word`` between its neighbours is a third person, not a plural noun: "and plays the cello"."""
    if word in _PLURAL or word in _BE:
        return True
    if not word.endswith("s") or word.endswith(("ss", "us")) or word in _SMALL_WORDS:
        return False
    if after in word_list("determiners"):
        return True
    if base_form(word).rpartition("-")[2] not in word_list("verbs"):
        return after in word_list("places") and not before.endswith("s")
    return word not in word_list("nounlike") or (after[:1].isalpha() and after not in _BEFORE_NOUN)


def _third_form(verb: str, after: str) -> str:
    """``verb`` before ``after`` in the third person if it is a base form: ``carry`` -> ``carries``."""
    if verb in _SINGULAR:
        return _SINGULAR[verb]
    little = verb in _SMALL_WORDS | word_list("determiners")
    other = little or is_past(verb) or verb.endswith(("s", "ing", "ly"))
    if verb not in word_list("verbs") and (other or after not in word_list("determiners")):
        return verb
    if odd := next((third for third, plain in IRREGULAR.items() if verb == plain), None):
        return odd
    if verb.endswith("y") and verb[-2:-1] not in ("a", "e", "i", "o", "u"):
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else f"{verb}s"


def _is_adverb(word: str) -> bool:
    return word in ADVERBS or (word.endswith("ly") and len(word) > 4)


def _next_word(tokens: list[str], at: int) -> str:
    """The word after ``at`` in lower case, empty at the end or before punctuation."""
    after = next((token for token in tokens[at + 1 :] if not token.isspace()), "")
    return after.lower() if after[:1].isalnum() else ""


def _joined_to(tokens: list[str], at: int, joints: Sequence[str] = ("and", "but", "or", ",")) -> str | None:
    """The word to which one of ``joints`` joins this one; None inside "who ..." and if nothing does."""
    before = [t.lower() for t in tokens[:at] if t[0].isalnum() or t == ","]
    while before and _is_adverb(before[-1]):
        before.pop()
    joined = len(before) > 1 and before[-1] in joints and not {"who", "which", "that"} & set(before)
    return before[-2] if joined and not _is_before_noun(before[:-1]) else None


def _is_before_noun(words: Sequence[str]) -> bool:
    """Whether ``words`` end with an article and adjectives, so that a joined word is one too: "a kind and open ..."."""
    end = len(words)
    while end and (words[end - 1] in _adjectives() or words[end - 1] == "," or _is_adverb(words[end - 1])):
        end -= 1
    return 0 < end < len(words) and words[end - 1] in ("a", "an", "the")


@cache
def _adjectives() -> frozenset[str]:
    return frozenset(word_list("adjectives")) | frozenset(ADJECTIVES)


def _conjugated(verb: str, person: Person) -> str:
    """A third person as the first or second person."""
    if verb in _BE:
        return _BE[verb][person != "I"]
    if verb in _PLURAL or verb in word_list("auxiliaries"):
        return _PLURAL.get(verb, verb)
    return base_form(verb) if verb.endswith("s") and not verb.endswith(("ss", "us")) else verb


def _turned(text: str, person: Person, whole: str, *, verbs: bool) -> str:
    """``text`` with the pronouns of the subject of ``whole`` replaced, and with ``verbs`` also joined verbs."""
    known = _HE if _HE.keys() & set(_TOKEN.findall(whole.lower())) else _HE | _THEY
    tokens = _TOKEN.findall(text)
    out: list[str] = []
    due = False
    for at, token in enumerate(tokens):
        word, after = token.lower(), _next_word(tokens, at)
        joined = _joined_to(tokens, at) if verbs else None
        # A second verb of the same subject: ``... and lives in``.
        again = joined is not None and _is_third(word, joined, after or ".")
        if word in known and not (verbs and word == "them"):
            others = word == "her" and (not after or after in _AFTER_HER) and not _at_home(tokens[:at], after)
            case = 2 if others else known[word]
            out.append(_CASES[person][case])
            due = case == 0
        elif again or (due and word[0].isalpha() and not _is_adverb(word)):
            out.append(_conjugated(word, person))
            due = False
        else:
            out.append(token)
    return "".join(out)


def _at_home(before: Sequence[str], after: str) -> bool:
    """Whether "her home" is hers: "in her home", but not "brings her home"."""
    last = next((token.lower() for token in reversed(before) if not token.isspace()), "")
    return after == "home" and (not last.isalpha() or last in _BEFORE_HERS)


def _bare(text: str, person: Person) -> str | None:
    """A statement without subject and verb: an age, a job, a number of things, an adjective."""
    lower, plain = text.lower(), text[0].lower() + text[1:]
    be, have, was = ("I'm", "I have", "I was") if person == "I" else ("you're", "you have", "you were")
    first = re.split(r"[\s,]", lower, maxsplit=1)[0]
    if age := _AGE.fullmatch(lower):
        return f"{be} {age[1]}"
    if _NUMBER.match(lower):
        return f"{have} {plain}"
    if first == "born":
        return f"{was} {plain}"
    # An occupation without an article: ``retired bus driver at ...``.
    last = re.split(r"[\s,]", re.split(r" (?:at|in|for|from|with|of|who|and) ", lower)[0])[-1]
    job = last in word_list("jobs")
    quality = first in word_list("adjectives") and not (job and " " in plain)
    if quality or first in {"a", "an"} or (first.endswith("ing") and len(first) > 5):
        return f"{be} {plain}"
    return f"{be} {with_article(plain)}" if job or _YEARS_OLD.match(lower) else None


def _is_sentence(tokens: list[str]) -> bool:
    """Whether the tokens are a sentence with the person as object: ``A stray dog followed her home``."""
    spoken = [t.lower() for t in tokens if t[0].isalnum()]
    return bool((_HE | _THEY).keys() & set(spoken)) or any(
        word in word_list("auxiliaries") or _is_third(word, before, after)
        or (word in word_list("happened") and before not in word_list("determiners"))
        for before, word, after in zip(spoken[:-1], spoken[1:], [*spoken[2:], "."], strict=False)
    )  # fmt: skip


@lru_cache(maxsize=8192)
def clause(statement: str, person: Person = "I") -> str | None:
    """A statement about a person as a clause in first or second person, without a full stop; None if impossible.

    ``Has two cats`` -> ``I have two cats``; ``34 years old`` -> ``I'm 34``; ``Her son is ill`` -> ``my son is ill``.
    """
    text = re.sub(r"\s+", " ", statement.replace("’", "'")).strip(" .;,!-*•")
    letters = sum(c.isascii() and c.isalnum() for c in text)
    if not 2 <= len(text) <= 220 or letters < 0.6 * len(text):
        return None
    tokens = _TOKEN.findall(text)
    first, after = tokens[0].lower(), _next_word(tokens, 0)
    if first in {"i", "i'm", "i've", "my"}:
        return text if person == "I" else second(text)
    if own := _OWN.match(text):
        return f"{_CASES[person][1]} {_turned(text[own.end() :], person, text, verbs=False)}"
    if subject := _SUBJECT.match(text) or _NAME.match(text):
        rest = text[subject.end() :]
        if short := subject[1] if subject.re is _SUBJECT else None:
            verb = "has" if short == "'ve" or rest.startswith(("been ", "got ", "had ")) else "is"
            rest = f"{verb} {rest}"
        return _predicate(rest, person, text)
    past = is_past(first) and first != "born" and first not in word_list("adjectives")
    if past or first in word_list("auxiliaries") or _is_third(first, "", after or "."):
        return _predicate(text, person, text)
    if _AGE.fullmatch(text.lower()) or not _is_sentence(tokens):
        return _bare(text, person)
    of = _WHO.match(text)
    if of and not _is_sentence(_TOKEN.findall(of[1])) and not _OBJECT.search(of[2]):
        is_one = _HE.keys() & {token.lower() for token in tokens}
        return f"{_bare(of[1], person)}{_turned(of[2], person, text, verbs=False) if is_one else of[2]}"
    keeps = first in word_list("days") or _FIRST_NAME.match(text)
    return _turned(text if keeps else small(text), person, text, verbs=False)


def _predicate(rest: str, person: Person, whole: str) -> str | None:
    """The predicate ``rest`` with a subject before it."""
    tokens = _TOKEN.findall(rest)
    at = next((i for i, token in enumerate(tokens) if not (token.isspace() or _is_adverb(token.lower()))), None)
    if at is None:
        return None
    before = small("".join(tokens[:at])) if tokens[0].lower() not in {"also", "then"} else ""
    after = _turned(rest, person, whole, verbs=True)
    after = after[sum(map(len, tokens[: at + 1])) :]
    text = f"{person} {before}{_conjugated(tokens[at].lower(), person)}{after}"
    text = re.sub(r"^(I|you) have (been|got)\b", r"\1've \2", text)
    return re.sub(r"^you are ", "you're ", re.sub(r"^I am (?!not\b)", "I'm ", text))


@lru_cache(maxsize=8192)
def second(first: str) -> str:
    """A clause in first person as one in second person: ``I keep my bees`` -> ``you keep your bees``."""
    text = re.sub(r"\bI was\b", "I were", first)
    return "".join(_SECOND.get(token.lower(), token) for token in _TOKEN.findall(text))


@lru_cache(maxsize=8192)
def third(first: str) -> str:
    """A clause in first person as one about ``the user``: ``my son is ill`` -> ``the user's son is ill``."""
    tokens = _TOKEN.findall(first)
    named, due, subject = _USER, False, False
    out: list[str] = []
    for at, token in enumerate(tokens):
        word, after = token.lower(), _next_word(tokens, at)
        joined = subject and after and _joined_to(tokens, at, ("and", "but"))
        if word in named:
            out.append(named[word])
            due, subject, named = word == "i", word.startswith("i"), {}
        elif token.islower() and (word not in _THIRD or word == "am") and not _is_adverb(word) and (due or joined):
            out.append(_third_form(word, after))
            due = False
        else:
            out.append(_THIRD.get(word, token))
    return "".join(out)


@lru_cache(maxsize=8192)
def brief(text: str, limit: int = 11) -> str:
    """A clause without a bare age, cut at a natural place after ``limit`` words."""
    text = _AGED.sub(lambda m: ("an " if m[3].lower() in "aeiou" else "a ") + m[3], text)
    if len(text.split()) <= limit:
        return text
    head = _CUT.match(text)
    return head[0] if head and len(head[0].split()) <= limit else text
