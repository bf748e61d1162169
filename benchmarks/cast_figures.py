"""The figures of ``offline_cast.py``: what explains the cast's pairs, and what its judge's errors are like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from random import Random

import numpy as np
import orjson

from personagen.offline import judge
from personagen.offline.circumstances import circumstances_of
from personagen.offline.facts import is_stated, spoken
from personagen.offline.style import axes_cued, axes_of, axes_shown, wish_of
from personagen.offline.texts import bank
from personagen.options.noise import KINDS
from personagen.records import Message

NOBODY = {"profile": "", "personality": "", "facts": [], "traits": [], "lines": []}
FAR, OTHERS, FOLDS = 10, 20, 5  # a far persona is drawn from the farthest tenth


@dataclass(frozen=True)
class Pair:
    """One decided pair: the persona, the conversation up to the user's message, the replies, and what was inferred."""

    persona: dict
    messages: tuple[Message, ...]
    chosen: str
    rejected: str
    chosen_agent: str
    inferences: tuple[str, ...]

    def case(self, persona: Mapping) -> judge.Case:
        """The ground truth for ``persona``; A is the chosen reply."""
        replies = [{"label": "A", "text": self.chosen}, {"label": "B", "text": self.rejected}]
        return judge.truth({**persona, "conversation": self.messages, "replies": replies})

    def gap(self, persona: Mapping) -> float:
        """How much better the chosen reply is for ``persona``."""
        worth = self.case(persona).utilities
        return worth["A"] - worth["B"]


def pairs_of(grown: Sequence) -> list[Pair]:
    """The pairs on which both orders agree."""
    out = []
    for one in grown:
        for at, turn in enumerate(one.turns):
            if turn["tie"] or not turn["consistent"] or not turn["inferences"]:
                continue  # as in a run, where both get the same words as long as nothing is known
            names = ("aware", "plain") if turn["verdict"] == "A" else ("plain", "aware")
            texts = (turn[names[0]], turn[names[1]])
            messages = tuple(one.messages[: 2 * at + 1])
            out.append(Pair(one.persona, messages, *texts, names[0], tuple(turn["inferences"])))
    return out


def figures(pairs: Sequence[Pair], people: Sequence[dict], seed: int = 0) -> list[tuple[str, float, str]]:
    """The figures with their goals."""
    rng = Random(seed)
    flips: Counter[str] = Counter()
    for pair in pairs:
        far = rng.choice(farthest(pair.persona, people))
        other = rng.choice([p for p in people if p is not pair.persona])
        gap, blind = pair.gap(far), pair.gap(NOBODY)
        personal, known = gap <= -judge.TIE, knowable(pair)
        rest = [p for p in people if p is not pair.persona]
        asked = rng.sample(rest, min(OTHERS, len(rest)))
        agree = sum(pair.gap(p) > 0 for p in asked)
        flips.update(
            {
                "far": personal,
                "random": pair.gap(other) <= -judge.TIE,
                "nobody": blind >= judge.TIE,
                "blind errs": blind < 0,
                "personal, knowable": personal and known,
                "personal, unknowable": personal and not known,
                "everybody": agree >= 0.9 * len(asked),
            }
        )
    share = {name: count / len(pairs) for name, count in flips.items()}
    brief = [p for p in pairs if wish_of(p.messages[-1].content) == "brief"]
    groups = groups_of(pairs)
    return [
        ("longer wins", mean(len(p.chosen) > len(p.rejected) for p in pairs), "0.45 to 0.55"),
        ("words chosen / rejected", words(p.chosen for p in pairs) / words(p.rejected for p in pairs), "0.9 to 1.1"),
        ("length and format", accuracy(pairs, groups, layout), "at most 0.60"),
        ("bag of words", accuracy(pairs, groups, grams), "at most 0.65"),
        ("aware wins", mean(p.chosen_agent == "aware" for p in pairs), ""),
        ("text tells aware from plain", accuracy(pairs, groups, grams, by_agent=True), ""),
        ("same verdict for nobody", share["nobody"], "at most 0.40"),
        ("flips for a far persona", share["far"], "at least 0.50"),
        ("flips for a random persona", share["random"], "at least 0.35"),
        ("personal and knowable", share["personal, knowable"], "at least 0.40"),
        ("personal, not knowable", share["personal, unknowable"], ""),
        ("preferred by 90 % of 20 others", share["everybody"], "at most 0.15"),
        ("hard: a persona-blind judge errs", share["blind errs"], ""),
        (
            f"asked for brevity ({len(brief)}), the longer chosen",
            mean(len(p.chosen) > len(p.rejected) for p in brief),
            "at most 0.15",
        ),
    ]


