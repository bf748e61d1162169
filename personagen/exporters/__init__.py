"""Dataset formats, one per file. To add one: a file here and a line below.

A function of the user's own takes all trees and pairs of a run at once, in file order: ``(trees, pairs) -> rows``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from personagen.exporters.aloe import ALOE
from personagen.exporters.format import Format
from personagen.exporters.trl import TRL
from personagen.records import ConversationTree, PreferencePair

Exporter: TypeAlias = Callable[[Iterable[ConversationTree], Iterable[PreferencePair]], Iterable[dict[str, Any]]]

EXPORTERS: dict[str, Format] = {"trl": TRL, "aloe": ALOE}
