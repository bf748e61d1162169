"""What is counted of the rows of a dataset while they are written, for its card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_TEXTS = 2000  # chosen replies whose words are compared
_STEP = 0.5  # of the histogram of margins


@dataclass
class Counts:
    """The models by role, the verdicts, margins, turns and agents of pairs, the gates, and some chosen replies."""

    models: dict[str, Counter[str]] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    margins: Counter[float] = field(default_factory=Counter)
    turns: Counter[int] = field(default_factory=Counter)
    winners: Counter[str] = field(default_factory=Counter)
    gates: Counter[str] = field(default_factory=Counter)
    replies: list[str] = field(default_factory=list)
    letters: Counter[str] = field(default_factory=Counter)

    def row(self, file: str, _: int, row: Mapping[str, Any]) -> None:
        """Counts a row of ``file``."""
        match file.partition("/")[0]:
            case "pairs":
                self._pair(row)
            case "trees":
                for entry in row["models"]:
                    self.models.setdefault(entry["name"], Counter())[entry["value"]] += 1
            case "rejections":
                self.gates[row["gate"]] += 1

    def _pair(self, row: Mapping[str, Any]) -> None:
        for name in ("personal", "knowable", "generic", "leaking"):
            if row[name] is not None:
                self.verdicts[f"{name} known"] += 1
                self.verdicts[name] += row[name]
        if row["personal"] is not None and row["knowable"] is not None:
            self.verdicts["personal and knowable known"] += 1
            self.verdicts["personal and knowable"] += row["personal"] and row["knowable"]
        if row["pooled"] is not None:
            self.verdicts["agrees with nobody known"] += 1
            self.verdicts["agrees with nobody"] += row["pooled"] == "chosen"
        if row["margin"] is not None:
            self.margins[int(row["margin"] / _STEP) * _STEP] += 1
        self.turns[row["turn"]] += 1
        self.winners[f"{row['chosen_agent']} over {row['rejected_agent']}"] += 1
        for side in ("chosen", "rejected"):
            self.letters[side] += sum(len(message["content"]) for message in row[side])
        if len(self.replies) < MAX_TEXTS:
            self.replies.append(row["chosen"][0]["content"])

    def share(self, name: str) -> tuple[float, int] | None:
        """The share of pairs for which a verdict holds, and of how many it is known; None if of none."""
        known = self.verdicts[f"{name} known"]
        return (self.verdicts[name] / known, known) if known else None

    @property
    def offline_roles(self) -> list[str]:
        """The roles that the offline cast played in some tree."""
        found = ((role, model) for role, models in self.models.items() for model in models)
        return sorted({role for role, model in found if model.partition("/")[0] == "offline"})
