"""Tables of HTML, as which a notebook shows conversation trees and pairs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

_CELL = "text-align: left; vertical-align: top; white-space: pre-wrap; unicode-bidi: isolate"


def _table(title: str, *rows: Sequence[tuple[str, str]]) -> str:
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


def tree_html(tree: Any) -> str:
    """The persona of a ``ConversationTree``, and a row for each message; a reply that both verdicts prefer says why."""
    best: dict[str, str] = {}
    own = [verdict for verdict in tree.judgments if not verdict.persona]
    for verdict in reversed(own):
        best |= dict.fromkeys(verdict.ranking[:1], verdict.reason)
    for verdict in own:
        for reply in verdict.ranking[not verdict.tie :]:
            best.pop(reply, None)
    rows = [[("persona", f"{tree.persona.profile} {tree.persona.personality}".strip())]]
    for node in tree.nodes:
        mark = f", preferred: {best[node.id]}" if node.id in best else ""
        rows.append([(f"{node.id} {node.agent}{mark}", node.content)])
    return _table(f"tree {tree.id}", *rows)


def pair_html(pair: Any) -> str:
    """The prompt of a ``PreferencePair``, and the two replies side by side."""
    prompt: list[list[tuple[str, str]]] = [[(message.role, message.content)] for message in pair.prompt]
    sides = (("chosen", pair.chosen_agent, pair.chosen), ("rejected", pair.rejected_agent, pair.rejected))
    replies = [(f"{name} ({agent})", "\n".join(one.content for one in side)) for name, agent, side in sides]
    return _table(f"pair of turn {pair.turn} of tree {pair.tree}", *prompt, replies)
