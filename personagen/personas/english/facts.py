"""What a profile says, as short statements, age and gender."""

from __future__ import annotations

import re
from collections.abc import Iterator

from personagen.personas.english.pronouns import pronoun_of, with_pronoun
from personagen.personas.english.verbs import CLAUSE_WORDS, bag, shared_verbs

MAX_FACTS = 15
WANTED_FACTS = 8
CAPITAL = f"[{''.join(chr(c) for c in range(0x41, 0x2000) if chr(c).isupper())}]"

# One leading set, so that the search skips fast; what follows depends on which mark it was.
_END = re.compile(
    r"[.!?\u2026\u3002\uff01\uff1f\n](?:(?<=[.!?\u2026])[\"'\u201d\u2019)\]]*\s+|"
    r"(?<=[\u3002\uff01\uff1f])[\"\u300d\u300f]?|(?<=\n)[^\S\n]*(?=\n))"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|jr|sr|vs|mt|ft|e\.g|i\.e|ph\.d)|\b[a-z](?:\.[a-z])*)\.$", re.I
)

_UNITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = tuple(f"{stem}teen" for stem in ("thir", "four", "fif", "six", "seven", "eigh", "nine"))
_TENS = tuple(f"{stem}ty" for stem in ("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine"))
_NUMBERS = {word: n for n, word in enumerate(_UNITS, 1)} | {word: n for n, word in enumerate(_TEENS, 13)}
_NUMBERS |= {"ten": 10, "eleven": 11, "twelve": 12}
_NUMBERS |= {ten: 20 + 10 * n for n, ten in enumerate(_TENS)}
_NUMBERS |= {f"{ten}-{unit}": _NUMBERS[ten] + _NUMBERS[unit] for ten in _TENS for unit in _UNITS}
_NUMBER = rf"\d{{1,3}}|(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_UNITS)}))?|{'|'.join(_TEENS)}"
# In order of trust: a later kind counts only where no earlier one is found.
_AGE_KINDS = (
    rf"(?P<years>{_NUMBER})[ -]years?[ -]olds?",
    rf"aged? (?:of )?(?P<aged>{_NUMBER})|\b(?:woman|man|person) of (?P<of>{_NUMBER})",
    rf"(?:is|are|turned|turning|turns|now|just|nearly|almost|(?:she|he|they)['\u2019](?:s|re)) (?P<is>{_NUMBER})"
    rf"(?=\s*(?:[,.;:]|$|(?:and|but|now|years old|(?:in|this|last|on) [a-z]+)\b))",
    rf"(?:(?<=^)|(?<=[.!?]\s))(?P<opening>{_NUMBER})(?= and\b|,| years old)",
    rf"at (?P<at>{_NUMBER})(?=,? (?:she|he|they)\b)",
)
AGE = re.compile(rf"\b(?:{'|'.join(_AGE_KINDS)})(?!\w)", re.I)
# Where an age may have its number, and the most characters of it that come before that.
_NUMERAL = re.compile(
    rf"[\dtTfFsSeEnN\u017f](?<!\w.)(?:(?<=\d)|(?i:{'|'.join(sorted({word[1:5] for word in (*_TENS, *_TEENS)}))}))"
)
_LEAD = len("person of ")
_FIRST = re.compile(r"\b\w")
_KIND_ORDER = ("years", "aged", "of", "is", "opening", "at")
_RELATIVE = re.compile(
    r"\s*(?:[\w-]+ )?(?:son|daughter|child|boy|girl|twin|toddler|baby|dog|cat|horse|car|house|van|truck|grand\w+|"
    r"nephew|niece|brother|sister|mother|father|step\w+|pony|parrot|tortoise|building|company|business|bike)s?"
    r"(?=\s*(?:[.,;]|$|(?:named|called|and|with|who|from|in|that|at|to|by|has|is|lives)\b))",
    re.I,
)
_SOMEONES = re.compile(r"(?:\b(?:her|his|their)|\b(?:has|have|with|and|raises|raising|to) an?)\s*$", re.I)
_CHILDREN = re.compile(r"\b(?:sons?|daughters?|child|children|boys?|girls?|twins|brothers?|sisters?)[, (]*$", re.I)
_WOMAN = re.compile(r"\b(?:woman|mother|wife|widow|grandmother|girl|lady|daughter)\b", re.I)
_MAN = re.compile(r"\b(?:man|father|husband|widower|grandfather|boy|gentleman|son)\b", re.I)


