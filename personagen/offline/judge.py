"""The judge of the cast: a verdict from the ground truth, wrong as often and in the ways that ``--noise`` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from random import Random
from typing import Any

import orjson

from personagen.offline.facts import is_stated, stems
from personagen.offline.findings import Finding, findings
from personagen.offline.noise import errs
from personagen.offline.style import axes_of
from personagen.offline.texts import bank, capital, pick
from personagen.personas.english.text import facts_of
from personagen.personas.traits import traits_of
from personagen.records import Message

TIE = 0.03
CLOSE = 0.06
_SURE = (0.06, 0.15, 0.3, 0.5)  # gaps from which the confidence is 2, 3, 4, 5


def utility(traits: Sequence[str], facts: Sequence[str], conversation: Sequence[Message], reply_text: str) -> float:
    """How well ``reply_text`` serves a user with these traits and facts, from about -2 to 2; nobody has neither."""
    return sum(f.worth for f in findings(tuple(traits), tuple(facts), tuple(conversation), reply_text))


@dataclass(frozen=True)
class Case:
    """The ground truth about replies: their texts and the findings in each, by label."""

    texts: Mapping[str, str]
    seen: Mapping[str, tuple[Finding, ...]]

    @cached_property
    def utilities(self) -> dict[str, float]:
        """What each reply is worth to this person."""
        return {label: round(sum(f.worth for f in found), 6) for label, found in self.seen.items()}

    @cached_property
    def general(self) -> dict[str, float]:
        """What each reply is worth to anybody: without the personal findings."""
        return {k: round(sum(f.worth for f in found if not f.personal), 6) for k, found in self.seen.items()}

    def order(self, label: str) -> tuple[float, str]:
        """Sorts labels by utility, ties by text, independently of the order shown."""
        return -self.utilities[label], self.texts[label]

    @property
    def ranking(self) -> tuple[str, ...]:
        """The labels, best first."""
        return tuple(sorted(self.texts, key=self.order))

    @property
    def gap(self) -> float:
        """How much more the best is worth than the second, 0 if there is none."""
        best, *others = self.ranking
        return self.utilities[best] - self.utilities[others[0]] if others else 0.0

    def sums(self, label: str) -> dict[tuple[str, str], float]:
        """The worth of the findings in a reply by name and what they are about; a length by its strongest axis."""
        sums: dict[tuple[str, str], float] = {}
        axis = next((f.about for f in self.seen[label] if f.name == "length" and f.about), "")
        for f in self.seen[label]:
            key = (f.name, axis if f.name == "length" else f.about)
            sums[key] = sums.get(key, 0.0) + f.worth
        return sums

    def reasons(self, best: str, worst: str) -> dict[str, float]:
        """What speaks for ``best`` against ``worst`` of what is personal: fact or axis -> worth, largest first."""
        sums: dict[str, float] = {}
        for sign, label in ((1, best), (-1, worst)):
            for f in self.seen[label]:
                if f.personal and f.about:
                    sums[f.about] = sums.get(f.about, 0.0) + sign * f.worth
        return dict(sorted(((k, v) for k, v in sums.items() if v > TIE), key=lambda row: (-row[1], row[0])))

    def decisive(self, best: str, worst: str) -> tuple[str, ...]:
        """The fewest facts and axes without which ``best`` would not be preferred; none if anybody would prefer it."""
        gap = self.utilities[best] - self.utilities[worst]
        if self.general[best] - self.general[worst] >= max(TIE, gap / 2):
            return ()
        out: list[str] = []
        rest = gap
        for about, worth in self.reasons(best, worst).items():
            if rest < TIE:
                break
            out.append(about)
            rest -= worth
        return tuple(out)


def truth(inputs: Mapping[str, Any]) -> Case:
    """The ground truth for the inputs of ``judge/prefer``, without noise. A persona without any text is nobody."""
    facts = tuple(inputs["facts"]) or facts_of(inputs["profile"])
    traits = tuple(inputs["traits"]) or traits_of(inputs["personality"])
    texts = {r["label"]: r["text"] for r in inputs["replies"]}
    seen = {label: findings(traits, facts, tuple(inputs["conversation"]), text) for label, text in texts.items()}
    return Case(texts, seen)


def prefer(
    inputs: Mapping[str, Any], rng: Random, noise: Mapping[str, float] | None = None, model: str = "offline"
) -> str:
    """The verdict as JSON. Each pair of replies gives a vote, wrong with the shares of ``noise``; most votes win."""
    case = truth(inputs)
    votes, kinds = dict.fromkeys(case.texts, 0), {""}
    told = stems(" ".join(m.content for m in inputs["conversation"] if m.role == "user"))
    for pair in combinations(case.texts, 2):
        texts = (case.texts[pair[0]], case.texts[pair[1]])
        kind = errs(noise or {}, inputs["conversation"], texts, model, rng)
        kinds.add(kind)
        better = _better(case, pair, kind, told)
        if better:
            votes[better] += 1
    ranking = sorted(case.texts, key=lambda label: (-votes[label], case.order(label)))
    kinds.discard("")
    best, worst = ranking[0], ranking[-1]
    tie = len(ranking) > 1 and votes[best] == votes[worst]
    lines = _lines(inputs)
    because = [] if tie or kinds - {"fresh", "model"} else lines_about(case.decisive(best, worst), lines)
    pool = "tie" if tie else "noise" if kinds and case.utilities[best] < case.utilities[worst] else ""
    reply = {
        "reason": _reason(case, best, worst, rng, pool=pool),
        "because": because,
        "scores": dict(zip(ranking, sorted(map(_score, case.utilities.values()), reverse=True), strict=True)),
        "confidence": _confidence(case, best, ranking[min(1, len(ranking) - 1)], unsure=bool(kinds & {"fresh"})),
        "ranking": "tie" if tie else ", ".join(ranking),
    }
    if tie:
        reply["scores"] = dict.fromkeys(case.texts, _score(case.utilities[best]))
    return orjson.dumps(reply).decode()


def _better(case: Case, pair: tuple[str, str], kind: str, told: frozenset[str]) -> str:
    """The label of ``pair`` that a judge with this kind of error prefers; empty if it sees no difference.

    ``told`` are the stems of what the user said.
    """
    one, other = pair
    gap = case.utilities[one] - case.utilities[other]
    honest = "" if abs(gap) < TIE else min(pair, key=case.order)
    if case.texts[one] == case.texts[other] or not kind:
        return honest
    if kind == "order":
        return one
    if kind in ("fresh", "model"):
        return max(pair, key=case.order)
    measures: dict[str, Mapping[str, float]] = {
        "blind": case.general,
        "length": {label: len(case.texts[label].split()) for label in pair},
        "recite": {label: len(stems(case.texts[label]) & told) for label in pair},
    }
    worth = measures[kind]
    if worth[one] == worth[other]:
        return "" if kind == "blind" else honest
    return max(pair, key=lambda label: worth[label])


def _score(worth: float) -> int:
    """A utility on the scale from 1 to 5."""
    return min(5, max(1, round(3 + 3 * (worth - 0.5))))


def _confidence(case: Case, best: str, second: str, *, unsure: bool) -> int:
    gap = abs(case.utilities[best] - case.utilities[second])
    sure = 1 + sum(gap >= step for step in _SURE)
    return max(1, sure - 2) if unsure else sure


def _lines(inputs: Mapping[str, Any]) -> list[str]:
    """The persona's numbered lines."""
    return list(inputs.get("lines") or (*inputs["facts"], *inputs["traits"]))


