"""How users are: figures with intervals, by style, and those of each conversation, by which the page sorts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personagen.metrics.realism import REAL, TOLD, by_style, counts_of, figures_of, ratios_of, styled
from personagen.metrics.win_rate import Interval, rates
from personagen.personas.english.text import sentences
from personagen.records import ConversationTree, Node
from personagen.reports.source import Row
from personagen.tree import one_path

REVEALED = "revealed"
NAMES = {
    "words": "words of a turn, median",
    "length_cv": "variation of length within a conversation",
    "first_turn_share": "share of words in the first turn",
    "questions": "turns with a question",
    "no_end_mark": "turns without an end mark",
    "polite": "turns with thanks or praise",
    "pushback": "turns that correct or object",
    "lower_case_start": "turns that begin in lower case",
    "type_token": "type-token ratio",
    REVEALED: "facts revealed",
}
_REVEALED = (
    "The share of the persona's facts that a user has revealed so far. Real users reveal little, and late. Bands are"
    " 95 %, over conversations; a point leads to those that are as long, the most revealed first."
)
_REALISM = (
    "Nothing here promises that users are real; it shows the distance. Real users: RealSim (arXiv 2605.02624). In"
    " brackets 95 % intervals over conversations, of words 10 to 90 % of the turns. A name leads to the conversations"
    " with the most of it."
)


@dataclass
class Users:
    """What the users of a run say, a conversation at a time; ``language`` is a code."""

    language: str = "en"
    _counts: list[Counter[str]] = field(default_factory=list)
    _styles: list[Mapping[str, str]] = field(default_factory=list)

    def add(self, tree: Row) -> None:
        """Takes in a conversation; nothing is known of a twin, whose figures are another's."""
        counts = Counter[str]()
        if not tree.get("twin"):
            nodes = tuple(Node.model_construct(**one) for one in tree["nodes"])
            path = one_path(ConversationTree.model_construct(None, **{"id": tree["id"], "nodes": nodes}))
            persona = tree["persona"]
            facts = persona.get("facts") or sentences(persona.get("profile", ""))
            counts = counts_of([one.content for one in path if one.role == "user"], facts, None, self.language)
        self._counts.append(counts)
        self._styles.append(tree.get("style") or {})

    def measures(self) -> list[Row]:
        """Each figure with its value for every conversation, None where it has none."""
        found = [figures_of(counts) for counts in self._counts]
        rows = []
        for name, label in NAMES.items():
            values = [_measure(one, name) for one in found]
            if any(value is not None for value in values):
                rows.append({"name": name, "label": label, "values": values})
        return rows

    def figures(self) -> Iterable[Row]:
        """The curve of what was revealed, and the table of how users are."""
        whole = Counter[str]()
        for counts, style in zip(self._counts, self._styles, strict=True):
            whole.update(styled(counts, style))
        styles = by_style(whole)
        shown = [name for name in styles if name == "all" or name.startswith("disclosure ")]
        bounds = {name: self._intervals(name) for name in shown}
        yield {
            "title": "Facts revealed, by turn",
            "help": _REVEALED,
            "kind": "lines",
            "rows": [row for name in shown if (row := _curve(name, bounds[name]))],
            "link": f"conversations?sort={REVEALED}&depth=",
        }
        yield {
            "title": "How users are",
            "help": _REALISM,
            "kind": "table",
            "head": ["", *styles, "real users"],
            "rows": _table(styles, bounds.get("all", {})),
            "wide": True,
        }

    def _intervals(self, style: str) -> dict[str, Interval]:
        """The interval of each share over the conversations of a ``style``, ``all`` or one as ``noise high``."""
        own = [
            ratios_of(counts)
            for counts, about in zip(self._counts, self._styles, strict=True)
            if counts and (style == "all" or style in (f"{name} {value}" for name, value in about.items()))
        ]
        names = list(dict.fromkeys(name for one in own for name in one))
        found = rates([[one.get(name, (0, 0)) for one in own] for name in names])
        return {name: one for name, one in zip(names, found, strict=True) if one}


def _measure(figures: Mapping[str, Any], name: str) -> float | None:
    value = figures.get("told_by_turn" if name == REVEALED else name)
    if isinstance(value, Mapping):
        value = value.get("median") if name == "words" else [*value.values()][-1]
    return value


def _curve(name: str, bounds: Mapping[str, Interval]) -> Row | None:
    points = [
        {"x": int(turn.removeprefix(TOLD)), "y": one.value, "low": one.low, "high": one.high}
        for turn, one in bounds.items()
        if turn.startswith(TOLD)
    ]
    return {"label": name, "points": sorted(points, key=lambda point: point["x"])} if points else None


def _table(styles: Mapping[str, Mapping[str, Any]], bounds: Mapping[str, Interval]) -> Sequence[Row]:
    rows = []
    for name, label in NAMES.items():
        cells = [_cell(one.get(name)) for one in styles.values()]
        if any(cells):
            if one := bounds.get(name):
                cells[0] += f" ({one.low:.2f} to {one.high:.2f})"
            rows.append(
                {"label": label, "cells": [*cells, _cell(REAL.get(name))], "link": f"conversations?sort={name}"}
            )
    return rows


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{value['median']} ({value['p10']} to {value['p90']})"
    return "" if value is None else f"{value:.2f}"