def sentences(text: str) -> list[str]:
    """The sentences of ``text``, stripped; "Dr. Osei" and "3.5" end none."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        part = text[start : match.end()].strip()
        if text[match.start()] == "." and _ABBREVIATION.search(part, len(part) - 12):
            continue
        start = match.end()
        if part:
            found.append(" ".join(part.split()))
    rest = " ".join(text[start:].split())
    return [*found, rest] if rest else found


def attributes_of(text: str) -> dict[str, str | int]:
    """What can be read off a profile: ``age`` in years, ``gender`` as female, male or other (for "they").

    Ages of relatives and animals ("her 8-year-old son") are not taken; what can't be read is left out.
    """
    found: dict[str, str | int] = {}
    own = [(kind, _int(number)) for kind, number in _ages(text)]
    if own:
        found["age"] = min(own, key=lambda age: _KIND_ORDER.index(age[0]))[1]
    gender = {"she": "female", "he": "male", "they": "other"}.get(pronoun_of(text) or "")
    if not gender:
        first = min(
            ((m.start(), name) for rx, name in ((_WOMAN, "female"), (_MAN, "male")) if (m := rx.search(text))),
            default=(0, ""),
        )
        gender = first[1]
    if gender:
        found["gender"] = gender
    return found


def ages(text: str) -> Iterator[re.Match[str]]:
    """The matches of ``AGE.finditer``, looked for around numerals alone, which is many times as fast."""
    end = 0
    for numeral in _NUMERAL.finditer(text):
        for first in _FIRST.finditer(text, max(end, numeral.start() - _LEAD), numeral.start() + 1):
            if match := AGE.match(text, first.start()):
                yield match
                end = match.end()
                break


def _ages(text: str) -> Iterator[tuple[str, str]]:
    """(kind, number) of every age in ``text`` that is the subject's and below 121."""
    for match in ages(text):
        kind = str(match.lastgroup)
        before = text[max(0, match.start() - 20) : match.start()]
        others = _RELATIVE.match(text, match.end()) or (kind == "years" and _SOMEONES.search(before))
        if kind == "aged":
            others = others or _CHILDREN.search(before)
        if not others and 0 < _int(match[kind]) <= 120:
            yield kind, match[kind]


def _int(number: str) -> int:
    """``number`` in digits or in English words as an int."""
    return int(number) if number.isdecimal() else _NUMBERS["-".join(number.casefold().replace("-", " ").split())]


# What a list can stand after, so that each of its parts makes a statement alone.
_LISTING = re.compile(
    r"^(?P<head>(?:[\w'-]+ ){1,3}?(?:enjoys?|loves?|likes?|collects?|plays?|speaks?|grows?|owns?|keeps?|knows?|"
    r"practi[sc]es?|dislikes?|hates?|teaches|teach|studies|study|reads?|writes?|has|have|is|are) )(?P<list>.+)$"
)
_BINDING = bag("named called between both of in about with from for as than either")
_IS_AGED = re.compile(r"^(?P<who>\S+(?: \S+)?) (?P<is>is|are) an? (?P<age>\d{1,3})-year-old\b,? ?(?P<rest>.*)$")
_WHO_DOES = re.compile(r"^(?P<who>\S+(?: \S+)?) (?P<is>is|are) (?P<what>an? [^,]*?) who (?P<does>.+)$")
_SUBJECT = re.compile(rf"^(?:She|He|They|{CAPITAL}[\w-]+(?: {CAPITAL}[\w-]+)?)\b")
_ITEM_BREAK = re.compile(r",? and |, ")
_JOINS = re.compile(r", | and | but ")
_FACT_TOKEN = re.compile(r"[\w'\u2019-]+|[^\w\s]")


