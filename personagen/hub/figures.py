"""Small charts of a card as SVG: text that any browser draws, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_WIDTH, _LEFT, _BAR, _GAP, _TOP = 640, 210, 18, 8, 40
_ROOM = _WIDTH - _LEFT - 110  # for bars; the rest is for the numbers after them


def bars(title: str, rows: Sequence[tuple[str, float, str]], most: float = 0.0, mark: float | None = None) -> str:
    """Horizontal bars: a label, a value of at least 0 and the words after the bar for each of ``rows``.

    The longest bar is ``most``, or the largest value; ``mark`` is where a dashed line stands.
    """
    largest = max([most, *(value for _, value, _ in rows)]) or 1.0
    height = _TOP + len(rows) * (_BAR + _GAP) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
        f' role="img" font-family="sans-serif" font-size="13"><title>{escape(title)}</title>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" fill="#111111">{escape(title)}</text>',
    ]
    for at, (label, value, words) in enumerate(rows):
        top, width = _TOP + at * (_BAR + _GAP), round(_ROOM * value / largest, 1)
        middle = top + _BAR - 5
        parts += [
            f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end" fill="#111111">{escape(label)}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{width}" height="{_BAR}" fill="#3b6ea5"/>',
            f'<text x="{_LEFT + width + 6}" y="{middle}" fill="#444444">{escape(words)}</text>',
        ]
    if mark is not None:
        x = round(_LEFT + _ROOM * mark / largest, 1)
        parts.append(f'<path d="M{x} {_TOP - 6}V{height - _GAP}" stroke="#b03030" stroke-dasharray="4 3"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"
