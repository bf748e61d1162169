"""LLaMA-Factory's preference format, and the entry of ``dataset_info.json`` by which it finds the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from personagen.exporters.columns import origin
from personagen.exporters.format import Format, Row
from personagen.exporters.sharegpt import tagged
from personagen.records import ConversationTree, PreferencePair

INFO = "dataset_info.json"


def llama_factory(_: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per pair: ``conversations``, which end with the user, ``chosen`` and ``rejected``."""
    for pair in pairs:
        [chosen], [rejected] = tagged(pair.chosen), tagged(pair.rejected)
        yield {"conversations": tagged(pair.prompt), "chosen": chosen, "rejected": rejected, **origin(pair)}


def dataset_info(file: str, before: bytes) -> bytes:
    """``dataset_info.json`` with an entry for ``file``, named by its stem; the other entries stay.

    Raises ``ValueError`` if ``before`` is not a JSON object.
    """
    entries: Any = json.loads(before or b"{}")
    if not isinstance(entries, dict):
        raise ValueError("it is no JSON object")
    columns = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
    entries[file.rpartition(".")[0] or file] = {
        "file_name": file,
        "formatting": "sharegpt",
        "ranking": True,
        "columns": columns,
    }
    return json.dumps(entries, indent=2, ensure_ascii=False).encode() + b"\n"


LLAMA_FACTORY = Format(
    llama_factory, "pair", "LLaMA-Factory: stage: dpo, dataset: NAME, dataset_dir: FOLDER", beside=(INFO, dataset_info)
)
