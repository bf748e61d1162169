"""Rows about what users say, beside the figures of real users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from personagen.cli.run import Rows
from personagen.metrics.realism import REAL

if TYPE_CHECKING:
    from personagen.flows.reference import Beside

_SHORT = (("no_end_mark", "no end mark"), ("polite", "polite"), ("questions", "questions"))
_WHOLE = (*_SHORT, ("pushback", "pushback"), ("lower_case_start", "lower-case start"))
SOURCE = "RealSim, arXiv 2605.02624"


def realism_rows(realism: Mapping[str, Mapping[str, Any]], *, whole: bool = False) -> Rows:
    """The figures of a summary beside those of real users; if ``whole``, all of them and by style."""
    figures = realism.get("all")
    if not figures:
        return []
    told = figures.get("told_by_turn", {})
    curve = ", ".join(f"{turn}: {told[turn]:.0%}" for turn in _some(list(told)))
    rows = [
        ("user turns", _said(figures, whole=whole)),
        ("real users", f"{_said(REAL, whole=whole)} ({SOURCE})"),
        ("told by turn", f"{curve} of the facts" if curve else ""),
    ]
    if not whole:
        return rows
    ends = figures.get("endings", {})
    rows.append(("endings", ", ".join(f"{name} {n:,}" for name, n in sorted(ends.items(), key=lambda one: -one[1]))))
    return [*rows, *((f"  {name}", _said(one)) for name, one in realism.items() if name != "all")]


def beside_rows(found: Beside) -> Rows:
    """The figures of a run's users, of those in a reference, and how well the two are told apart."""
    rate = found.accuracy
    apart = (
        f"{rate['value']:.0%} ({rate['low']:.0%}-{rate['high']:.0%}); 50% if they look alike" if rate else found.note
    )
    return [
        (
            "conversations",
            f"{found.run['conversations']:,} of the run, {found.reference['conversations']:,} of the reference",
        ),
        ("user turns", _said(found.run, whole=True)),
        ("reference", _said(found.reference, whole=True)),
        ("told apart", apart),
    ]


def _said(figures: Mapping[str, Any], *, whole: bool = False) -> str:
    words = figures["words"]
    parts = [f"{words['median']} words ({words['p10']}-{words['p90']})", f"length CV {figures.get('length_cv', 0):.2f}"]
    parts += [f"{label} {figures[name]:.0%}" for name, label in (_WHOLE if whole else _SHORT) if name in figures]
    if whole and "first_turn_share" in figures:
        parts.append(f"in the first turn {figures['first_turn_share']:.0%} of the words")
    if whole and "type_token" in figures:
        parts.append(f"type-token {figures['type_token']:.2f}")
    return ", ".join(parts)


def _some(turns: list[str]) -> list[str]:
    """The first, second and fifth turn and the last."""
    return [turn for turn in turns if turn in ("1", "2", "5", turns[-1])]
