"""A table of HTML, as which a notebook shows a record."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_CELL = "text-align: left; vertical-align: top; white-space: pre-wrap; unicode-bidi: isolate"


def table(title: str, *rows: Sequence[tuple[str, str]]) -> str:
    """A table of HTML whose cells are a name and a text, both escaped."""
    wide = max(map(len, rows))
    lines = [f"<caption>{escape(title)}</caption>"]
    for cells in rows:
        texts = (
            f'<td dir="auto" style="{_CELL}"{span}><b>{escape(name)}</b><br>{escape(text)}</td>'
            for span in [f' colspan="{wide}"' if len(cells) < wide else ""]
            for name, text in cells
        )
        lines.append(f"<tr>{''.join(texts)}</tr>")
    return f"<table>{''.join(lines)}</table>"
