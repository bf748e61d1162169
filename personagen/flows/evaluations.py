"""Runs of ``evaluate`` read back: their conversations with ratings, and several of them on the same personas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson

from personagen.errors import UsageError
from personagen.flows import alignment
from personagen.metrics import alignment as metrics
from personagen.ratings import CONDITIONS, Rating
from personagen.records import Persona
from personagen.reports.source import Row, Source

MAX_RUNS = 12  # that are compared: a reader can tell their curves apart
_ALIKE = {"protocol": "protocols", "user_model": "users", "judge_model": "judges"}  # options that should be the same
_PROMPTS = ("judge/rate", "user/speak")


@dataclass(frozen=True)
class Evaluation:
    """A run of ``evaluate``, also one that is damaged or not finished; ``source.problems`` says what is missing."""

    source: Source

    @cached_property
    def ratings(self) -> dict[str, list[Row]]:
        """The ratings of each conversation, by the id of its tree."""
        found: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self.source.rows("ratings.jsonl"):
            found[row["tree"]].append(row)
        return dict(found)

    @cached_property
    def turns(self) -> int:
        """The most turns of a conversation that have a rating."""
        return max((row["turn"] for rows in self.ratings.values() for row in rows), default=0)

    @cached_property
    def personas(self) -> tuple[str, ...]:
        """The ids of the personas with a rating, in the order in which they come."""
        return tuple(dict.fromkeys(row["persona"] for rows in self.ratings.values() for row in rows))

    def rated(self, personas: Sequence[str], turns: int) -> alignment.Rated:
        """The ratings of these personas up to this turn."""
        wanted, rows = set(personas), (row for rows in self.ratings.values() for row in rows)
        kept = (Rating.model_validate(row) for row in rows if row["persona"] in wanted and row["turn"] <= turns)
        return alignment.rated(kept, personas, turns)

    def trees(self, number: int, name: str, shared: frozenset[str]) -> Iterator[Row]:
        """The conversations with their ratings and their mean score by turn, as the run ``number`` of a page.

        Those of later runs have ``@name`` in their ids. ``shared`` are the ids of the personas that count.
        """
        conditions = set(CONDITIONS)
        for tree in self.source.rows("trees.jsonl"):
            rows = self.ratings.get(tree["id"], [])
            by_turn: defaultdict[int, list[int]] = defaultdict(list)
            for row in rows:
                if not row.get("rater") and not row.get("repeat"):
                    by_turn[row["turn"]].append(row["score"])
            condition = tree["id"].rpartition("-")[2]
            turns = range(1, max(by_turn, default=0) + 1)
            scores = [round(fmean(by_turn[turn]), 2) if turn in by_turn else None for turn in turns]
            yield {
                **tree,
                "id": f"{tree['id']}@{name}" if number else tree["id"],
                "ratings": rows,
                "condition": condition if condition in conditions else "",
                "of_run": number,
                "rated": scores,
                "shared": int(tree["persona"]["id"] in shared),
            }

    @cached_property
    def results(self) -> dict[str, Any]:
        """What ``results.json`` holds, computed anew if it is missing or damaged; empty without a rating."""
        try:
            kept: dict[str, Any] = orjson.loads((self.source.folder / alignment.FILE).read_bytes())
            if _is_whole(kept):
                return kept
        except (OSError, orjson.JSONDecodeError):
            pass
        if not self.ratings:
            return {}
        self.source.note(f"{alignment.FILE} is missing or damaged: its figures are computed from ratings.jsonl")
        known = {row["persona"]["id"]: row["persona"] for row in self.source.rows("trees.jsonl")}
        people = [Persona.model_validate(known[one]) for one in self.personas if one in known]
        found = self.rated([one.id for one in people], self.turns)
        return alignment.results(found, people, {}) if found.score and people else {}

    def summary(self, name: str) -> Row:
        """What tells the run from others."""
        options, usual = self.source.state.get("options") or {}, self.results.get("models") or {}
        models = {role: usual.get(role) or _texts(options.get(f"{role}_model")) for role in ("user", "judge")}
        return {
            "name": name,
            "folder": str(self.source.folder),
            "model": usual.get("assistant") or _texts(options.get("model")),
            **models,
            "protocol": options.get("protocol") or "",
            "status": self.source.state.get("status") or "unknown",
            "personas": len(self.personas),
            "turns": self.turns,
        }


def _is_whole(results: Any) -> bool:
    conditions = results.get("conditions", {}) if isinstance(results, dict) else None
    return isinstance(conditions, dict) and all(
        isinstance(found, dict) and isinstance(found.get("al"), list) and isinstance(found.get("figures"), dict)
        for found in conditions.values()
    )


def _texts(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")


def evaluation(run: Path) -> Evaluation:
    """The run of ``evaluate`` in the folder ``run``.

    Raises:
        UsageError: there is no such run, or none of its replies is rated.
    """
    source = Source(run)
    if not run.is_dir() or not source.is_evaluation:
        raise UsageError(f"{run} is not a run of `personagen evaluate`")
    found = Evaluation(source)
    if not found.ratings:
        raise UsageError(f"{run} has no rated reply yet: run its `personagen evaluate` again to finish it")
    return found


def compare(runs: Sequence[Path]) -> dict[str, Any]:
    """``compared`` of the runs in these folders; ``problems`` says what of them can't be read.

    Raises:
        UsageError: there are fewer than two or too many, one is no run of ``evaluate``, or they share no persona.
    """
    if not 2 <= len(runs) <= MAX_RUNS:
        raise UsageError(f"--compare needs from two to {MAX_RUNS} runs of `personagen evaluate`, not {len(runs)}")
    if len({run.resolve() for run in runs}) < len(runs):
        raise UsageError("--compare is given the same run twice: name different ones")
    read = [evaluation(run) for run in runs]
    names = distinct_names(runs)
    found = compared(read, names)
    problems = [f"{name}: {text}" for one, name in zip(read, names, strict=True) for text in one.source.problems]
    return found | {"problems": problems}


def compared(runs: Sequence[Evaluation], names: Sequence[str]) -> dict[str, Any]:
    """AL(k) and its figures of every run and condition, on the personas and turns that all ``runs`` have.

    ``against`` has every later run minus the first, paired by persona: the ``difference`` of AL(k), ``wins`` at each
    turn, and the differences of the ``figures``, with intervals. ``notes`` say what was left out and what else differs.

    Raises:
        UsageError: no persona is in all of the runs.
    """
    others = [set(one.personas) for one in runs[1:]]
    shared = [name for name in runs[0].personas if all(name in other for other in others)]
    if not shared:
        raise UsageError(
            f"{' and '.join(str(one.source.folder) for one in runs)} share no persona, so their scores can't be paired:"
            " evaluate the models with the same --personas and --limit"
        )
    turns = min(one.turns for one in runs)
    rated = [one.rated(shared, turns) for one in runs]
    scores = [{name: one.array(one.score, name) for name in one.conditions} for one in rated]
    rows = [
        {"run": number, "condition": name, **alignment.plain(asdict(metrics.curve(found)))}
        for number, own in enumerate(scores)
        for name, found in own.items()
    ]
    against = [
        {"run": number, "condition": name, **alignment.plain(asdict(metrics.compared(found, scores[0][name])))}
        for number, own in enumerate(scores[1:], 1)
        for name, found in own.items()
        if name in scores[0]
    ]
    return {
        "runs": [one.summary(name) for one, name in zip(runs, names, strict=True)],
        "turns": turns,
        "shared": len(shared),
        "personas": shared,
        "notes": [*_left_out(runs, names, len(shared), turns), *_unlike(runs)],
        "conditions": rows,
        "against": against,
    }


def _left_out(runs: Sequence[Evaluation], names: Sequence[str], shared: int, turns: int) -> Iterator[str]:
    fewer = [f"{len(one.personas) - shared:,} of {name}" for one, name in zip(runs, names, strict=True)]
    if any(len(one.personas) > shared for one in runs):
        yield f"personas that not every run has are left out: {', '.join(fewer)}"
    if any(one.turns > turns for one in runs):
        counts = ", ".join(f"{name} has {one.turns}" for one, name in zip(runs, names, strict=True))
        yield f"the turns differ ({counts}): the first {turns} of each are compared"


def _unlike(runs: Sequence[Evaluation]) -> Iterator[str]:
    """What besides the model differs between the runs, and may be what the difference comes from."""
    options = [one.source.state.get("options") or {} for one in runs]
    for name, words in _ALIKE.items():
        values = list(dict.fromkeys(_texts(one.get(name)) for one in options))
        if len(values) > 1:
            yield f"the {words} differ ({'; '.join(values)}), so a difference is not the model's alone"
    prompts: list[Mapping[str, Any]] = [one.source.state.get("prompts") or {} for one in runs]
    for name in _PROMPTS:
        if len({str(one.get(name)) for one in prompts}) > 1:
            yield f"the prompt {name} differs, so a difference is not the model's alone"


def distinct_names(folders: Sequence[Path]) -> list[str]:
    """The names of the folders, with the folder around them where they are the same."""
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) == len(names):
        return names
    longer = [f"{folder.resolve().parent.name}/{folder.resolve().name}" for folder in folders]
    return longer if len(set(longer)) == len(longer) else [f"{n}. {name}" for n, name in enumerate(names, 1)]
