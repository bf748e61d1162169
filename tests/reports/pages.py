"""Reads a report as its own code does: the policy, the scripts, the blocks of data."""

from __future__ import annotations

import gzip
import html
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r'<script type="application/x-personagen" id="([\w-]+)">([A-Za-z0-9+/=]*)</script>')
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def _spelt(row: Any, lines: list[str]) -> Any:
    """Calls with their lines in place of the numbers of these."""
    if isinstance(row, str):
        return row
    spelt = {"reply": lambda call: [lines[at] for at in call["reply"]]}
    spelt["messages"] = lambda call: [(role, [lines[at] for at in own]) for role, own in call["messages"]]
    return [call | {name: of(call) for name, of in spelt.items()} for call in row]


class Page:
    """A report: its text, and its data by the names of the blocks."""

    def __init__(self, file: Path) -> None:
        self.text = file.read_text(encoding="utf-8")
        self.blocks = {name: json.loads(gzip.decompress(b64decode(held))) for name, held in _BLOCK.findall(self.text)}

    @property
    def index(self) -> dict[str, Any]:
        return self.blocks["index"]

    @property
    def around(self) -> str:
        """The page without its data, code and style."""
        return _STYLE.sub("", _SCRIPT.sub("", _BLOCK.sub("", self.text)))

    @property
    def policy(self) -> str:
        found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', self.text)
        assert found
        return html.unescape(found[1])

    def rows(self, name: str) -> list[Any]:
        """All rows of the blocks ``name-0``, ``name-1``... and whether the index says where each begins."""
        rows: list[Any] = []
        for number, start in enumerate(self.index["blocks"].get(name, [])):
            assert start == len(rows)
            held = self.blocks[f"{name}-{number}"]
            rows += [_spelt(row, held["lines"]) for row in held["rows"]] if isinstance(held, dict) else held
        return rows

    def unlisted(self) -> list[str]:
        """Scripts and styles whose hash the policy does not have."""
        listed = {part for directive in self.policy.split(";") for part in directive.split()}
        parts = [*_SCRIPT.findall(self.text), *_STYLE.findall(self.text)]
        hashes = [f"'sha256-{b64encode(sha256(part.encode()).digest()).decode()}'" for part in parts]
        return [part[:60] for part, hashed in zip(parts, hashes, strict=True) if hashed not in listed]
