"""How prompt files differ: from the bundled ones, or from those that a run used."""

from __future__ import annotations

import difflib
from pathlib import Path

from personagen.errors import UsageError
from personagen.prompts.files import load, packaged


def diff(one: Path | None, other: Path | None) -> str:
    """The unified diff of two text files, either of which may be missing; empty if they are equal."""
    a, b = (file.read_text("utf-8", "replace").splitlines() if file else [] for file in (one, other))
    return "\n".join(difflib.unified_diff(a, b, str(one or "/dev/null"), str(other or "/dev/null"), lineterm=""))


def diffs(before: Path, now: tuple[Path, ...]) -> dict[str, str]:
    """The diffs from the prompt files in ``before`` to those found first in the folders ``now``, by file."""
    found: dict[str, str] = {}
    for file in sorted(before.rglob("*.md")):
        part = str(file.relative_to(before))
        used = next((folder / part for folder in now if (folder / part).is_file()), None)
        if text := diff(file, used):
            found[part] = text
    return found


def edited(name: str, hash: str) -> bool:
    """Whether the prompt ``name`` with this ``hash`` differs from the bundled one, or none of that name is bundled."""
    try:
        return load(name, (packaged(),)).hash != hash
    except UsageError:
        return True
