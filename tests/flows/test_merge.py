"""Merged runs: unique ids, records that know their run, and a folder that show and export read."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import orjson
import pytest

from personagen.errors import UsageError
from personagen.flows.expand import expand
from personagen.flows.export import export
from personagen.flows.merge import merge
from personagen.options import ExpandOptions
from personagen.records import ConversationTree, Persona, PreferencePair, Rejection
from personagen.store.files import read_records, read_state
from personagen.trajectories import TrajectoryPair


def ids(folder: Path) -> list[str]:
    return [tree.id for tree in read_records(folder / "trees.jsonl", ConversationTree)]


@pytest.fixture
def two(run, tmp_path):
    """Two runs of the same personas: four with seed 0, six with seed 1."""
    run("a", conversations=4)
    run("b", seed=1)
    return tmp_path / "a", tmp_path / "b"


def test_ids_stay_unique_and_every_record_says_its_run(two, tmp_path):
    summary = merge(two, tmp_path / "m")
    assert summary.records["trees.jsonl"] == 10
    trees = list(read_records(tmp_path / "m" / "trees.jsonl", ConversationTree))
    assert len({tree.id for tree in trees}) == 10
    assert [tree.run for tree in trees] == ["a"] * 4 + ["b"] * 6
    before = {name: ids(tmp_path / name) for name in "ab"}
    assert {tree.id.rpartition(":")[2] for tree in trees if tree.run == "b"} == set(before["b"])
    renamed = [tree.id for tree in trees if ":" in tree.id]
    assert renamed == [f"b:{name}" for name in before["b"] if name in before["a"]]
    assert summary.renamed == len(renamed) == 4
    by_id = {tree.id: tree.run for tree in trees}
    pairs = list(read_records(tmp_path / "m" / "pairs.jsonl", PreferencePair))
    assert len(pairs) == sum(len((folder / "pairs.jsonl").read_bytes().splitlines()) for folder in two)
    assert all(by_id[pair.tree] == pair.run for pair in pairs)
    for row in read_records(tmp_path / "m" / "rejections.jsonl", Rejection):
        assert by_id[row.place.partition("/")[0]] == row.run


def test_a_record_of_no_merge_does_not_mention_a_run(two):
    assert b'"run"' not in (two[0] / "trees.jsonl").read_bytes() + (two[0] / "pairs.jsonl").read_bytes()


def test_equal_trees_are_kept_once(run, tmp_path):
    run("a", conversations=2)
    run("b", conversations=5)
    summary = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "m")
    assert (summary.equal, summary.renamed, summary.records["trees.jsonl"]) == (2, 0, 5)
    pairs = [(pair.tree, pair.node) for pair in read_records(tmp_path / "m" / "pairs.jsonl", PreferencePair)]
    assert len(pairs) == len(set(pairs)) == len((tmp_path / "b" / "pairs.jsonl").read_bytes().splitlines())


def test_a_merged_folder_can_be_merged_again_and_keeps_the_names_of_its_runs(run, two, tmp_path):
    merge(two, tmp_path / "m")
    run("x/a", seed=2)
    summary = merge([tmp_path / "m", tmp_path / "x" / "a"], tmp_path / "all")
    assert list(summary.runs) == ["a", "b", "a-2"]
    assert len(set(ids(tmp_path / "all"))) == len(ids(tmp_path / "all")) == 16
    runs = {tree.run for tree in read_records(tmp_path / "all" / "trees.jsonl", ConversationTree)}
    assert runs == {"a", "b", "a-2"}


def test_show_and_export_read_it(two, tmp_path, command):
    merge(two, tmp_path / "m")
    shown = command("show", "m").stdout.split()
    assert " ".join(shown).startswith("m status merge, done run a: ")
    assert shown[shown.index("trees") :][:4] == ["trees", "10", "of", "10"]
    rows = export(tmp_path / "m", "trl", tmp_path / "pairs.jsonl").rows
    assert rows == len((tmp_path / "m" / "pairs.jsonl").read_bytes().splitlines())
    state = read_state(tmp_path / "m")
    assert state["usage"]["calls"] == sum(read_state(folder)["usage"]["calls"] for folder in two)
    assert state["runs"]["b"]["options"]["seed"] == 1
    assert (tmp_path / "m" / "prompts" / "a" / "judge" / "prefer.md").is_file()


def test_pools_share_personas_and_can_be_simulated(tmp_path, command):
    for seed, name in enumerate("ab"):
        asyncio.run(expand(ExpandOptions(target=24, seed=seed, out=str(tmp_path / name))))
    written = json.loads(command("merge", "a", "b", "--out", "m", "--json").stdout)
    people = list(read_records(tmp_path / "m" / "personas.jsonl", Persona))
    assert len({p.id for p in people}) == len(people) == 48 - written["equal"]
    assert {p.run for p in people} == {"a", "b"}
    command("simulate", "--personas", "m/personas.jsonl", "--conversations", "2", "--turns", "1", "--quiet")
    again = orjson.loads((tmp_path / "outputs/run/trees.jsonl").read_bytes().splitlines()[0])
    assert again["persona"]["run"] in "ab"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a",), "two or more"),
        (("a", "a"), "two or more different"),
        (("a", "nowhere"), "nowhere is not a run folder"),
        (("a", "b", "--out", "a"), "a is one of the runs"),
        (("a", "b", "--out", "c"), "c holds something else"),
        (("a", "pool"), "pool is of expand"),
    ],
)
def test_what_can_not_be_merged_is_refused(two, tmp_path, command, arguments, said):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "notes.txt").touch()
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "run.json").write_text('{"command": "expand"}')
    assert said in command("merge", *arguments, code=2).stderr


def test_merging_again_replaces_the_merged_folder(two, tmp_path):
    first = merge(two, tmp_path / "m")
    assert merge(two, tmp_path / "m") == first
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "run.json").write_text('{"command": "expand"}')
    with pytest.raises(UsageError, match="different commands"):
        merge([two[0], tmp_path / "e"], tmp_path / "m")


def test_the_checked_messages_of_all_runs_are_added_up(run, tmp_path):
    for seed, name in enumerate("ab"):
        run(name, conversations=2, turns=2, check_rate=1, seed=seed)
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "m")
    assert read_state(tmp_path / "m")["summary"]["checks"] == {"messages": 8, "contradicting": 0}


def test_trajectory_pairs_are_merged_with_their_trees_and_a_run_without_them_is_too(run, tmp_path):
    run("a", conversations=2, turns=3, grow="all")
    run("b", conversations=2, turns=3, grow="all", seed=1)
    run("c", conversations=3, turns=3)
    assert not (tmp_path / "c" / "trajectories.jsonl").exists()
    summary = merge([tmp_path / name for name in "abc"], tmp_path / "m")
    pairs = list(read_records(tmp_path / "m" / "trajectories.jsonl", TrajectoryPair))
    each = [len((tmp_path / name / "trajectories.jsonl").read_bytes().splitlines()) for name in "ab"]
    assert (
        len(pairs)
        == sum(each)
        == summary.records["trajectories.jsonl"]
        == read_state(tmp_path / "m")["summary"]["trajectories"]
    )
    assert min(each) > 0
    trees = {tree.id: tree for tree in read_records(tmp_path / "m" / "trees.jsonl", ConversationTree)}
    for pair in pairs:
        assert trees[pair.tree].run == pair.run
        assert pair.node in {node.id for node in trees[pair.tree].nodes}
