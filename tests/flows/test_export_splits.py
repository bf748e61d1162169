"""Splits as they are written: a file each, proven by reading them again, and compared with the last export."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

import personagen.splits
from personagen.errors import CorruptError, UsageError
from personagen.exporters import EXPORTERS
from personagen.exporters.format import Format
from personagen.flows.export import export
from personagen.flows.proof import disjoint
from personagen.options.export import SelectionOptions
from personagen.splits import split_of
from tests.cli.runs import simulated
from tests.test_splits import person, tree

HALVES = SelectionOptions(split="train=0.7,test=0.3")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return simulated(tmp_path / "run", [tree(number, person(number % 15)) for number in range(30)])


def rows(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def with_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds a format whose rows say of which tree they are."""
    told = Format(lambda tree, pairs: ({"tree": tree.id, "n": len(pairs)} for _ in pairs), "pair", "nobody")
    monkeypatch.setitem(EXPORTERS, "told", told)


def test_each_split_is_a_file_with_the_rows_of_its_trees(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with_tree(monkeypatch)
    summary = export(run, "told", tmp_path / "out", HALVES)
    split = split_of(run, {"train": 0.7, "test": 0.3})
    assert summary.splits == {name: len(rows(tmp_path / "out" / f"{name}.jsonl")) for name in ("train", "test")}
    assert summary.rows == 30
    for name in ("train", "test"):
        assert {split[row["tree"]] for row in rows(tmp_path / "out" / f"{name}.jsonl")} == {name}
    reasons = rows(tmp_path / "out.selection.jsonl")
    assert {row["tree"]: row["split"] for row in reasons} == split


def test_the_proof_is_printed(run: Path, tmp_path: Path):
    [note] = export(run, "trl", tmp_path / "out", HALVES).notes
    assert note.startswith("read back: ")
    assert note.endswith("; no person, profile, personality, trait list, repeat of one, twin or series is in two")


def test_the_proof_claims_nothing_of_texts_that_are_not_there(tmp_path: Path):
    unknown = {"profile": "", "personality": "", "facts": (), "traits": ()}
    people = [person(number).model_copy(update=unknown) for number in range(15)]
    run = simulated(tmp_path / "run", [tree(number, people[number % 15]) for number in range(30)])
    [note] = export(run, "trl", tmp_path / "out", HALVES).notes
    assert "; no person, twin or series is in two. 30 trees lack their persona's texts" in note


@pytest.mark.parametrize("format", ["trl", "told"])
@pytest.mark.parametrize("to", ["jsonl", "parquet"])
def test_a_person_in_two_splits_is_found_in_what_was_written(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, to: str
):
    with_tree(monkeypatch)
    right = split_of(run, {"train": 0.7, "test": 0.3})
    other = {"train": "test", "test": "train"}
    wrong = {**right, "t20": other[right["t20"]]}
    monkeypatch.setattr(personagen.splits, "split_of", lambda *_: wrong)
    with pytest.raises(CorruptError, match=r"1 people, 1 profiles.* are in two splits; do not use them"):
        export(run, format, tmp_path / "out", SelectionOptions(split=HALVES.split, to=to))


def test_a_row_in_the_file_of_another_split_is_found(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with_tree(monkeypatch)
    export(run, "told", tmp_path / "out", HALVES)
    files = {name: tmp_path / "out" / f"{name}.jsonl" for name in ("train", "test")}
    moved = rows(files["train"])[0]["tree"]
    with files["test"].open("a") as file:
        file.write(json.dumps({"tree": moved}) + "\n")
    with pytest.raises(CorruptError, match=rf"test\.jsonl: tree {moved} is also in train"):
        disjoint(run, files, tmp_path / "out.selection.jsonl", {})


def test_what_datasets_is_given_to_load_has_both_splits(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    summary = export(run, "trl", tmp_path / "out", SelectionOptions(split=HALVES.split, to="parquet"))
    loaded = eval(summary.load, {"load_dataset": datasets.load_dataset})
    assert {name: len(part) for name, part in loaded.items()} == summary.splits


def test_a_function_makes_the_rows_of_each_split_apart(run: Path, own, tmp_path: Path):
    code = "def all(trees, pairs):\n    yield {'trees': [t.id for t in trees], 'pairs': [p.tree for p in pairs]}\n"
    summary = export(run, own(code) + ":all", tmp_path / "out", HALVES)
    train, test = (rows(tmp_path / "out" / f"{name}.jsonl")[0] for name in ("train", "test"))
    assert summary.rows == 2
    assert not {*train["trees"]} & {*test["trees"]}
    assert len(train["trees"]) + len(test["trees"]) == 30
    assert {*train["pairs"]} == {*train["trees"]}


def test_whoever_a_profile_holds_out_has_a_split(run: Path, tmp_path: Path):
    (tmp_path / "profile.toml").write_text('[holdout]\nfew = "persona = p3 or persona = p4"\n')
    options = SelectionOptions(profile=tmp_path / "profile.toml")
    assert export(run, "trl", tmp_path / "out", options).splits == {"train": 26, "few": 4}


def test_trees_that_changed_their_split_since_the_last_export_are_counted(run: Path, tmp_path: Path):
    export(run, "trl", tmp_path / "out", HALVES)
    assert len(export(run, "trl", tmp_path / "out", HALVES).notes) == 1
    file = tmp_path / "out.selection.jsonl"
    first, *rest = file.read_bytes().splitlines(keepends=True)
    row = orjson.loads(first)
    file.write_bytes(orjson.dumps({**row, "split": "spare"}) + b"\n" + b"".join(rest))
    last = export(run, "trl", tmp_path / "out", HALVES).notes[-1]
    assert last == f"trees that changed their split since the last export to this place: 1 from spare to {row['split']}"


@pytest.mark.parametrize("line", ["nothing", "[]", '{"tree": "t1"}'])
def test_another_file_in_the_place_of_the_reasons_is_refused(run: Path, tmp_path: Path, line: str):
    (tmp_path / "out.selection.jsonl").write_text(f"{line}\n")
    with pytest.raises(UsageError, match=r"out\.selection\.jsonl:1 says nothing of a pair: remove that file"):
        export(run, "trl", tmp_path / "out", HALVES)


def test_a_split_that_another_export_left_is_not_mixed_in(run: Path, tmp_path: Path):
    export(run, "trl", tmp_path / "out", SelectionOptions(split="train=0.5,valid=0.2,test=0.3"))
    with pytest.raises(UsageError, match=r"out has valid\.jsonl, which is not of this export; remove it"):
        export(run, "trl", tmp_path / "out", HALVES)


def test_a_split_whose_pairs_are_all_left_out_is_refused_and_nothing_is_written(run: Path, tmp_path: Path):
    split = split_of(run, {"train": 0.7, "test": 0.3})
    one = next(name for name, side in split.items() if side == "train")
    with pytest.raises(UsageError, match="the split test has no row"):
        export(run, "trl", tmp_path / "out", SelectionOptions(split=HALVES.split, where=f"tree = {one}"))
    assert not list((tmp_path / "out").iterdir())


def test_a_file_where_the_folder_should_be_is_refused(run: Path, tmp_path: Path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="out is a file; with splits --out names a folder"):
        export(run, "trl", tmp_path / "out", HALVES)


def test_a_run_without_its_trees_is_refused_before_it_is_split(run: Path, tmp_path: Path):
    (run / "trees.jsonl").unlink()
    with pytest.raises(UsageError, match=r"trees\.jsonl is missing"):
        export(run, "trl", tmp_path / "out", SelectionOptions(split="train=0.5,test=0.5"))
