"""What ``--where`` asks of a run folder beside its trees: the messages flagged in its report, and pairs with a twin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import orjson

from personagen.errors import UsageError
from personagen.records import PreferencePair
from personagen.store.files import read_records
from personagen.where import FLAGGED

NOTES = "notes.jsonl"
Flags = frozenset[tuple[str, str]]
Links = dict[tuple[str, str, str], str]


def read_flags(run: Path) -> Flags:
    """The flagged messages: conversation and node.

    Raises:
        UsageError: there is no ``notes.jsonl``, or a line of it is no note.
    """
    file = run / NOTES
    if not file.is_file():
        raise UsageError(
            f"{file} is not there: flag messages in the report of the run (personagen report {run}), export them under"
            " Notes, and save the file there"
        )
    found = set()
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
            key, flag = (str(row["tree"]), str(row["node"])), row["flag"]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            raise UsageError(f"{file}:{number} is no note; export the notes of the report again") from None
        if flag is True:
            found.add(key)
    return frozenset(found)


def read_links(run: Path) -> Links:
    """The place of the twin of each pair of ``run`` that has one, by conversation, chosen and rejected node."""
    file = run / "pairs.jsonl"
    pairs = read_records(file, PreferencePair) if file.is_file() else iter(())
    return {(pair.tree, pair.chosen_node, pair.rejected_node): pair.twin for pair in pairs if pair.twin}


def with_links(pairs: Iterable[PreferencePair], links: Links) -> Iterator[PreferencePair]:
    """``pairs``, each with the place of its twin if ``links`` has one."""
    for pair in pairs:
        twin = links.get((pair.tree, pair.chosen_node, pair.rejected_node))
        yield pair.model_copy(update={"twin": twin}) if twin else pair


def marker(run: Path, wanted: bool) -> Callable[[Iterable[PreferencePair]], Iterator[PreferencePair]]:
    """``with_flags`` for pairs of ``run``; unless that is ``wanted`` nothing is read, and pairs stay as they are."""
    return partial(with_flags, flags=read_flags(run)) if wanted else iter


def with_flags(pairs: Iterable[PreferencePair], flags: Flags) -> Iterator[PreferencePair]:
    """``pairs``; the score ``flagged`` of those whose user message or one of whose replies is flagged is 1."""
    for pair in pairs:
        nodes = (pair.node, pair.chosen_node, pair.rejected_node)
        hit = any((pair.tree, node) in flags for node in nodes)
        yield pair.model_copy(update={"scores": {**pair.scores, FLAGGED: 1.0}}) if hit else pair
