"""Exported files as Hugging Face ``datasets`` reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from personagen.exporters import EXPORTERS
from tests.consumers.rows import exported
from tests.exporters.rows import rows_of
from tests.trees import conversation

datasets = pytest.importorskip("datasets")

TEXT = datasets.Value("string")
MESSAGES = datasets.List({"role": TEXT, "content": TEXT})


@pytest.fixture(autouse=True)
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every load, of a local file too, would be counted at the Hub."""
    monkeypatch.setattr(datasets.config, "HF_UPDATE_DOWNLOAD_COUNTS", False)


def loaded(file: Path, folder: Path) -> Any:
    return datasets.load_dataset("json", data_files=str(file), split="train", cache_dir=str(folder / "cache"))


def test_a_trl_file_loads_as_three_columns_of_messages_and_where_they_come_from(tmp_path: Path):
    dataset = loaded(exported("trl", tmp_path), tmp_path)
    assert dataset.num_rows == 12
    assert dict(dataset.features) == {
        **dict.fromkeys(("prompt", "chosen", "rejected"), MESSAGES),
        **dict.fromkeys(("persona", "tree", "node", "chosen_agent", "rejected_agent", "twin"), TEXT),
        "turn": datasets.Value("int64"),
        "margin": datasets.Value("float64"),
    }


@pytest.mark.parametrize("kind", EXPORTERS)
def test_every_format_loads_with_a_type_for_each_column(tmp_path: Path, kind: str):
    dataset = loaded(exported(kind, tmp_path), tmp_path)
    assert dataset.num_rows >= 2
    assert "null" not in str(dataset.features)


def test_margins_that_are_unknown_at_first_do_not_hinder_loading(tmp_path: Path):
    row = rows_of("trl-dpo", conversation(turns=1))[0]
    assert row["margin"] == -1.0
    long = {**row, "prompt": [{"role": "user", "content": "x" * 6_000_000}]}  # datasets infers types by 10 MB
    lines = [orjson.dumps({**long, "margin": margin}) for margin in (row["margin"], row["margin"], 1.5)]
    (tmp_path / "long.jsonl").write_bytes(b"\n".join(lines))
    assert loaded(tmp_path / "long.jsonl", tmp_path)["margin"] == [-1.0, -1.0, 1.5]


def test_a_loaded_prompt_ends_with_the_user_and_alternates(tmp_path: Path):
    dataset = loaded(exported("trl", tmp_path), tmp_path)
    for row in dataset:
        roles = [message["role"] for message in [*row["prompt"], *row["chosen"]]]
        assert roles == ["user", "assistant"] * (len(roles) // 2)


def test_an_aloe_file_loads_as_one_row_a_conversation(tmp_path: Path):
    dataset = loaded(exported("aloe", tmp_path), tmp_path)
    turn = {
        "user": TEXT,
        "assistant": {"preferred": TEXT, "rejected": TEXT},
        "chosen": TEXT,
        "inferred_profile": TEXT,
        "inferred_personality": TEXT,
    }
    assert dict(dataset.features) == {"profile": TEXT, "personality": TEXT, "conversations": datasets.List(turn)}
    assert [len(row["conversations"]) for row in dataset] == [4, 4, 4]


@pytest.mark.parametrize("kind", ["trl", "aloe"])
def test_a_parquet_file_has_the_features_and_rows_of_the_json_lines(tmp_path: Path, kind: str):
    lines = loaded(exported(kind, tmp_path), tmp_path)
    file = exported(kind, tmp_path, to="parquet")
    table = datasets.load_dataset("parquet", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache"))
    assert dict(table.features) == dict(lines.features)
    assert table.to_list() == lines.to_list()
    streamed = datasets.load_dataset("parquet", data_files=str(file), split="train", streaming=True)
    assert list(streamed) == lines.to_list()
