"""The files of a folder: seeds, a data set saved by ``datasets``, or one downloaded from the Hub."""

from __future__ import annotations

import re
from pathlib import Path

from personagen.errors import UsageError
from personagen.readers import FORMATS
from personagen.readers.decode import COMPRESSED, suffix_of

_ADDRESS = re.compile("[a-z][a-z0-9]+:/")
_POOL = "personas.jsonl"  # in a run folder
_IGNORED = ("readme", "license", "licence", "notice", "topics")
_SEEDS, _EVALUATION = ("profiles.jsonl", "personalities.jsonl", "topics.jsonl"), "evaluation.jsonl"
_OF_DATASETS = frozenset({"dataset_info.json", "state.json", "dataset_dict.json", "dataset_infos.json"})
KNOWN = ", ".join((*sorted(FORMATS), *(f"{'.jsonl'}{suffix}" for suffix in COMPRESSED)))


def files_of(path: Path, alone: str = "") -> tuple[list[Path], list[str]]:
    """The file, or the supported files of the folder by name, or only ``alone`` if the folder has it; and notes.

    Of a run folder only its personas are read; of the packaged seeds, or a copy of them, all but the evaluation set. A
    folder without such files is searched in its subfolders, as the Hub and ``datasets`` lay out their data.
    """
    try:
        if not path.exists():
            way_out = "download the file and give its path" if _ADDRESS.match(str(path)) else "check the path"
            raise UsageError(f"{path} does not exist; {way_out}")
        if not path.is_dir():
            return [_readable(path)], []
        inside = sorted(path.iterdir())
        saved = {entry.name for entry in inside} & _OF_DATASETS
        if path / "run.json" in inside:
            alone = _POOL
            if path / _POOL not in inside:
                raise UsageError(
                    f"{path} is a run without {_POOL}; give a file, or a folder that `personagen expand` made"
                )
        if path / alone in inside:
            return [path / alone], []
        files = [entry for entry in inside if _is_data(entry)]
        deeper = not files
        if deeper:
            files = [entry for entry in sorted(path.rglob("*")) if _is_data(entry) and not _is_hidden(entry, path)]
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"{path} can't be read: {reason}; check the path and its permissions") from error
    if not files:
        raise UsageError(f"{path} has no seed file; expected {KNOWN}")
    if deeper or saved:
        return files, [f"{path.name or path}: read {len(files)} files of a data set, from {files[0].relative_to(path)}"]
    other = [entry.name for entry in inside if entry not in files and not _is_said_nothing_of(entry)]
    more = f" and {len(other) - 5} more" if len(other) > 5 else ""
    return files, [f"{path.name or path}: not read: {', '.join(other[:5])}{more}"] if other else []


def _readable(path: Path) -> Path:
    if suffix_of(path) not in FORMATS:
        hint = "; export it as CSV" if suffix_of(path) in (".xlsx", ".xls", ".ods") else ""
        raise UsageError(f"{path} has an unsupported suffix{hint}; expected {KNOWN}")
    if not path.is_file():
        raise UsageError(f"{path} is not a plain file; give one")
    return path


def _is_data(entry: Path) -> bool:
    if suffix_of(entry) not in FORMATS or not entry.is_file() or entry.name in _OF_DATASETS:
        return False
    return not _is_said_nothing_of(entry) and not entry.name.startswith("cache-")


def _is_said_nothing_of(entry: Path) -> bool:
    ignored = entry.stem.lower() in _IGNORED or entry.name.startswith(".") or entry.name in _OF_DATASETS
    return ignored or _is_for_evaluation(entry)


def _is_for_evaluation(entry: Path) -> bool:
    """Whether it is ``evaluation.jsonl`` beside a file of the packaged seeds; elsewhere a file of that name is data."""
    return entry.name == _EVALUATION and any((entry.parent / name).is_file() for name in _SEEDS)


def _is_hidden(entry: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in entry.relative_to(folder).parts)
