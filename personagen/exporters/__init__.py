"""Dataset formats, one per file.

An exporter is any ``(trees, pairs) -> rows``, from the trees and pairs of a run, in file order, to JSON rows. To add
one: a file here and a line below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from personagen.exporters.aloe import aloe
from personagen.exporters.trl import trl
from personagen.records import ConversationTree, PreferencePair

Exporter: TypeAlias = Callable[[Iterable[ConversationTree], Iterable[PreferencePair]], Iterable[dict[str, Any]]]

EXPORTERS: dict[str, Exporter] = {"trl": trl, "aloe": aloe}
