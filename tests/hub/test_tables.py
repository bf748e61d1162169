"""The Parquet files of a run: splits by tree, files of bounded size, persona texts only if asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pyarrow import parquet

from personagen.hub import tables
from personagen.hub.tables import write_tables
from tests.hub.runs import rich_run

SECRETS = ("Marta", "repairs church organs", "blunt and impatient", "keeps bees", "is 41", "shy -> bold", "a tie about")


def unseen(*_):
    """Sees no row."""


def written(run: Path, folder: Path, splits=None, with_persona=True, see=unseen):
    configs = write_tables(run, folder, splits or {}, with_persona, see)
    return {config.name: config for config in configs}


def test_what_belongs_to_a_tree_is_in_the_split_of_the_tree(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    found = written(run, tmp_path / "out", {"t0": "test", "t1": "train", "t2": "train"})
    assert [*found["trees"].splits] == ["train", "test"]
    trees = {name: split.rows for name, split in found["trees"].splits.items()}
    pairs = {name: split.rows for name, split in found["pairs"].splits.items()}
    assert trees == {"train": 2, "test": 1}
    assert pairs == {"train": 6, "test": 3}
    assert [*found["rejections"].splits] == ["test"]
    rows = parquet.read_table(tmp_path / "out" / "pairs" / "test-00000-of-00001.parquet").to_pylist()
    assert {row["tree"] for row in rows} == {"t0"}


def test_a_persona_of_several_trees_is_there_once(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    trees = (run / "trees.jsonl").read_bytes()
    (run / "trees.jsonl").write_bytes(trees.replace(b'"id":"p2"', b'"id":"p1"'))
    assert written(run, tmp_path / "out")["personas"].rows == 2


def test_without_the_persona_no_file_holds_its_texts(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    seen: list[str] = []
    written(run, tmp_path / "out", with_persona=False, see=lambda file, number, row: seen.append(str(row)))
    assert [text for text in SECRETS if any(text in row for row in seen)] == []
    assert {"attributes", "because"} & {
        *parquet.read_schema(next((tmp_path / "out" / "pairs").iterdir())).names
    } == set()


def test_with_the_persona_they_are_there(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    seen: list[str] = []
    written(run, tmp_path / "out", see=lambda file, number, row: seen.append(str(row)))
    assert [text for text in SECRETS if not any(text in row for row in seen)] == []


def test_a_split_over_the_limit_gets_several_files_that_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "MAX_FILE_BYTES", 1)
    monkeypatch.setattr(tables, "TABLES", tuple(replace(table, group=2) for table in tables.TABLES))
    run = rich_run(tmp_path / "run")
    seen: list[tuple[str, int]] = []
    found = written(run, tmp_path / "out", see=lambda file, number, row: seen.append((file, number)))
    pairs = found["pairs"].splits["train"]
    assert pairs.files == [f"pairs/train-{n:05}-of-00005.parquet" for n in range(5)]
    assert sum(parquet.read_metadata(tmp_path / "out" / name).num_rows for name in pairs.files) == pairs.rows == 9
    assert {*(tmp_path / "out" / "pairs").iterdir()} == {tmp_path / "out" / name for name in pairs.files}
    assert ("pairs/train-00001", 1) in [(file.removesuffix(".parquet"), number) for file, number in seen]


def test_the_same_run_gives_the_same_bytes(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    for name in ("one", "two"):
        written(run, tmp_path / name)
    files = [file.relative_to(tmp_path / "one") for file in (tmp_path / "one").rglob("*.parquet")]
    assert len(files) == 4
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)
