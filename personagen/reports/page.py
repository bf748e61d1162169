"""Writes the page: its code and style, whose hashes the policy names, and its data."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from personagen.reports.blocks import block

STYLE = "report.css"
LIBRARY = "vendor/d3.min.js"
CODE = ("base", "notes", "charts", "tree", "talk", "find", "conversations", "personas", "compare", "alignment", "main")
_POLICY = (
    "default-src 'none'; script-src {code}; style-src {style}; img-src data: blob:; base-uri 'none'; form-action 'none'"
)


def page(title: str, subtitle: str, numbers: Sequence[tuple[str, Any]], index: Mapping[str, Any]) -> Iterable[bytes]:
    """The page in parts, all but the blocks of rows: those go between these parts and ``END``.

    ``numbers`` are shown before any code runs. No text of the run is read as HTML: those here are escaped, all others
    are data.
    """
    style = _asset(STYLE)
    code = [
        _asset(LIBRARY),
        "\n".join(['"use strict";', "(() => {", *(_asset(f"{name}.js") for name in CODE), "})();"]),
    ]
    policy = _POLICY.format(code=" ".join(map(_hash, code)), style=_hash(style))
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in numbers)
    values = {
        "policy": escape(policy),
        "style": style,
        "title": escape(title),
        "subtitle": escape(subtitle),
        "summary": f'<dl class="numbers">{rows}</dl>',
    }
    yield _filled(_asset("page.html"), values).encode()
    yield block("index", index)
    yield from (f"<script>{text}</script>\n".encode() for text in code)


END = b"</body>\n</html>\n"


def _filled(text: str, values: Mapping[str, str]) -> str:
    """``text`` with ``{name}`` replaced by each value, once each from left to right, so that no value is filled in."""
    for part in (names := list(values)):
        text = text.replace(f"{{{part}}}", f"\0{names.index(part)}\0")
    for number, name in enumerate(names):
        text = text.replace(f"\0{number}\0", values[name])
    return text


def _asset(name: str) -> str:
    return (files("personagen.reports") / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
