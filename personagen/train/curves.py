"""Curves of a training as SVG, one panel for each measure; the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite

# A measure of the log, as trained and on the test rows, with its title.
MEASURES: tuple[tuple[str, str, str], ...] = (
    ("loss", "eval_loss", "Loss"),
    (
        "rewards/accuracies",
        "eval_rewards/accuracies",
        "Share of pairs with the higher implicit reward for the chosen reply",
    ),
    ("rewards/margins", "eval_rewards/margins", "Implicit reward of the chosen minus that of the rejected reply"),
    ("accuracy", "eval_accuracy", "Share of pairs with the higher reward for the chosen reply"),
    ("mean_token_accuracy", "eval_mean_token_accuracy", "Share of tokens predicted"),
)
_WIDTH, _PANEL, _LEFT, _TOP, _BOTTOM = 640, 200, 64, 40, 28
_TRAIN, _TEST = "#3b6ea5", "#b03030"

Points = list[tuple[float, float]]


def curves(title: str, log: Sequence[Mapping[str, float]]) -> str:
    """The measures in ``log``, entries with ``step``, over the steps: train in blue, test in red."""
    panels = [(words, _points(log, train), _points(log, test)) for train, test, words in MEASURES]
    panels = [panel for panel in panels if panel[1] or panel[2]]
    height = _TOP + len(panels) * _PANEL
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
        f' role="img" font-family="sans-serif" font-size="12"><title>{escape(title)}</title>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" fill="#111111">{escape(title)}</text>',
        f'<text x="{_WIDTH - 90}" y="24" fill="{_TRAIN}">train</text>',
        f'<text x="{_WIDTH - 45}" y="24" fill="{_TEST}">test</text>',
    ]
    for at, (words, train, test) in enumerate(panels):
        parts += _panel(words, train, test, _TOP + at * _PANEL)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _points(log: Sequence[Mapping[str, float]], name: str) -> Points:
    return [(float(e["step"]), float(e[name])) for e in log if "step" in e and name in e and isfinite(e[name])]


def _panel(words: str, train: Points, test: Points, top: int) -> list[str]:
    both = [*train, *test]
    low, high = min(y for _, y in both), max(y for _, y in both)
    last = max(x for x, _ in both) or 1.0
    room = high - low or 1.0
    upper, lower, right = top + 26, top + _PANEL - _BOTTOM, _WIDTH - 20

    def placed(points: Points) -> list[tuple[float, float]]:
        return [
            (round(_LEFT + (right - _LEFT) * x / last, 1), round(lower - (lower - upper) * (y - low) / room, 1))
            for x, y in points
        ]

    parts = [
        f'<text x="{_LEFT}" y="{top + 14}" fill="#111111">{escape(words)}</text>',
        f'<path d="M{_LEFT} {upper}V{lower}H{right}" stroke="#999999" fill="none"/>',
        f'<text x="{_LEFT - 6}" y="{upper + 4}" text-anchor="end" fill="#444444">{high:.3g}</text>',
        f'<text x="{_LEFT - 6}" y="{lower}" text-anchor="end" fill="#444444">{low:.3g}</text>',
        f'<text x="{right}" y="{lower + 16}" text-anchor="end" fill="#444444">step {last:g}</text>',
    ]
    for points, colour in ((train, _TRAIN), (test, _TEST)):
        spots = placed(points)
        line = " ".join(f"{x},{y}" for x, y in spots)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>' for x, y in spots]
    return parts
