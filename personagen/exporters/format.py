"""What a dataset format is: the rows that it makes of a conversation, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from personagen.records import ConversationTree, PreferencePair

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = Callable[[ConversationTree, Sequence[PreferencePair]], Iterable[Row]]


@dataclass(frozen=True)
class Format:
    """A dataset format.

    ``rows`` makes the rows of one conversation and those of its pairs that are exported, in their order. A row is of
    one ``pair`` or of the whole ``tree``: for a format by pair it gets a single pair at a time, for one by tree all of
    them, which may be none. ``use`` says in a line which trainer reads it and with which flag. Rows with texts of the
    ``persona`` are written only if they are asked for. ``like`` has, for columns that may be empty in all rows of a
    run, a value that is not, such as ``{"margin": 0.0}``: a Parquet file declares its type.
    """

    rows: Rows
    by: Literal["pair", "tree"]
    use: str
    persona: bool = False
    like: Mapping[str, Any] = field(default_factory=dict)
