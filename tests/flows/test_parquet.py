"""Parquet files: one declared schema for all of them, and the rows of the JSON lines."""

from __future__ import annotations

import builtins
import io
import json
from pathlib import Path
from typing import Any

import pytest

from personagen.errors import UsageError
from personagen.flows import parquet
from personagen.flows.export import export
from personagen.flows.parquet import convert, tree_ids
from personagen.options.export import SelectionOptions
from tests.cli.runs import several, simulated

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def converted(*files: list[dict[str, Any]], **like: Any) -> list[Any]:
    lines = [io.BytesIO(b"".join(json.dumps(row).encode() + b"\n" for row in rows)) for rows in files]
    outs = [io.BytesIO() for _ in files]
    convert(lines, outs, like)
    return [pq.read_table(out) for out in outs]


def types(table: Any) -> dict[str, str]:
    return {field.name: str(field.type) for field in table.schema}


def test_the_rows_are_those_of_the_lines(tmp_path: Path):
    run = simulated(tmp_path / "run", several(3))
    export(run, "trl", tmp_path / "a.jsonl", SelectionOptions(with_persona=True, with_provenance=True))
    options = SelectionOptions(with_persona=True, with_provenance=True, to="parquet")
    summary = export(run, "trl", tmp_path / "a.parquet", options)
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == lines
    assert summary.bytes == (tmp_path / "a.parquet").stat().st_size
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.jsonl", "a.parquet", "run"]


def test_no_column_has_the_type_null(tmp_path: Path):
    [table] = converted([{"margin": None, "personal": None, "pooled": None, "because": [], "x": None, "y": {"z": []}}])
    assert types(table) == {
        "margin": "double",
        "personal": "bool",
        "pooled": "string",
        "because": "list<element: string>",
        "x": "string",
        "y": "struct<z: list<element: string>>",
    }


def test_a_column_without_a_value_has_the_type_that_its_format_declares():
    [table] = converted([{"a": [], "b": None, "c": 3}], a=[{"x": 0.5}], b=True, c=0.5, d="")
    assert types(table) == {"a": "list<element: struct<x: double>>", "b": "bool", "c": "double"}


def test_the_columns_of_provenance_have_the_same_schema_in_every_run(tmp_path: Path):
    full, bare = several(1), [tree.model_copy(update={"beliefs": (), "models": {}}) for tree in several(1)]
    schemas = []
    for name, trees in (("full", full), ("bare", bare)):
        options = SelectionOptions(with_persona=True, with_provenance=True, to="parquet")
        export(simulated(tmp_path / name, trees), "trl", tmp_path / f"{name}.parquet", options)
        schemas.append(types(pq.read_table(tmp_path / f"{name}.parquet")))
    assert schemas[0] == schemas[1]
    assert "list<element: struct<name: string, value: double>>" in schemas[0]["provenance"]


def test_all_files_have_the_schema_of_all_rows():
    one, other = converted([{"a": 1, "b": None}], [{"a": 1.5, "c": [{"d": "x"}]}])
    assert types(one) == types(other)
    assert types(one)["a"] == "double"
    assert one.to_pylist() == [{"a": 1.0, "b": None, "c": None}]


def test_rows_of_many_blocks_have_one_schema(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parquet, "BLOCK_BYTES", 50)
    rows = [
        {"n": number if number < 90 else number + 0.5, "late": "x" if number > 95 else None} for number in range(100)
    ]
    [table] = converted(rows)
    assert table.to_pylist() == rows
    assert types(table) == {"n": "double", "late": "string"}


def test_a_text_that_looks_like_a_date_stays_a_text():
    rows = [{"at": "2024-01-02", "in": [{"at": "2024-01-02T03:04:05"}]}, {"at": "2024-01-02", "in": []}]
    assert converted(rows)[0].to_pylist() == rows


@pytest.mark.parametrize("rows", [[{"a": "x"}, {"a": 3}], [{"a": [1]}, {"a": {"b": 1}}]])
@pytest.mark.parametrize("block", [1, 1 << 20])
def test_a_column_of_two_types_is_refused(monkeypatch: pytest.MonkeyPatch, rows: list[dict], block: int):
    monkeypatch.setattr(parquet, "BLOCK_BYTES", block)
    with pytest.raises(UsageError, match=r"--to parquet: a column has values of two types: .*; use --to jsonl"):
        converted(rows)


def test_the_trees_of_a_file_are_those_of_its_column():
    out = [io.BytesIO(), io.BytesIO()]
    for rows, file in zip((b'{"tree": "t1", "n": 1}\n{"tree": "t2", "n": 2}\n', b'{"n": 1}\n'), out, strict=True):
        convert([io.BytesIO(rows)], [file], {})
    assert list(tree_ids(out[0]) or ()) == ["t1", "t2"]
    assert tree_ids(out[1]) is None


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def importing(name: str, *args: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args)

    run = simulated(tmp_path / "run", several(1))
    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(UsageError, match=r"--to parquet needs pyarrow: pip install 'personagen\[parquet\]'"):
        export(run, "trl", tmp_path / "a.parquet", SelectionOptions(to="parquet"))
