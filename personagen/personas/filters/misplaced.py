"""The filter ``misplaced``: rejects traits in a profile, and facts in a personality."""

from __future__ import annotations

import re

from personagen.personas.english.text import attributes_of
from personagen.personas.filters.pool_view import Candidate, PoolView, Refusal
from personagen.personas.traits import traits_of

_JOBS = (
    "accountant|baker|barber|builder|carpenter|cashier|chef|cleaner|clerk|cook|dentist|designer|doctor|driver|"
    "electrician|engineer|farmer|fisherman|journalist|lawyer|librarian|manager|mechanic|midwife|nurse|pharmacist|pilot|"
    "plumber|programmer|scientist|student|tailor|teacher|technician|waiter|waitress|welder"
)
_KIN = (
    "sons?|daughters?|child(?:ren)?|kids?|siblings?|sisters?|brothers?|grandchildren|grandsons?|granddaughters?|twins"
)
_PETS = "cats?|dogs?|pupp(?:y|ies)|parrots?|rabbits?|hamsters?|horses?|ferrets?|goldfish|budgies?|tortoises?"
_SOME = r"(?:an?|one|two|three|four|five|six|seven|several|many|no|\d+) (?:[\w-]+ )?"

_FACTS = {
    what: re.compile(pattern, re.I)
    for what, pattern in {
        "an age": r"\b\d{1,3}[- ]years?[- ]old\b|\baged? \d|\bin (?:his|her|their) (?:early |mid[- ]?|late )?"
        r"(?:teens|twenties|thirties|forties|fifties|sixties|seventies|eighties)\b",
        "work": rf"\b(?:works?|working|worked) (?:as|at|for) (?:an?|the) |\bretired\b|\bstud(?:ies|ied) \w+ at\b|"
        rf"\bgraduated\b|\b(?:is|was|became) an? (?:[\w-]+ ){{0,3}}(?:{_JOBS})\b",
        "a home": r"\bmoved (?:to|from) |\b(?:lives?|living|lived|resides?|grew up|was born|settled) (?:in|on|near|at) "
        r"(?!the moment|the present|the now|peace|harmony|fear|hope)",
        "a family": rf"\b(?:is|was) (?:happily |newly )?(?:married|divorced|widowed|engaged to|a widow|a widower)\b|"
        rf"\bsingle (?:mother|father|parent)\b|\b(?:grand)?(?:mother|father) of\b|"
        rf"\b(?:has|have|raises?) {_SOME}(?:{_KIN})\b",
        "a pet": rf"\b(?:has|have|owns?|keeps?|adopted) {_SOME}(?:{_PETS})\b",
    }.items()
}


def misplaced(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a profile with traits (their number is the score), and a personality with facts, of which age is one.

    It rejects nothing where ``misplaced`` is among ``rules.tolerated``.
    """
    if "misplaced" in view.rules.tolerated:
        return None
    text = candidate.description.text
    if candidate.description.kind == "profile":
        found = traits_of(text)
        return Refusal(f"a trait in a profile: {', '.join(found)}", len(found)) if found else None
    for what, pattern in _FACTS.items():
        if match := pattern.search(text):
            return Refusal(f"a fact in a personality, {what}: {match.group().strip()!r}")
    return Refusal("a fact in a personality, an age") if "age" in attributes_of(text) else None
