"""Dataset formats, one a file.

An exporter is any ``(trees, pairs) -> rows``: the trees and the pairs of a run, in the order of its files, become
the rows of the dataset, ready for JSON. It takes both streams and reads the one it needs. To add one: a file here
and a line below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from personagen.exporters.aloe import aloe
from personagen.exporters.trl import trl
from personagen.records import ConversationTree, PreferencePair

Exporter: TypeAlias = Callable[[Iterable[ConversationTree], Iterable[PreferencePair]], Iterator[dict[str, Any]]]

EXPORTERS: dict[str, Exporter] = {"trl": trl, "aloe": aloe}
