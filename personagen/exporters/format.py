"""What a dataset format is: the rows that it makes of a conversation, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from personagen.records import ConversationTree, PreferencePair

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = Callable[[ConversationTree, Sequence[PreferencePair]], Iterable[Row]]
Beside: TypeAlias = tuple[str, Callable[[str, bytes], bytes]]


@dataclass(frozen=True)
class Format:
    """A dataset format.

    ``rows`` makes the rows of one conversation and those of its pairs that are exported, in their order. A row is of
    one ``pair`` or of the whole ``tree``: for a format by pair it gets a single pair at a time, for one by tree all of
    them, which may be none. ``use`` says in a line which trainer reads it and with which flag.

    ``beside`` is a file that the trainer needs in the same folder: its name, and a function of the name of the exported
    file and of what ``beside`` holds already (empty if it is missing) that gives its new content, or raises
    ``ValueError``. ``least`` is the number of rows without which the trainer refuses the file, and of an ``exact`` row
    it refuses further columns. Rows of a format with ``persona`` hold the persona's texts, since that is what it is
    for. ``lack`` is what a run has none of if no row comes of it. ``like`` has, for
    columns that may be empty in all rows of a run, a value that is not, such as ``{"margin": 0.0}``: a Parquet file
    declares its type.
    """

    rows: Rows
    by: Literal["pair", "tree"]
    use: str
    beside: Beside | None = None
    least: int = 0
    persona: bool = False
    exact: bool = False
    lack: str = "pairs"
    like: Mapping[str, Any] = field(default_factory=dict)
