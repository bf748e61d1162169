"""Plants leaks, dumps and near-equal replies in the trees of a run, and counts what the pair gates reject.

    python benchmarks/planted.py RUN [--seed 0]

RUN is a folder of `personagen simulate`. For every pair of replies that is judged, the pair as it is must pass, and the
same pair with one fault planted must be rejected. The wordings here are not those of the offline cast, and thresholds
were set on other personas, seeds and wordings. Facts of a single word or number are not planted: a word that leaks
cannot be told from one that anybody might use.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from personagen.api import read_trees
from personagen.gates import PAIR_GATES, Comparison
from personagen.offline.voice import clause
from personagen.pairs import comparisons_of
from personagen.personas.english.text import sentences
from personagen.personas.words import words
from personagen.records import Message, Persona

GATES = ("similar", "leak", "dump")
FILLERS = ("quite", "surely", "mostly", "again")


def told(_rng: Random, fact: str, reply: str, _person: Persona) -> str:
    """The fact in the second person, before the reply."""
    return f"Given that {clause(fact, 'you') or fact}, I'd go about it so. {reply}"


def appended(_rng: Random, fact: str, reply: str, _person: Persona) -> str:
    """The fact in the second person, at the end."""
    return f"{reply} I say so because {clause(fact, 'you') or fact}."


def part(_rng: Random, fact: str, reply: str, _person: Persona) -> str:
    """The second part of the fact, without its verb."""
    found = fact.split()
    return f"{reply} This goes well with {' '.join(found[2:] if len(found) > 5 else found[1:])}."


def inflected(_rng: Random, fact: str, reply: str, _person: Persona) -> str:
    """The fact with other endings."""
    bent = [re.sub(r"(?:ing|ed|s)$", "", word) if len(word) > 5 else word for word in fact.split()[1:]]
    return f"My advice to one who would {' '.join(bent)}: {reply}"


def reordered(_rng: Random, fact: str, reply: str, _person: Persona) -> str:
    """The end of the fact before its beginning."""
    found = fact.split()[1:]
    half = len(found) // 2
    return f"{reply} Keep {' '.join(found[half:])} in mind, and that you {' '.join(found[:half])}."


def recited(rng: Random, _fact: str, reply: str, person: Persona) -> str:
    """Two sentences of the profile."""
    found = [one for one in sentences(person.profile) if len(words(one)) > 3]
    return f"{' '.join(rng.sample(found, min(2, len(found))))} {reply}"


def traits(rng: Random, _fact: str, reply: str, person: Persona) -> str:
    """A half of the traits, by their words."""
    named = rng.sample(person.traits, max(2, len(person.traits) // 2))
    return f"{reply} Somebody as {', '.join(named)} as you will manage."


LEAKS: dict[str, Callable[[Random, str, str, Persona], str]] = {
    one.__name__: one for one in (told, appended, part, inflected, reordered, recited, traits)
}


def leaks(case: Comparison, rng: Random) -> Iterator[tuple[str, Comparison]]:
    """``case`` with one leak in one of its replies, for every kind that is possible."""
    said = {word for message in case.before for word in words(message.content)}
    facts = [
        fact
        for fact in case.persona.facts
        if len({word for word in words(fact) if len(word) > 3 and word not in said}) >= max(2, len(words(fact)) // 3)
    ]
    node = rng.choice((case.better, case.worse))
    for kind, plant in LEAKS.items():
        if not facts or (kind == "recited" and len(facts) < len(case.persona.facts) - 1):
            continue
        if kind == "traits" and len(case.persona.traits) < 4:
            continue
        text = plant(rng, rng.choice(facts), case.replies[node], case.persona)
        yield kind, replace(case, replies={**case.replies, node: text})


def dumps(case: Comparison, rng: Random) -> Iterator[tuple[str, Comparison]]:
    """``case`` with a user who tells too much in the last message."""
    facts = [clause(fact) or fact for fact in case.persona.facts]
    last = case.before[-1].content
    half = rng.sample(facts, -(-len(facts) // 2))
    for kind, text in (
        ("half", f"{'. '.join(half)}. {last}"),
        ("all", f"{last} About me, so that you know: {'; '.join(facts)}."),
        ("profile", f"{case.persona.profile} {last}"),
    ):
        yield kind, replace(case, before=[*case.before[:-1], Message(role="user", content=text)])


def copies(case: Comparison, rng: Random) -> Iterator[tuple[str, Comparison]]:
    """``case`` whose second reply is the first one, hardly changed."""
    text = case.replies[case.better]
    found = text.split()
    if len(found) < 12:
        return
    other, more = [*found], [*found]
    other[rng.randrange(len(other))] = rng.choice(FILLERS)
    for _ in range(len(found) // 25 or 1):
        more.insert(rng.randrange(len(more)), rng.choice(FILLERS))
    parts = re.split(r"(?<=[.!?])\s+", text)
    for kind, copy in (
        ("one word", other),
        ("words put in", more),
        ("end cut off", found[:-2]),
        ("sentences moved", [*parts[1:], parts[0]]),
        ("signs and case", [re.sub(r"\W", "", word).upper() for word in found]),
    ):
        yield kind, replace(case, replies={**case.replies, case.worse: " ".join(copy)})


PLANTS = {"leak": leaks, "dump": dumps, "similar": copies}


def counted(run: Path, seed: int = 0) -> dict[str, Counter[str]]:
    """For each gate how many pairs it rejects: ``clean``, and by kind those with its fault; ``/n`` is of how many."""
    found: dict[str, Counter[str]] = {gate: Counter() for gate in GATES}
    for tree in read_trees(run):
        for node, cases in comparisons_of(tree).items():
            case = cases[0]
            if not case.better:
                continue
            for gate in GATES:
                rng = Random(f"{seed}/{tree.id}/{node}/{gate}")
                for kind, planted in (("clean", case), *PLANTS[gate](case, rng)):
                    found[gate][f"{kind}/n"] += 1
                    found[gate][kind] += PAIR_GATES[gate](planted) is not None
    return found


def shares(counts: Counter[str]) -> tuple[float, float]:
    """The share of clean pairs that are rejected, and of planted ones that are caught."""
    kinds = [kind for kind in counts if not kind.endswith("/n") and kind != "clean"]
    planted = sum(counts[f"{kind}/n"] for kind in kinds)
    return counts["clean"] / max(1, counts["clean/n"]), sum(counts[kind] for kind in kinds) / max(1, planted)


def main() -> None:
    """Prints a row for each gate and kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for gate, counts in counted(args.run, args.seed).items():
        clean, caught = shares(counts)
        print(f"{gate:8s} false alarms {clean:6.2%} of {counts['clean/n']:,}, caught {caught:6.1%}")
        for kind in (kind for kind in counts if f"{kind}/n" in counts and kind != "clean"):
            print(f"         {kind:16s} {counts[kind] / counts[f'{kind}/n']:6.1%} of {counts[f'{kind}/n']:,}")


if __name__ == "__main__":
    main()
