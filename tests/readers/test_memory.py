"""Data in memory, in Parquet and Arrow files, and in folders of data sets."""

from __future__ import annotations

import builtins
import gzip
import json
import uuid
from decimal import Decimal
from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.personas.seeds import load_personas, load_seeds
from personagen.records import Persona

ROWS = [
    {"profile": "She keeps bees in Leeds.", "personality": "She is blunt.", "age": 34},
    {"profile": "He mends clocks in Cork.", "personality": None, "age": None},
]


def read(data, **more) -> list[tuple[str, str, object]]:
    return [(p.profile, p.personality, p.attributes.get("age")) for p in load_personas(data, **more)[0]]


WANTED = [(ROWS[0]["profile"], "She is blunt.", 34), (ROWS[1]["profile"], "", None)]


def frames():
    datasets, pandas, pa = (pytest.importorskip(name) for name in ("datasets", "pandas", "pyarrow"))
    yield pandas.DataFrame(ROWS)
    yield pandas.DataFrame(ROWS).convert_dtypes()
    yield datasets.Dataset.from_list(ROWS)
    yield datasets.DatasetDict(
        {"train": datasets.Dataset.from_list(ROWS[:1]), "b": datasets.Dataset.from_list(ROWS[1:])}
    )
    yield pa.Table.from_pylist(ROWS)


def test_frames_and_data_sets_are_read_as_files_are():
    for data in frames():
        assert read(data) == WANTED, type(data)


def test_iterables_of_dicts_texts_and_records_are_read():
    assert read(ROWS) == WANTED
    assert read(iter(ROWS)) == WANTED
    assert read({"profile": [r["profile"] for r in ROWS], "age": [34, None]}) == [
        (ROWS[0]["profile"], "", 34),
        (ROWS[1]["profile"], "", None),
    ]
    assert [p.text for p in load_seeds(["She keeps bees.", "He flies."]).profiles] == ["She keeps bees.", "He flies."]
    personas = load_personas(ROWS)[0]
    assert load_personas(personas)[0] == personas
    record = Persona(id="a", profile="She keeps bees.", personality="", facts=("F",), origin={"profile": "seed"})
    assert load_personas([record])[0] == (record,)


def test_a_row_in_memory_is_named_by_its_number_and_what_is_no_table_is_refused():
    with pytest.raises(UsageError, match=r"data row 2: expected a text or an object, not a number"):
        load_personas(["She keeps bees.", 7])
    assert load_personas(["She keeps bees.", 7], skip_bad_lines=True)[1][0].startswith("data row 2: skipped: ")
    for wrong in (7, b"bytes", object()):
        with pytest.raises(UsageError, match="is no table; give a path, or an iterable of dicts or texts"):
            load_personas(wrong)
    with pytest.raises(UsageError, match="the data has no persona"):
        load_personas([])


def parquet(path: Path, rows: list[dict]) -> Path:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_a_parquet_file_is_read_and_its_rows_are_numbered(tmp_path: Path):
    assert read(parquet(tmp_path / "a.parquet", ROWS)) == WANTED
    bad = parquet(tmp_path / "b.parquet", [*ROWS, {"profile": "", "personality": "x y", "age": 1}])
    with pytest.raises(UsageError, match=r"b\.parquet row 3: no profile, persona or text"):
        load_personas(bad)
    bad.write_bytes(bad.read_bytes()[:-20])
    with pytest.raises(UsageError, match=r"b\.parquet is no whole \.parquet file"):
        load_personas(bad)


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_compressed_lines_are_read(tmp_path: Path, suffix: str):
    text = "\n".join(map(json.dumps, ROWS)).encode()
    path = tmp_path / f"a.jsonl.{suffix}"
    if suffix == "gz":
        path.write_bytes(gzip.compress(text))
    else:
        with pytest.importorskip("pyarrow").CompressedOutputStream(str(path), "zstd") as out:
            out.write(text)
    assert read(path) == WANTED


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.csv.zst"])
def test_without_pyarrow_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch, name: str):
    (tmp_path / name).write_bytes(b"x")
    whole = builtins.__import__

    def without(module, *rest, **more):
        if module.partition(".")[0] == "pyarrow":
            raise ImportError(module)
        return whole(module, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"a\.\w+(\.zst)? is read with pyarrow: pip install 'personagen\[parquet\]'"):
        load_personas(tmp_path / name)