def lines_about(decisive: Sequence[str], lines: Sequence[str]) -> list[int]:
    """The numbers (from 1) of the persona's lines that say these facts and axes, one line each, in order."""
    found = set()
    for about in decisive:
        says = [n for n, line in enumerate(lines, 1) if line == about]
        says += [n for n, line in enumerate(lines, 1) if about in axes_of((line, *traits_of(line)))]
        says += [n for n, line in enumerate(lines, 1) if is_stated(about, (line,))]
        found |= set(says[:1])
    return sorted(found)


def _reason(case: Case, best: str, worst: str, rng: Random, *, pool: str) -> str:
    """A line of ``pool``, or if that is empty what speaks for ``best`` and against ``worst``."""
    pools = bank("judge")
    slots = {"best": best, "worst": worst}
    if pool or best == worst or case.utilities[best] - case.utilities[worst] < CLOSE:
        return pick(pools[pool or "close"], rng, slots)
    own, others = case.sums(best), case.sums(worst)
    gains = {key: own.get(key, 0.0) - others.get(key, 0.0) for key in {**own, **others}}
    good = [key for key in gains if gains[key] > 0 and (key[0] in {"length", "asked"} or own.get(key, 0.0) > 0)]
    bad = [key for key in gains if key not in good and gains[key] > 0.05]
    minus = _worded(max(bad, key=lambda key: gains[key]), rng, fault=True) if bad else ""
    if not good:
        return capital(pick(pools["worse"], rng, {**slots, "why": minus}))
    text = pick(pools["better"], rng, {**slots, "why": _worded(max(good, key=lambda key: gains[key]), rng)})
    if minus:
        text = text.rstrip(".") + pick(pools["against"], rng, {**slots, "why": minus}) + "."
    return capital(text)


def _worded(found: tuple[str, str], rng: Random, *, fault: bool = False) -> str:
    name, about = found[0], found[1].rstrip(".")
    if name == "length" and not about:
        name = "length_even"
    if name == "recites" and not fault:
        name = "remembers"
    return pick(bank("judge")[name], rng, {"fact": about, "axis": about})
