"""A run as the folder of a dataset: Parquet files, the card with its charts, ``run.json`` and the prompt files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.hub.card import Source, card
from personagen.hub.counts import Counts
from personagen.hub.provenance import public_state
from personagen.hub.scan import Findings, Scan
from personagen.hub.tables import TABLES, Config, write_tables
from personagen.store.files import dump, make_folder, read_state, write

CARD, STATE, PROMPTS, FIGURES = "README.md", "run.json", "prompts", "figures"
REPORT = "report.html"
MARK = {"dataset": "personagen"}  # in `run.json` of a dataset, so that the folder of a run is not taken for one
_FOLDERS = frozenset([PROMPTS, FIGURES, *(table.name for table in TABLES)])


@dataclass(frozen=True)
class Dataset:
    """What was written: ``files`` by their path, with their bytes; the rows by configuration; what the scan found.

    ``offline_roles`` are those that the offline cast played, ``with_persona`` whether the personas' texts are there.
    """

    files: dict[str, int]
    rows: dict[str, int]
    findings: Findings
    offline_roles: list[str]
    with_persona: bool


def is_ours(path: str) -> bool:
    """Whether a file of a dataset is one that ``write_dataset`` makes."""
    return path in (CARD, STATE, REPORT) or path.partition("/")[0] in _FOLDERS


def write_dataset(
    run: Path, folder: Path, splits: Mapping[str, str], about: tuple[str, str, str], with_persona: bool
) -> Dataset:
    """Writes the dataset of ``run`` to the empty ``folder``, the same bytes for the same run.

    ``splits`` names the split of each tree; ``about`` is the title, what ``load_dataset`` takes, and the licence.

    Raises:
        UsageError: the run has no pairs.
    """
    scan, counts = Scan(), Counts()

    def see(file: str, number: int, row: Mapping[str, Any]) -> None:
        counts.row(file, number, row)
        scan.row(file, number, row)

    configs = write_tables(run, folder, splits, with_persona, see)
    if not any(config.name == "pairs" for config in configs):
        raise UsageError(f"{run} has nothing to publish: it has no pairs; `personagen show {run}` says why")
    title, repo, license = about
    state, prompts = public_state(read_state(run)), _prompts(run)
    texts = {STATE: dump(state | MARK).decode(), **{f"{PROMPTS}/{path}": text for path, text in prompts.items()}}
    scan.row(STATE, 1, state)
    for path, text in prompts.items():
        scan.lines(f"{PROMPTS}/{path}", text)
    scan.found.first = [replace(found, file=_final(found.file, configs)) for found in scan.found.first]
    size = sum(_size(folder, name) for name in _files(configs))
    said = _said(scan.found)
    texts |= card(Source(title, repo, license, state, prompts, configs, counts, size, with_persona, said))
    for path, text in texts.items():
        make_folder((folder / path).parent)
        write(folder / path, [text.encode()])
    files = {name: _size(folder, name) for name in sorted([*texts, *_files(configs)])}
    return Dataset(
        files, {config.name: config.rows for config in configs}, scan.found, counts.offline_roles, with_persona
    )


def _prompts(run: Path) -> dict[str, str]:
    root = run / PROMPTS
    return {str(file.relative_to(root)): file.read_text(encoding="utf-8") for file in sorted(root.rglob("*.md"))}


def _files(configs: Iterable[Config]) -> Iterator[str]:
    return (name for config in configs for split in config.splits.values() for name in split.files)


def _final(name: str, configs: Iterable[Config]) -> str:
    """The name of a file as it is now; while it was written, it was not known of how many it is one."""
    stem = name.removesuffix(".parquet")
    return next((file for file in _files(configs) if file.startswith(f"{stem}-of-")), name)


def _size(folder: Path, name: str) -> int:
    return (folder / name).stat().st_size


def _said(found: Findings) -> str:
    if not found:
        return "found nothing"
    return "found " + ", ".join(f"{kind} {n:,}" for kind, n in sorted(found.counts.items()))
