"""The banks' files have one row a line. ``python -m tests.offline.test_bank_files`` rewrites them after an edit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personagen.offline import texts

FILES = sorted(Path(texts.__file__).with_name("bank").glob("*.json"))
WIDTH = 1000


def written(value: Any, indent: int = 0) -> str:
    """``value`` as JSON: on one line if that has at most ``WIDTH`` characters, else each part on lines of its own."""
    whole = json.dumps(value, ensure_ascii=False)
    if len(whole) + indent <= WIDTH or not isinstance(value, dict | list):
        return whole
    parts = [written(part, indent + 1) for part in (value.values() if isinstance(value, dict) else value)]
    if isinstance(value, dict):
        parts = [f"{json.dumps(name, ensure_ascii=False)}: {part}" for name, part in zip(value, parts, strict=True)]
    inner = ",\n".join(" " * (indent + 1) + part for part in parts)
    return f"{whole[0]}\n{inner}\n{' ' * indent}{whole[-1]}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_bank_has_one_row_a_line(file: Path) -> None:
    content = file.read_text(encoding="utf-8")
    assert content == written(json.loads(content)) + "\n"


if __name__ == "__main__":
    for file in FILES:
        file.write_text(written(json.loads(file.read_text(encoding="utf-8"))) + "\n", encoding="utf-8")
