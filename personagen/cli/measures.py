"""The rows of a summary about the quality of its pairs and verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from personagen.metrics.shortcuts import HIGH

ALARM = f", over {HIGH:.0%}"  # the end of a line that is shown in red
ALARMING = re.compile(rf"^.*{ALARM}$", re.MULTILINE)
_SHORTCUTS = {
    "longer": "longer",
    "length_and_format": "length and format",
    "bag_of_words": "bag of words",
    "recites": "recites",
    "aware": "aware",
    "aware_from_plain": "aware told from plain",
}


_AGREEMENT = {"orders": "both orders", "repeated": "asked again", "seconded": "other model"}
Figures: TypeAlias = Mapping[str, Mapping[str, float]]


def shortcut_rows(shortcuts: Figures) -> list[tuple[str, str]]:
    """A row for each rule that knows nothing of the user: how often it picks the chosen reply."""
    rows = [
        (f"  {words}", _share(shortcuts[name]) + (ALARM if shortcuts[name]["value"] > HIGH else ""))
        for name, words in _SHORTCUTS.items()
        if name in shortcuts
    ]
    return [("shortcuts", "how often they pick the chosen reply"), *rows] if rows else []


def judge_rows(judge: Figures, checks: Mapping[str, int]) -> list[tuple[str, str]]:
    """How far the verdicts can be trusted, and how many checked messages contradict the persona."""
    rows = []
    if "position" in judge:
        rows.append(("judge", f"prefers the first shown in {_share(judge['position'])}"))
    for name, words in _AGREEMENT.items():
        if name in judge:
            said = f"the same in {_share(judge[name])}"
            rows.append((f"  {words}", said + (f", {_kappa(found)}" if (found := judge.get(f"kappa_{name}")) else "")))
    if "kappa_scores" in judge:
        rows.append(("  scores", _kappa(judge["kappa_scores"])))
    if checks.get("messages"):
        rows.append(
            ("consistency", f"{checks['contradicting']:,} of {checks['messages']:,} checked messages contradict")
        )
    return rows


def _share(rate: Mapping[str, float]) -> str:
    """``84% (82 to 87) of 1,140``."""
    count = rate.get("pairs", rate.get("count", 0))
    return f"{rate['value']:.0%} ({100 * rate['low']:.0f} to {100 * rate['high']:.0f}) of {count:,}"


def _kappa(found: Mapping[str, float]) -> str:
    """``kappa 0.86 (0.80 to 0.92)``."""
    return f"kappa {found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def label_rows(labels: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a person has labelled, and how far the judge agrees."""
    if not labels.get("labelled"):
        return [("labelled", "no pair yet")] if "pairs" in labels else []
    ties = f", no difference in {labels['ties']:,}" if labels["ties"] else ""
    agrees = f", {_kappa(labels['kappa'])}" if "kappa" in labels else ""
    return [
        ("labelled", f"{labels['labelled']:,} pairs by a person{ties}"),
        ("  the judge", f"the same in {_share(labels['same'])}{agrees}"),
    ]