def farthest(persona: dict, people: Sequence[dict]) -> list[dict]:
    """The tenth of all people whose traits are farthest: shared axes are near, opposite ones far."""

    def distance(other: dict) -> float:
        mine, theirs = axes_of(persona["traits"]), axes_of(other["traits"])
        against = sum(a in bank("style")[b].get("opposite", ()) for a in mine for b in theirs)
        return against - len(set(mine) & set(theirs))

    others = [p for p in people if p is not persona]
    return sorted(others, key=distance, reverse=True)[: max(1, len(others) // FAR)]


def knowable(pair: Pair) -> bool:
    """Whether what decided the pair was revealed by then: each fact told, each axis inferred."""
    decisive = pair.case(pair.persona).decisive("A", "B")
    users = tuple(m.content for m in pair.messages if m.role == "user")
    shown = {axis for inference in pair.inferences for axis in axes_shown(inference)}
    told = {c for text in users for s in spoken(text) for c in circumstances_of(s)}
    return bool(decisive) and all(
        about in shown or is_stated(about, users) or bool(told & set(circumstances_of(about))) for about in decisive
    )


def noise_by_kind(grown: Sequence, share: float, seed: int) -> dict[str, list[float]]:
    """For each kind of error alone: the share of wrong verdicts in one order, and what is left after each check.

    The checks are both orders, a second sample of each, a second model, and a flip for a far persona or nobody.
    """
    return {kind: _left(grown, {kind: share}, seed) for kind in KINDS}


def _left(grown: Sequence, shares: Mapping[str, float], seed: int) -> list[float]:
    wrong: list[list[bool]] = [[], [], [], [], []]
    for at, one in enumerate(grown):
        for turn in range(len(one.turns)):
            said, truth = _asker(one, turn, shares, f"{seed}/{at}/{turn}")
            if truth is None:
                continue
            first, second = said("AB", 0), said("BA", 0)
            wrong[0].append(first not in (truth, "tie"))
            agreed = first == second != "tie"
            for number, check in enumerate(
                (
                    True,
                    said("AB", 1) == said("BA", 1) == first,
                    said("AB", 0, "offline/2") == first,
                    said("AB", 0, "offline", True) != first,
                ),
                1,
            ):
                if agreed and check:
                    wrong[number].append(first != truth)
    return [mean(part) for part in wrong]


def _asker(one, turn: int, shares: Mapping[str, float], place: str) -> tuple[Callable[..., str], str | None]:
    texts = {"A": one.turns[turn]["aware"], "B": one.turns[turn]["plain"]}
    base = {**one.persona, "conversation": tuple(one.messages[: 2 * turn + 1])}
    replies = [{"label": k, "text": v} for k, v in texts.items()]
    case = judge.truth({**base, "replies": replies})

    def said(order: str, sample: int, model: str = "offline", nobody: bool = False) -> str:
        shown = [{"label": new, "text": texts[old]} for new, old in zip("AB", order, strict=True)]
        inputs = {**base, **(NOBODY if nobody else {}), "replies": shown}
        verdict = orjson.loads(
            judge.prefer(inputs, Random(f"{place}/{order}/{sample}/{model}/{nobody}"), shares, model)
        )
        ranking = verdict["ranking"]
        return "tie" if ranking == "tie" else dict(zip("AB", order, strict=True))[ranking[0]]

    return said, case.ranking[0] if case.gap >= judge.TIE else None


def observed(grown: Sequence) -> tuple[float, float]:
    """The observer's precision on sure profile facts at the end, and its recall of the facts that were told."""
    right: list[bool] = []
    found: list[bool] = []
    for one in grown:
        users = tuple(m.content for m in one.messages if m.role == "user")
        facts, kept = one.persona["facts"], tuple(i for i in one.turns[-1]["sure"] if not axes_shown(i))
        right += [any(is_stated(i, (f,)) or is_stated(f, (i,)) for f in facts) for i in kept]
        found += [is_stated(f, kept) or any(is_stated(i, (f,)) for i in kept) for f in facts if is_stated(f, users)]
    return mean(right), mean(found)


def observed_traits(grown: Sequence) -> tuple[float, float]:
    """The same of traits, as style axes: those of the persona, and of these the ones that its messages showed."""
    right: list[bool] = []
    found: list[bool] = []
    for one in grown:
        own = axes_of(one.persona["traits"])
        inferred = [axis for i in one.turns[-1]["inferences"] for axis in axes_shown(i)]
        shown = {axis for m in one.messages if m.role == "user" for s in spoken(m.content) for axis in axes_cued(s)}
        right += [axis in own for axis in inferred]
        found += [axis in inferred for axis in own if axis in shown]
    return mean(right), mean(found)


def groups_of(pairs: Sequence[Pair]) -> list[int]:
    """A group for each pair: people who share a profile or a list of traits are in one."""
    parent: dict[object, object] = {}

    def top(key: object) -> object:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for pair in pairs:
        parent[top(pair.persona["profile"])] = top(tuple(pair.persona["traits"]))
    numbers: dict[object, int] = {}
    return [numbers.setdefault(top(p.persona["profile"]), len(numbers)) for p in pairs]


def accuracy(pairs: Sequence[Pair], groups: Sequence[int], features: Callable, *, by_agent: bool = False) -> float:
    """How often a logistic regression on the difference of two replies picks the chosen one, on unseen people."""
    rows = []
    for pair in pairs:
        texts = (pair.chosen, pair.rejected)
        rows.append(texts if not by_agent or pair.chosen_agent == "aware" else texts[::-1])
    kinds = sorted(set(groups))
    fold = dict(zip(Random(0).sample(kinds, len(kinds)), (i % FOLDS for i in range(len(kinds))), strict=True))
    right = 0
    for number in range(FOLDS):
        train = [row for row, group in zip(rows, groups, strict=True) if fold[group] != number]
        test = [row for row, group in zip(rows, groups, strict=True) if fold[group] == number]
        seen = features(train)
        x = np.array([seen(a) - seen(b) for a, b in train])
        weights = logistic(x)
        right += sum(float((seen(a) - seen(b)) @ weights) > 0 for a, b in test)
    return right / len(rows)


def logistic(x: np.ndarray, steps: int = 300, decay: float = 1e-3) -> np.ndarray:
    """Weights without intercept of a ridge logistic regression in which every row of differences is positive."""
    scale = x.std(axis=0) + 1e-9
    x = x / scale
    weights, pace = np.zeros(x.shape[1]), 4.0 / max(1.0, float(np.linalg.norm(x, 2)) ** 2 / len(x))
    for _ in range(steps):
        weights += pace * (x.T @ (1 / (1 + np.exp(np.clip(x @ weights, -30, 30)))) / len(x) - decay * weights)
    return weights / scale


def layout(_train: Sequence[tuple[str, str]]) -> Callable[[str], np.ndarray]:
    """Length and format: words, characters a word, sentences, marks, list items."""

    def numbers(text: str) -> np.ndarray:
        count = len(text.split()) or 1
        marks = [text.count(mark) for mark in "!?:;,\n"]
        return np.array([np.log(count), count, len(text) / count, len(spoken(text)), "2)" in text, *marks], float)

    return numbers


def grams(train: Sequence[tuple[str, str]], most: int = 1500) -> Callable[[str], np.ndarray]:
    """A bag of the commonest words and pairs of words."""
    counts = Counter(gram for row in train for text in row for gram in _grams(text))
    column = {gram: at for at, (gram, n) in enumerate(counts.most_common(most)) if n >= 5}

    def bag(text: str) -> np.ndarray:
        out = np.zeros(len(column))
        for gram in _grams(text):
            if gram in column:
                out[column[gram]] = 1.0
        return out

    return bag


@cache
def _grams(text: str) -> frozenset[str]:
    found = re.findall(r"[a-z']+|[!?:]", text.lower())
    return frozenset((*found, *map(" ".join, pairwise(found))))


def words(texts) -> float:
    """The mean number of words."""
    return mean(len(text.split()) for text in texts)


def mean(values) -> float:
    """The mean, 0 of nothing."""
    values = list(values)
    return sum(values) / len(values) if values else 0.0
