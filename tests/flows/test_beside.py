"""What is written beside an exported file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.exporters import EXPORTERS
from personagen.flows.beside import beside

LLAMA = EXPORTERS["llama-factory"]


def test_most_formats_need_no_further_file(tmp_path: Path):
    assert beside(EXPORTERS["trl"], [tmp_path / "a.jsonl"]) == {}


def test_each_split_gets_an_entry_beside_those_that_are_there(tmp_path: Path):
    (tmp_path / "dataset_info.json").write_text('{"identity": {"file_name": "identity.json"}}')
    [(file, content)] = beside(LLAMA, [tmp_path / "train.jsonl", tmp_path / "test.jsonl"]).items()
    assert file == tmp_path / "dataset_info.json"
    assert list(json.loads(content)) == ["identity", "train", "test"]


def test_a_file_that_is_no_index_is_not_replaced(tmp_path: Path):
    (tmp_path / "dataset_info.json").write_text("notes")
    with pytest.raises(
        UsageError, match=r"dataset_info\.json can't take an entry for a\.jsonl: .*; give another --out"
    ):
        beside(LLAMA, [tmp_path / "a.jsonl"])
