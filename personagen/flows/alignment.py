"""The results of ``evaluate``: AL(k) by condition with its figures, from the ratings of a run; ``results.json``."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from personagen.agents.rater import CRITERIA
from personagen.metrics import alignment
from personagen.metrics.agreement import kappa
from personagen.metrics.win_rate import Interval
from personagen.ratings import CONDITIONS, PLAIN, Rating
from personagen.records import Persona

Key = tuple[str, str, int]  # persona, condition, turn
Scores = npt.NDArray[np.float64]
FILE = "results.json"
LEVELS = tuple("12345")
MIN_LEFT = 0.95  # of the personas of the fullest turn: below it a note says that fewer are left
MIN_GROUP = 5  # personas of a trait or attribute whose mean is shown


@dataclass
class Rated:
    """The ratings of a run by persona, condition and turn: lists, since a panel gives several."""

    personas: tuple[str, ...]
    turns: int
    score: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    criteria: dict[str, dict[Key, list[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    generic: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_judge: dict[str, dict[Key, int]] = field(default_factory=lambda: defaultdict(dict))
    repeats: dict[str, dict[Key, int]] = field(default_factory=lambda: defaultdict(dict))

    def array(self, of: Mapping[Key, Sequence[float]], condition: str) -> Scores:
        """The means of ``of`` in ``condition`` as (personas, turns), NaN where there is none."""
        found = np.full((len(self.personas), self.turns), np.nan)
        rows = {persona: row for row, persona in enumerate(self.personas)}
        for (persona, given, turn), values in of.items():
            if given == condition and values and persona in rows and turn <= self.turns:
                found[rows[persona], turn - 1] = math.fsum(values) / len(values)
        return found

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions with a rating, in their usual order."""
        given = {condition for _, condition, _ in self.score}
        return tuple(one for one in CONDITIONS if one in given)


def rated(ratings: Iterable[Rating], personas: Sequence[str], turns: int) -> Rated:
    """The ``ratings`` sorted by what they are for."""
    found = Rated(tuple(personas), turns)
    for rating in ratings:
        key: Key = (rating.persona, rating.condition, rating.turn)
        if rating.repeat:
            found.repeats[rating.repeat][key] = rating.score
        elif rating.rater:
            found.generic[key].append(rating.score)
        else:
            found.score[key].append(rating.score)
            found.by_judge[rating.judge][key] = rating.score
            for name in CRITERIA:
                if mark := getattr(rating, name):
                    found.criteria[name][key].append(mark)
    return found


def results(found: Rated, people: Sequence[Persona], marks: Mapping[str, int], seed: int = 0) -> dict[str, Any]:
    """Everything ``results.json`` holds about the ratings.

    ``marks`` are the turns at which something happens: ``shift_at``, ``second_at``, ``test_from``, 0 if it does not.
    """
    scores = {condition: found.array(found.score, condition) for condition in found.conditions}
    return {
        "turns": found.turns,
        "personas": len(found.personas),
        "conditions": {name: _condition(found, name, own, marks, seed) for name, own in scores.items()},
        "against_plain": {
            name: plain(asdict(alignment.compared(own, scores[PLAIN], seed)))
            for name, own in scores.items()
            if name != PLAIN and PLAIN in scores
        },
        "judge": judge_audit(found),
        "groups": groups(scores[PLAIN][:, : _turns_as(marks)], people, seed) if PLAIN in scores else {},
    }


def missing(found: Rated, panel: Sequence[str] = ("judge",)) -> tuple[str, ...]:
    """Notes if no reply has a rating, AL(k) is over clearly fewer personas at one turn than at another, or a judge of a
    ``panel`` rated clearly fewer replies than another one, so that means are not of the same judges."""
    if not found.score:
        return ("no reply has a rating, so there is no AL: `personagen show RUN --failed` shows what the judge said",)
    counts = {judge: len(found.by_judge.get(judge, ())) for judge in panel}
    most = max(counts.values(), default=0)
    notes = [
        f"{judge} rated {count:,} replies and another judge {most:,}: not every mean is of the same judges"
        for judge, count in sorted(counts.items())
        if count < MIN_LEFT * most
    ]
    for name in found.conditions:
        people = np.isfinite(found.array(found.score, name)).sum(axis=0)
        if people.min() < MIN_LEFT * people.max():
            least = int(people.argmin())
            if not people[least]:
                notes.append(f"no reply {name} at turn {least + 1} has a rating, so there is no average and no slope")
                continue
            notes.append(
                f"AL({least + 1}) {name} is the mean of {people[least]:,} personas, AL({int(people.argmax()) + 1}) of"
                f" {people.max():,}: the slope compares different people; look at ended early and rated replies"
            )
    return tuple(notes)


def _condition(found: Rated, name: str, scores: Scores, marks: Mapping[str, int], seed: int) -> dict[str, Any]:
    curve = alignment.curve(scores, seed)
    criteria = {one: alignment.curve(found.array(of, name), seed).al for one, of in sorted(found.criteria.items())}
    generic = found.array(found.generic, name)
    return {
        **plain(asdict(curve)),
        "criteria": {one: [interval and round(interval.value, 4) for interval in al] for one, al in criteria.items()},
        "generic": plain(asdict(alignment.curve(generic, seed))) if np.isfinite(generic).any() else None,
        **{what: _shown(value) for what, value in _marked(scores, marks, seed).items()},
    }


