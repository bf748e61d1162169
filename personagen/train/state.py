"""What a folder of a training says about it, so that the same command resumes and another one does not mix with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from personagen.errors import CorruptError, UsageError
from personagen.store.files import dump, write

STATE = "train.json"


def check_out(out: Path, data: str) -> None:
    """Raises ``UsageError`` if ``out`` is no folder, or holds more than a training, or ``data`` from a dry run."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; --out names a folder")
    if out.is_dir() and not (out / STATE).exists() and {file.name for file in out.iterdir()} - {".lock", data}:
        raise UsageError(f"{out} holds something else than a training of this command; give another --out")


def read_training(out: Path, key: Mapping[str, Any]) -> dict[str, Any]:
    """The state of an earlier call for the same training, empty if there was none.

    ``key`` is what makes a training another one, by the word for it: if a value differs, it is a ``UsageError``.
    """
    file = out / STATE
    if not file.is_file():
        return {}
    try:
        state: dict[str, Any] = orjson.loads(file.read_bytes())
        differs = [name for name in key if state["key"][name] != key[name]]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        raise CorruptError(f"{file} is damaged; remove {out} to train again") from None
    if differs:
        raise UsageError(f"{out} is of a training with another {differs[0]}; give another --out, or remove the folder")
    return state


def write_training(out: Path, state: Mapping[str, Any]) -> None:
    """Replaces the state in ``out``."""
    write(out / STATE, [dump(state)])
