"""The rows of a summary about the quality of its pairs and verdicts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain, repeat

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


def shortcut_rows(shortcuts: Mapping[str, Mapping[str, float]]) -> list[tuple[str, str]]:
    """A row for each rule that knows nothing of the user: how often it picks the chosen reply."""
    names = chain(["shortcuts"], repeat(""))
    return [
        (next(names), f"{words}: {_share(shortcuts[name])}{ALARM if shortcuts[name]['value'] > HIGH else ''}")
        for name, words in _SHORTCUTS.items()
        if name in shortcuts
    ]


def _share(rate: Mapping[str, float]) -> str:
    """``84% (82 to 87) of 1,140``."""
    return f"{rate['value']:.0%} ({100 * rate['low']:.0f} to {100 * rate['high']:.0f}) of {rate['pairs']:,}"
