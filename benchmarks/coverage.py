"""Whom a grown pool describes: what its new profiles say, by word lists, beside what was drawn for them.

    personagen expand --target 351 --seed 11 --out outputs/coverage
    python benchmarks/coverage.py outputs/coverage/personas.jsonl

Prints a table of per cent. What a text does not say counts as absent, so most shares are lower than those drawn. Below
it: traits that rarely go together in one person, profiles that speak against a trait, personalities that are shared,
verbs that do not agree, and word sequences that many profiles share.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from personagen.metrics.diversity import distinct_n
from personagen.metrics.spread import AGES, UNKNOWN, ages
from personagen.personas.english.text import fold, pronoun_of
from personagen.personas.seeds import load_personas
from personagen.personas.traits import canonical, contradicted, opposed
from personagen.records import Persona

Drawn = Callable[[Persona], bool]


def drawn(name: str, *values: str) -> Drawn:
    return lambda persona: str(persona.drawn.get(name)) in values


def _starts(name: str, *starts: str) -> Drawn:
    return lambda persona: str(persona.drawn.get(name, "")).startswith(starts)


#: What a text says: what was drawn for it, and the starts of words and phrases that say it (see ``says``).
SAID: dict[str, tuple[Drawn | None, str]] = {
    "disability or long illness": (
        lambda persona: not str(persona.drawn.get("health", "no ")).startswith("no "),
        """
        wheelchair, prosthe, deaf, blind, braille, cerebral palsy, lost a leg, stroke, diabet, asthma, epilep, hiv$,
        cancer, parkinson, arthritis, dialysis, autis, bipolar, depression, panic attacks, hears? voices, walking frame,
        with a stick, weak heart, weak leg, limps?$, hearing aids?, hears? badly, hepatitis, tubercul, crohn, dyslexi,
        kidney (?:stones|transplant), multiple sclerosis, long covid, adhd, attention deficit, psychiatrist, polio,
        learning disability, hip replaced, clouded eyes, left eye, one eye, sight to, migraine, pills for, chronic,
        blood pressure, ulcers, anaemi, coughs? every, worn-out knees, use of one hand, lift the right arm,
        help to dress,
        magnifying, night-blind, pacemaker, sore on bad, spine that was
        """,
    ),
    "religion": (
        lambda persona: persona.drawn.get("religion") != "no religion",
        """
        mass$, church, chapel, mosque, temple, synagogue, gurdwara, pray, rosary, quran, bible, psalm, ramadan, fasts?$,
        shrine, icons?$, buddha, monks?$, incense, muslim, hindu, catholic, christian, jewish, sikh, pilgrim, hajj,
        mecca, diwali, baptis, sabbath, torah, parish, priest, imam, saint$, halal, kosher, ancestors, faith, alms,
        lent$, choir, headscarf
        """,
    ),
    "another country of birth": (
        drawn("origin", "immigrant"),
        r"""
        came from [a-z ]+ at, born in [a-z ]+ and came, left [a-z ]+ years ago with, moved from [a-z ]+ (?:to|with),
        refugee, two passports, citizen of, years passed in, crossed [a-z]+ borders to,
        not seen [a-z ]+ for, spices posted, asylum, arrived from, radio from, dishes from,
        jar of soil, a parcel to,
        left [a-z]+ [a-z-]+ years ago, (?:men|women) from [a-z]+ at first, diploma from, a house in [a-z]+ that
        """,
    ),
    "partner of the same sex": (drawn("household", "couple of the same sex"), ""),
    "children": (
        lambda persona: "child" in str(persona.drawn.get("household", "")).replace("no children", ""),
        "sons?$, daughters?$, child$, children$, kids?$, toddler, grandchild, grandsons?$, granddaughter",
    ),
    "married or with a partner": (
        _starts("household", "married", "with a partner", "couple"),
        """
        (?<!never )married, husband, wife$, partner$, fianc, engaged to, wedding, spouse, been with, moved in with,
        eloped
        """,
    ),
    "single, divorced or widowed": (
        _starts("household", "single", "divorced", "widowed", "parent alone"),
        """
        single$, never married, unmarried, divorc, separated, widow, late (?:wife|husband),
        lost (?:her|his) (?:hus|wif),
        ex$, no partner, lives? alone, on (?:her|his) own$, not married, buried (?:her|his) (?:wife|hus), first dates,
        with (?:her|his|their) (?:parents|mother|grandparents), proposal, fiance, has been single
        """,
    ),
    "degree": (
        drawn("schooling", "a degree or other higher training"),
        "degree, university, bachelor, master's, doctorate, thesis, graduat, studied, diploma, through college",
    ),
    "little or no schooling": (
        drawn("schooling", "no schooling", "primary school only"),
        """
        never (?:went to school|been to school|learned to read), no school, day of school, primary school,
        village school,
        left (?:[a-z]+ )*school (?:after the|when|at (?:ten|eleven|twelve|thirteen)), thumbprint, no letters,
        years of school,
        signs with a cross, reads? and writes? (?:a little|slowly|just|with), read out by, learned to read, counts? with
        knots, road signs and prices, from work and not
        """,
    ),
    "farm, fishing, mine or factory": (
        drawn("sector", "farming, herding or fishing", "factory, mine or building site"),
        """
        farm, herd, shepherd, fisher, trawler, grower, picker, harvest, smallholder, cattle, pig$, goats, greenhouse,
        mine$, miner$, factory, plant$, mill$, labourer, bricklayer, brick-kiln, welder, machine operator, assembl,
        carpenter, construction, seamstress, tailor, mechanic, steelwork
        """,
    ),
    "debt, rent or insecure work": (
        None,
        """
        owes?$, debt, loan, rents?$, paid by the day, out[- ]of[- ]work, unemployed, between jobs, laid[- ]off, arrears,
        borrowed for, odd jobs, without work, jobless, wages that are
        """,
    ),
    "care for a relative": (
        None,
        """
        carer for, nurses (?:her|his|their), looks after (?:her|his|their) (?:mother|father|wife|husband), bedridden,
        care of (?:her|his)
        """,
    ),
}


def says(text: str, phrases: str) -> bool:
    """Whether ``text`` has one of the ``phrases`` from the start of a word; ``$`` ends a word, commas part phrases."""
    parts = [" ".join(phrase.split()).replace("$", r"\b") for phrase in phrases.split(",")]
    return bool(re.search(rf"\b(?:{'|'.join(filter(None, parts))})", fold(text)))


UNAGREED = re.compile(
    r"\b(?:she|he) (?:never )?(?:are|were|have|do|work|live|keep|like|love|want|think|know|admit|take|go|say)\b"
    r"|\bthey (?:is|was|has|does|works|lives|keeps|likes|wants|knows)\b",
    re.I,
)


def same_sex(persona: Persona) -> bool:
    """Whether a partner of the same sex is told: "her wife", or a partner whom she met "as soon as the law allowed"."""
    text = fold(persona.profile)
    theirs = {"she": r"\bwife\b", "he": r"\bhusband\b"}.get(pronoun_of(persona.profile) or "", "$^")
    return bool(re.search(theirs, text)) or "told few people" in text or "law allowed" in text or "take for a" in text


def rows(people: Sequence[Persona]) -> list[tuple[str, float | None, float]]:
    """(what, per cent drawn, per cent said) for every line of the table."""

    def share(count: int) -> float:
        return 100 * count / len(people)

    said = ages(persona.attributes for persona in people)
    asked = ages({"age": persona.drawn.get("age", "")} for persona in people)
    table: list[tuple[str, float | None, float]] = [
        (f"age {name}", share(asked[name]), share(said[name])) for name in [*dict(AGES), UNKNOWN]
    ]
    for pronoun in ("she", "he", "they"):
        by_draw = sum(drawn("pronoun", pronoun)(persona) for persona in people)
        table.append((pronoun, share(by_draw), share(sum(pronoun_of(p.profile) == pronoun for p in people))))
    named = sum(str(p.drawn.get("country", "-")).removeprefix("the ").lower() in p.profile.lower() for p in people)
    for region, count in Counter(str(p.drawn.get("region", "-")) for p in people).most_common():
        table.append((region, share(count), float("nan")))
    table.append(("the country is named", None, share(named)))
    for what, (asked_for, pattern) in SAID.items():
        found = sum(same_sex(p) if not pattern else says(p.profile, pattern) for p in people)
        table.append((what, share(sum(map(asked_for, people))) if asked_for else None, share(found)))
    return table


def shared_grams(texts: Sequence[str], size: int = 4) -> float:
    """The share of word sequences of ``size`` that stand in 1 % of the texts or more."""
    grams: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        words = re.findall(r"[\w'-]+", text.lower())
        grams.update({tuple(words[at : at + size]) for at in range(len(words) - size + 1)})
    often = sum(count for count in grams.values() if count >= 0.01 * len(texts))
    return often / max(1, sum(grams.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("personas", type=Path, help="personas.jsonl of a run of `personagen expand`")
    personas, _ = load_personas(parser.parse_args().personas)
    new = [persona for persona in personas if persona.origin.get("profile") != "seed"]
    print(f"{len(new)} personas with new profiles of {len(personas)}, per cent\n")
    print("| | drawn | said |\n|---|---|---|")
    for what, asked, said in rows(new):
        print(f"| {what} | {'' if asked is None else f'{asked:.1f}'} | {'' if said != said else f'{said:.1f}'} |")
    uses = Counter(persona.personality for persona in personas)
    shared = sum(uses[persona.personality] > 1 for persona in personas)
    against = sum(not contradicted(p.profile).isdisjoint(map(canonical, p.traits)) for p in personas)
    texts = [persona.profile for persona in new]
    unagreed = sum(bool(UNAGREED.search(f"{p.profile} {p.personality}")) for p in personas)
    print(f"\nopposed traits {sum(bool(opposed(p.traits)) for p in personas) / len(personas):.1%};"
          f" contradicted traits {against / len(personas):.1%}; verbs that do not agree {unagreed};"
          f" personalities {len(uses)}, personas that share theirs {shared / len(personas):.1%}")  # fmt: skip
    print(f"4-grams that 1 % share {shared_grams(texts):.1%}; distinct-1/2/3"
          f" {' '.join(f'{distinct_n(texts, n):.3f}' for n in (1, 2, 3))}")  # fmt: skip


if __name__ == "__main__":
    main()
