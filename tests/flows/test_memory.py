"""Data given in Python is read as the same rows in a file would be."""

from __future__ import annotations

import orjson
import pytest

import personagen
from personagen.errors import UsageError
from personagen.options import ExpandOptions, SimulateOptions, source
from personagen.personas.seeds import load_personas, load_seeds
from tests import fakes

ROWS = [
    {"profile": "She is 41 and keeps bees in Leiden.", "personality": "She is blunt and shy.", "facts": ["keeps bees"]},
    {"persona": "A retired botanist who walks to Delft every Sunday."},
    "He is 30, bakes bread in Porto and looks after his father.",
]


def given(data):
    return source(SimulateOptions(personas=data).personas)


@pytest.mark.parametrize("made", [list, tuple, iter, lambda rows: (row for row in rows)])
def test_rows_in_memory_are_the_personas_that_the_same_file_gives(tmp_path, made):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in ROWS))
    assert load_personas(given(made(ROWS)))[0] == load_personas(file)[0]
    seeds, theirs = load_seeds(source(ExpandOptions(seeds=made(ROWS)).seeds)), load_seeds(file)
    assert [d.id for d in seeds.profiles] == [d.id for d in theirs.profiles]


def test_records_stay_what_they_are():
    assert load_personas(given([fakes.PERSONA])) == ((fakes.PERSONA,), ())


def test_a_dataset_gives_its_rows():
    datasets = pytest.importorskip("datasets")
    found, _ = load_personas(given(datasets.Dataset.from_list([{"persona": row} for row in (ROWS[2], ROWS[2] + " x")])))
    assert [p.profile for p in found] == [ROWS[2], ROWS[2] + " x"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"x", "y"}, "--personas is of type set: give a path, a list of texts or dicts"),
        (b"x", "--personas is of type bytes"),
        (3, "--personas is of type int"),
        ([], "the data has no persona"),
        (["He bakes.", 7], "data row 2: expected a text or an object, not a number"),
        ([{"bio": "He bakes."}], "data row 1: no profile, personality, persona or text in the columns bio"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_row(data, said, tmp_path):
    with pytest.raises(UsageError, match="^" + said):
        personagen.simulate(personas=data, out=tmp_path / "run")


def test_a_run_on_data_in_memory_is_known_by_its_content(tmp_path):
    def simulated(personas):
        return personagen.simulate(personas=personas, out=tmp_path / "run", turns=1, model=fakes.llm).report.new_calls

    assert simulated(ROWS) > 0
    assert simulated(iter(ROWS)) == 0
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in ROWS))
    assert simulated(file) == 0
    with pytest.raises(UsageError, match=r"holds another run: .*other personas"):
        simulated(ROWS[:2])
    assert orjson.loads((tmp_path / "run" / "run.json").read_bytes())["options"]["personas"] == str(file)


def test_seeds_in_memory_are_known_by_their_content_too(tmp_path):
    def expanded(seeds):
        options = {"out": tmp_path / "pool", "target": 24, "personalities": 20}
        return personagen.expand(seeds=seeds, **options).report.new_calls

    assert expanded(ROWS) > 0
    assert expanded(tuple(ROWS)) == 0
    with pytest.raises(UsageError, match="other seeds"):
        expanded(ROWS[1:])
