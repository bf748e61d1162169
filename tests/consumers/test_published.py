"""A published folder as Hugging Face ``datasets`` reads it, whole and streamed, and by the rules of the viewer."""

from __future__ import annotations

from pathlib import Path

import pytest

from personagen.flows.publish import planned, send
from personagen.options.publish import PublishOptions
from tests.hub.runs import rich_run

for package in ("detect_secrets", "phonenumbers"):
    pytest.importorskip(package)
datasets = pytest.importorskip("datasets")

CONFIGS = ("pairs", "trees", "personas", "rejections")


@pytest.fixture(autouse=True)
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every load, of a local file too, would be counted at the Hub."""
    monkeypatch.setattr(datasets.config, "HF_UPDATE_DOWNLOAD_COUNTS", False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    splits = {"t0": "train", "t1": "train", "t2": "test"}
    monkeypatch.setattr("personagen.flows.publish.split_of", lambda run, shares: splits)
    options = PublishOptions(to_folder=tmp_path / "out", with_persona=True, split="train=0.5,test=0.5")
    with planned(rich_run(tmp_path / "run"), None, options) as plan:
        send(plan)
    return tmp_path / "out"


@pytest.mark.parametrize("config", CONFIGS)
def test_every_configuration_loads_with_the_features_that_the_card_declares(folder: Path, tmp_path: Path, config: str):
    loaded = datasets.load_dataset(str(folder), config, cache_dir=str(tmp_path / "cache"))
    declared = datasets.load_dataset_builder(str(folder), config, cache_dir=str(tmp_path / "cache")).info
    for name, split in loaded.items():
        assert split.features == declared.features
        assert split.num_rows == declared.splits[name].num_examples > 0


def test_pairs_are_the_default_and_splits_hold_their_own_trees(folder: Path, tmp_path: Path):
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {name: {*split["tree"]} for name, split in loaded.items()} == {"train": {"t0", "t1"}, "test": {"t2"}}
    row = loaded["train"][0]
    assert [message["role"] for message in row["prompt"]] == ["user"]
    assert row["chosen"] == [{"role": "assistant", "content": "Reply 0 in turn 1."}]
    assert (row["margin"], row["personal"], row["flip_share"]) == (1.5, True, None)
    assert row["attributes"] == [{"name": "age", "value": "41", "whole": True}]


@pytest.mark.parametrize("config", CONFIGS)
def test_streaming_gives_the_same_rows(folder: Path, tmp_path: Path, config: str):
    whole = datasets.load_dataset(str(folder), config, split="train", cache_dir=str(tmp_path / "cache"))
    stream = datasets.load_dataset(str(folder), config, split="train", streaming=True)
    assert [*stream] == [*whole]


def test_a_column_whose_values_are_all_unknown_keeps_its_type_in_every_split(folder: Path):
    from pyarrow import parquet

    schemas = [parquet.read_schema(file) for file in sorted((folder / "pairs").iterdir())]
    assert schemas[0] == schemas[1]
    assert str(schemas[0].field("flip_share").type) == "double"
    groups = [parquet.ParquetFile(file).metadata for file in (folder / "pairs").iterdir()]
    assert all(group.row_group(0).column(0).has_offset_index for group in groups)  # the viewer reads by page
