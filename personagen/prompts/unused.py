"""Unused prompt files: with a misspelt name, the bundled prompt is used instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from personagen.prompts.folders import code_of, names, packaged

_INCLUDED = re.compile(rb"\{%-?\s*include\s+[\"']([^\"']+)")
_NEAR = 0.7


def unused_prompts(where: tuple[Path, ...], asked: Iterable[str] = ()) -> tuple[str, ...]:
    """A note for each file in the user's own folders of prompts that no agent asks for and no prompt includes.

    ``asked`` are names of prompts that the user's own agents ask for.
    """
    with suppress(OSError, RecursionError):  # it only helps: no folder, however odd, may stop a run
        own = [folder for folder in where if folder != packaged() and folder.parent not in where]
        return tuple(note for folder in own for note in _unused(folder, asked))
    return ()


def _unused(folder: Path, asked: Iterable[str]) -> Iterator[str]:
    """A sentence for each file of ``folder`` that is no prompt, with the name that may have been meant."""
    known = [f"{name}.md" for name in (*names(), *asked)]
    known += sorted(file.name for file in packaged().glob("*.md"))
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    included = {part for file in files if file.suffix == ".md" for part in _included(file)}
    for file in files:
        name = file.relative_to(folder).as_posix()
        first, _, rest = name.partition("/")
        if rest and (code := code_of(first)) and (rest in known or rest in included):
            if code != first:
                yield f"{file} is not used by any agent: name the folder {code}, not {first}"
            continue
        if name in known or name in included or name.endswith(("~", ".bak", ".orig")):
            continue
        near = get_close_matches(name.lower(), known, 1, _NEAR)
        if near and not (folder / near[0]).is_file():
            yield f"{file} is not used by any agent; another {near[0]} is used instead: rename it if you meant that"
        elif file.suffix == ".md" and "/" in name:
            yield f"{file} is not used by any agent"


def _included(file: Path) -> list[str]:
    """The names that ``file`` includes, empty if it can't be read."""
    with suppress(OSError):
        return [name.decode(errors="replace") for name in _INCLUDED.findall(file.read_bytes())]
    return []