def test_a_folder_that_datasets_saved_is_read_with_all_its_splits(tmp_path: Path):
    datasets = pytest.importorskip("datasets")
    whole = datasets.Dataset.from_list(ROWS)
    whole.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": whole.select([0]), "z": whole.select([1])}).save_to_disk(tmp_path / "two")
    (tmp_path / "one" / "cache-123.arrow").write_bytes(b"x")
    assert read(tmp_path / "one") == read(tmp_path / "two") == WANTED
    assert load_personas(tmp_path / "two")[1][0].startswith("two: read 2 files of a data set, from train/data-")


def test_a_folder_downloaded_from_the_hub_is_read(tmp_path: Path):
    hub = tmp_path / ".cache" / "hub" / "snapshots" / "abc"
    parquet(hub / "data" / "train-00000-of-00002.parquet", ROWS[:1])
    parquet(hub / "data" / "train-00001-of-00002.parquet", ROWS[1:])
    (hub / "README.md").write_text("# A data set")
    (hub / ".gitattributes").write_text("x")
    (hub / ".huggingface").mkdir()
    (hub / ".huggingface" / "a.json").write_text("{}")
    assert read(hub) == WANTED


def test_two_columns_of_one_name_are_refused_in_every_table(tmp_path: Path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pa.table([pa.array([ROWS[0]["profile"]]), pa.array(["He bakes."])], names=["profile", "profile"])
    parquet.write_table(table, tmp_path / "a.parquet")
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as arrow:
        arrow.write_table(table)
    tables = [table, table.to_batches()[0], tmp_path / "a.parquet", tmp_path / "a.arrow"]
    for source in tables:
        with pytest.raises(UsageError, match=r": two columns are called profile; rename one of them"):
            load_personas(source)


def test_arrow_batches_and_arrays_are_tables_too():
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"profile": ["She sails.", "He bakes."]})
    for data in (table, table.to_batches()[0], table["profile"], table["profile"].chunk(0)):
        personas, _ = load_personas(data)
        assert [persona.profile for persona in personas] == ["She sails.", "He bakes."]


def test_a_named_index_of_a_dataframe_is_a_column_and_two_columns_of_one_name_are_refused():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"profile": ["She sails.", "He bakes."]}, index=pandas.Index([8, 9], name="id"))
    assert [persona.id for persona in load_personas(frame)[0]] == ["8", "9"]
    assert [persona.profile for persona in load_personas(frame.rename_axis(None))[0]] == ["She sails.", "He bakes."]
    with pytest.raises(UsageError, match="data: two columns are called profile; rename one of them"):
        load_personas(pandas.DataFrame([["She sails.", "He bakes."]], columns=["profile", "profile"]))


@pytest.mark.parametrize("form", [None, "numpy", "pandas", "arrow"])
def test_a_dataset_is_read_in_any_format_and_splits_are_numbered_on(form: str | None):
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict({"profile": ["She sails.", "He bakes."]}).with_format(form)
    assert [persona.profile for persona in load_personas(data)[0]] == ["She sails.", "He bakes."]
    _, notes = load_personas(datasets.DatasetDict(train=data, test=data))
    assert notes == ("2 repeated entries were merged (data row 3, data row 4)",)


@pytest.mark.parametrize("own_id", [uuid.UUID(int=5), Decimal(5)])
def test_ids_that_are_neither_texts_nor_numbers_are_written_as_texts(own_id: object):
    assert load_personas([{"id": own_id, "profile": "She sails."}])[0][0].id == str(own_id)


@pytest.mark.parametrize("address", ["https://example.org/a.jsonl", "hf://datasets/a/b", "s3://a/b.csv"])
def test_an_address_is_refused_with_the_way_to_a_path(address: str):
    with pytest.raises(UsageError, match="does not exist; download the file and give its path"):
        load_personas(address)


def test_of_a_run_folder_the_personas_are_read_as_seeds_too(tmp_path: Path):
    pool = tmp_path / "pool"
    pool.mkdir()
    for name in ("run.json", "rejections.jsonl", "notes.txt"):
        (pool / name).write_text('{"command": "expand"}\n')
    for load in (load_seeds, load_personas):
        with pytest.raises(UsageError, match="pool is a run without personas"):
            load(pool)
    record = Persona(id="p1", profile=ROWS[0]["profile"], personality="She is blunt.", origin={"profile": "seed"})
    (pool / "personas.jsonl").write_bytes(record.line() + b"\n")
    seeds = load_seeds(pool)
    assert [entry.text for entry in (*seeds.profiles, *seeds.personalities)] == [record.profile, record.personality]
    assert load_personas(pool)[0] == (record,)