def _marked(scores: Scores, marks: Mapping[str, int], seed: int) -> dict[str, Interval | None]:
    """How scores change at the marked turns, each the mean over personas of a difference, with its interval.

    ``drop`` is what the shift costs at once, and ``regained`` what the last turn has of it; ``carried`` is the first
    turn of the second conversation against that of the first; ``learned`` is the mean of the turns that reveal nothing
    new against the first turn.
    """
    shift, second, test = (marks.get(name, 0) for name in ("shift_at", "second_at", "test_from"))
    made: dict[str, Interval | None] = {}
    if shift:
        made["drop"] = alignment.mean(scores[:, shift - 1] - scores[:, shift - 2], seed)
        made["regained"] = alignment.mean(scores[:, -1] - scores[:, shift - 1], seed)
    if second:
        made["carried"] = alignment.mean(scores[:, second - 1] - scores[:, 0], seed)
    if test:
        late = alignment.row_means(scores[:, test - 1 :])
        made["learned"] = alignment.mean(late - scores[:, 0], seed)
    return made


def judge_audit(found: Rated) -> dict[str, Any]:
    """How far the judge can be trusted: it agrees with itself, with the persona shown first, and with the panel.

    Kappa is weighted by the square of the distance of two scores. ``order`` is the mean score with the persona first
    minus the usual one; ``spread`` the mean standard deviation of a panel's scores of one reply.
    """
    first = found.by_judge.get("judge", {})
    again, moved = (found.repeats.get(name, {}) for name in ("again", "reordered"))
    audit: dict[str, Any] = {
        "again": _agreement(first, again),
        "reordered": _agreement(first, moved),
        "order": _shown(_mean_gap(first, moved)),
        "panel": {judge: _agreement(first, own) for judge, own in sorted(found.by_judge.items()) if judge != "judge"},
    }
    if len(found.by_judge) > 1:
        several = [values for values in found.score.values() if len(values) > 1]
        audit["spread"] = round(float(np.mean([np.std(values, ddof=1) for values in several])), 4) if several else None
        audit["means"] = {judge: round(float(np.mean([*own.values()])), 4) for judge, own in found.by_judge.items()}
    return audit


def _agreement(one: Mapping[Key, int], other: Mapping[Key, int]) -> dict[str, Any] | None:
    table: dict[str, int] = defaultdict(int)
    for key in one.keys() & other.keys():
        table[f"{one[key]}/{other[key]}"] += 1
    count = sum(table.values())
    if not count:
        return None
    same = sum(number for pair, number in table.items() if pair[0] == pair[-1])
    estimate = kappa(table, LEVELS, ordinal=True)
    return {"count": count, "same": round(same / count, 4), "kappa": estimate and _shown(estimate)}


def _mean_gap(one: Mapping[Key, int], other: Mapping[Key, int]) -> Interval | None:
    by_persona: dict[str, list[int]] = defaultdict(list)
    for key in sorted(one.keys() & other.keys()):
        by_persona[key[0]].append(other[key] - one[key])
    return alignment.mean([np.mean(gaps) for gaps in by_persona.values()]) if by_persona else None


def _turns_as(marks: Mapping[str, int]) -> int | None:
    """The turns that users speak as who they are; after a shift they have somebody else's traits. None: all."""
    return marks["shift_at"] - 1 if marks.get("shift_at") else None


def groups(scores: Scores, people: Sequence[Persona], seed: int = 0) -> dict[str, dict[str, Any]]:
    """The mean score and slope of the personas with each trait and attribute that ``MIN_GROUP`` of them have.

    ``gap`` is the mean of the group minus that of all others, with its interval: who is served worse.
    """
    means = alignment.row_means(scores)
    members: dict[tuple[str, str], list[bool]] = {}
    for kind, values in (
        ("trait", [set(p.traits) for p in people]),
        ("attribute", [named(p.attributes) for p in people]),
    ):
        for value in sorted(set().union(*values)):
            members[kind, value] = [value in own for own in values]
    found: dict[str, dict[str, Any]] = {"trait": {}, "attribute": {}}
    for (kind, value), is_in in members.items():
        inside = np.array(is_in)
        if inside.sum() < MIN_GROUP or (~inside).sum() < MIN_GROUP:
            continue
        gap = alignment.two_means(means[inside], means[~inside], seed)
        curve = alignment.curve(scores[inside], seed)
        found[kind][value] = {
            "personas": int(inside.sum()),
            "average": _shown(curve.figures["average"]),
            "ir": _shown(curve.figures["ir"]),
            "gap": _shown(gap),
        }
    return found


def named(attributes: Mapping[str, Any]) -> set[str]:
    """The groups that a persona with ``attributes`` is in, as ``city: Ghent``; an age as one of four ranges."""
    ages = ((30, "under 30"), (50, "30 to 49"), (65, "50 to 64"), (200, "65 and over"))
    named = {f"{name}: {value}" for name, value in attributes.items() if isinstance(value, str)}
    age = attributes.get("age")
    return named | (
        {f"age: {next(text for end, text in ages if age < end)}"} if isinstance(age, int) and age < 200 else set()
    )


def _shown(interval: Any) -> dict[str, float] | None:
    if interval is None:
        return None
    return {name: round(getattr(interval, name), 4) for name in ("value", "low", "high")}


def plain(value: Any) -> Any:
    """``value`` with floats rounded, for JSON."""
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def read(run: Path) -> dict[str, Any]:
    """The ``results.json`` of a run of ``evaluate``.

    Raises:
        UsageError: there is no such file.
    """
    import orjson

    from personagen.errors import UsageError

    file = run / FILE
    if not file.is_file():
        raise UsageError(f"{file} is missing: {run} is not a finished run of `personagen evaluate`")
    content: dict[str, Any] = orjson.loads(file.read_bytes())
    return content
