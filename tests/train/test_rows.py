"""Exported files as they are read for training."""

from __future__ import annotations

from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.train.rows import digest, drawn, read, split_files


def test_a_folder_has_train_and_test_and_a_file_is_train(tmp_path: Path):
    for name in ("train.jsonl", "test.jsonl", "other.jsonl"):
        (tmp_path / name).touch()
    assert split_files(tmp_path) == {name: tmp_path / f"{name}.jsonl" for name in ("train", "test")}
    assert split_files(tmp_path / "other.jsonl") == {"train": tmp_path / "other.jsonl"}


def test_what_holds_no_rows_is_one_sentence(tmp_path: Path):
    (tmp_path / "rows.csv").touch()
    for data, said in (("rows.csv", "neither .jsonl nor .parquet"), ("no", "does not exist"), (".", "no train.jsonl")):
        with pytest.raises(UsageError, match=said):
            split_files(tmp_path / data)


def test_each_row_has_its_place_and_a_broken_line_is_named(tmp_path: Path):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"a": 1}\n{"a": 2}\n[3]\n')
    rows = read(file)
    assert [next(rows), next(rows)] == [(f"{file}:1", {"a": 1}), (f"{file}:2", {"a": 2})]
    with pytest.raises(UsageError, match=r"rows.jsonl:3 is not a JSON object"):
        next(rows)


def test_parquet_has_the_same_rows(tmp_path: Path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "rows.parquet"
    parquet.write_table(arrow.Table.from_pylist([{"a": [{"role": "user"}]}]), file)
    assert [*read(file)] == [(f"{file}, row 1", {"a": [{"role": "user"}]})]
    whole = file.read_bytes()
    for damaged in (whole[:-9], b"", whole[:4] + b"\0" * 60 + whole[64:]):
        file.write_bytes(damaged)
        with pytest.raises(UsageError, match=r"rows.parquet is damaged after row 0"):
            [*read(file)]


def test_rows_are_drawn_by_the_seed_and_fewer_are_the_first_of_more():
    rows = [{"n": n} for n in range(20)]
    whole = drawn(rows, 0, 1)
    assert whole != rows
    assert sorted(row["n"] for row in whole) == [*range(20)]
    assert drawn(rows, 5, 1) == whole[:5]
    assert drawn(rows, 0, 2) != whole


def test_a_digest_changes_with_one_byte(tmp_path: Path):
    file = tmp_path / "a.jsonl"
    found = set()
    for text in ("one", "two", "one"):
        file.write_text(text)
        found.add(digest({"train": file}))
    assert len(found) == 2