def facts_of(text: str) -> tuple[str, ...]:
    """A profile as short statements, each readable alone, without the closing stop; at most 15.

    Sentences first, then clauses that share a subject, then, while there are fewer than 8, lists ("enjoys chess,
    yoga and jazz"). A text of one sentence may give a single one.
    """
    pronoun = pronoun_of(text)
    subject = (pronoun or "").capitalize()
    clauses = [
        clause
        for sentence in sentences(text)
        for part in sentence.split("; ")
        for clause in _clauses(part.rstrip(" .!?;:"), subject)
    ]
    missing = WANTED_FACTS - len(clauses)
    facts: list[str] = []
    for clause in clauses:
        parts = _listed(clause) if missing > 0 else [clause]
        missing -= len(parts) - 1
        facts += parts
    stripped = [fact.strip() for fact in facts]
    return tuple(dict.fromkeys(fact[0].upper() + fact[1:] for fact in stripped if fact))[:MAX_FACTS]


def _clauses(sentence: str, subject: str) -> list[str]:
    """A sentence as statements with the same subject."""
    own = _SUBJECT.match(sentence)
    who = own.group() if own and (own.group() in ("She", "He", "They") or not subject) else subject
    first: list[str] = []
    aged = _IS_AGED.match(sentence) if "-year-old" in sentence else None
    if aged:
        first.append(f"{aged['who']} {aged['is']} {aged['age']} years old")
        rest = aged["rest"]
        if not rest:
            return first
        sentence = f"{aged['who']} {aged['is']} {'an' if rest[0].lower() in 'aeiou' else 'a'} {rest}"
    does = _WHO_DOES.match(sentence) if " who " in sentence else None
    if does:
        first.append(f"{does['who']} {does['is']} {does['what']}")
        sentence = with_pronoun(f"She {does['does']}", "they") if who == "They" else f"{does['who']} {does['does']}"
    return [*first, *(_split(sentence, who) if who else [sentence])]


def _split(sentence: str, who: str) -> list[str]:
    """``sentence`` cut before each verb that shares its subject, with the subject put before each part."""
    if not _JOINS.search(sentence):
        return [sentence]
    words = _FACT_TOKEN.findall(sentence)
    tokens = [words[0].lower(), *(word if word[0].isupper() else word.lower() for word in words[1:])]
    subject = who.lower()
    first = next(
        (at for at, token in enumerate(tokens) if token == subject and tokens[at - 1] not in CLAUSE_WORDS),
        0 if sentence.startswith(who) else None,
    )
    if first is None:
        return [sentence]
    cuts: list[tuple[int, int, str]] = []  # token where a part ends, where the next begins, what is put before it
    for join, verb in shared_verbs(tokens, first + 2, plural=who == "They"):
        begin = join + 1
        while tokens[begin] in ("and", "but", ","):
            begin += 1
        cuts.append((join, min(begin, verb), f"{who} "))
    for at, token in enumerate(tokens[:-1]):
        if token == "," and tokens[at + 1] == "working":  # noqa: S105
            cuts.append((at, at + 1, f"{who} {'are' if who == 'They' else 'is'} "))
        elif token in ("and", "but") and tokens[at + 1] == subject:
            cuts.append((at, at + 1, ""))
    if not cuts:
        return [sentence]
    places = [match.start() for match in _FACT_TOKEN.finditer(sentence)]
    parts, start, head = [], 0, ""
    for end, begin, new_head in sorted(cuts):
        parts.append(head + sentence[start : places[end]].rstrip(" ,"))
        start, head = places[begin], new_head
    parts.append(head + sentence[start:])
    return [part[:1].upper() + part[1:] for part in parts]


def _listed(clause: str) -> list[str]:
    """A clause that ends in a list as one clause an item, where each can stand alone."""
    match = _LISTING.match(clause)
    if not match:
        return [clause]
    items = [item for item in _ITEM_BREAK.split(match["list"]) if item]
    tied = any(_BINDING.intersection(item.lower().split()) for item in items[:-1])
    if len(items) < 2 or tied or any(len(item.split()) > 7 for item in items) or " and " not in match["list"]:
        return [clause]
    return [match["head"] + item for item in items]
