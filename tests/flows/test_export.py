"""Exporting a run: what is written, what is refused, and that memory does not grow with the run."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import orjson
import pytest

from personagen.errors import CorruptError, DiskError, UsageError
from personagen.flows.export import export
from personagen.options.export import SelectionOptions
from personagen.records import Judgment
from personagen.store.files import BUFFER_BYTES
from tests.cli.runs import expanded, several, simulated
from tests.trees import PERSONA, conversation

WITH_PERSONA = SelectionOptions(with_persona=True)


def tied(id: str = "t1"):
    """A tree that gives no pair: its one turn ended in a tie."""
    tree = conversation(turns=1, id=id)
    return tree.model_copy(
        update={"judgments": tuple(Judgment(**{**j.model_dump(), "tie": True}) for j in tree.judgments)}
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return simulated(tmp_path / "run", several(3))


def test_trl_gets_one_row_a_pair(run: Path, tmp_path: Path):
    summary = export(run, "trl", tmp_path / "pairs.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]
    assert summary.rows == len(rows) == 9
    assert summary.bytes == (tmp_path / "pairs.jsonl").stat().st_size
    assert all({"prompt", "chosen", "rejected", "persona", "tree"} <= set(row) for row in rows)


def test_aloe_gets_one_row_a_tree(run: Path, tmp_path: Path):
    assert export(run, "aloe", tmp_path / "aloe.jsonl", WITH_PERSONA).rows == 3


def test_what_the_summary_says_loads_the_file_with_datasets(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    out = tmp_path / 'a "quoted" näme.jsonl'
    summary = export(run, "trl", out)
    data = eval(summary.load, {"load_dataset": datasets.load_dataset})
    assert len(data) == 9
    assert data[0]["chosen"][0]["role"] == "assistant"


def test_the_folder_of_the_file_is_made(run: Path, tmp_path: Path):
    export(run, "trl", tmp_path / "a" / "b" / "pairs.jsonl")
    assert (tmp_path / "a" / "b" / "pairs.jsonl").stat().st_size > 0


def test_a_file_that_stood_there_is_replaced_whole(run: Path, tmp_path: Path):
    out = tmp_path / "pairs.jsonl"
    out.write_bytes(b"x" * 1_000_000)
    assert export(run, "trl", out).bytes == len(out.read_bytes()) < 1_000_000


@pytest.mark.parametrize("name", ["trees.jsonl", "pairs.jsonl", "run.json", "journal.db", "journal.db-wal", ".lock"])
def test_the_runs_own_files_are_never_written_over(run: Path, name: str):
    before = {file: file.read_bytes() for file in run.iterdir()}
    with pytest.raises(UsageError, match="belongs to the run"):
        export(run, "trl", run / ".." / "run" / name)
    assert {file: file.read_bytes() for file in run.iterdir()} == before


def test_a_folder_as_out_is_refused(run: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="is a folder"):
        export(run, "trl", tmp_path)


def test_an_out_that_cannot_be_made_is_a_disk_error(run: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="give another --out"):
        export(run, "trl", tmp_path / "file" / "pairs.jsonl")


def test_an_unfinished_run_with_pairs_is_exported_and_said_to_be_unfinished(tmp_path: Path):
    run = simulated(tmp_path / "run", several(2), status="interrupted")
    summary = export(run, "trl", tmp_path / "pairs.jsonl")
    assert summary.rows == 6
    assert summary.notes == ("the run is not finished (2 of 3 trees): exported what it has so far",)


@pytest.mark.parametrize("format", ["trl", "aloe"])
def test_an_unfinished_run_without_pairs_is_refused(tmp_path: Path, format: str):
    run = simulated(tmp_path / "run", [tied()], status="interrupted")
    with pytest.raises(UsageError, match="not finished and has no pairs"):
        export(run, format, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_a_finished_run_without_pairs_writes_no_empty_file_for_trl(tmp_path: Path):
    run = simulated(tmp_path / "run", [tied()])
    with pytest.raises(UsageError, match="nothing to export as trl: it has no pairs"):
        export(run, "trl", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    assert export(run, "aloe", tmp_path / "out.jsonl", WITH_PERSONA).rows == 1


def test_a_run_of_expand_is_refused_with_what_to_do(tmp_path: Path):
    pool = expanded(tmp_path / "pool", [PERSONA])
    with pytest.raises(UsageError, match=r"has personas, not conversations; .*personagen simulate"):
        export(pool, "trl", tmp_path / "out.jsonl")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match=r"run\.json"):
        export(tmp_path, "trl", tmp_path / "out.jsonl")


def test_an_unknown_format_is_refused_with_those_there_are(run: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="--format csv: choose one of trl, trl-dpo"):
        export(run, "csv", tmp_path / "out.jsonl")


def test_a_damaged_line_is_named_and_leaves_what_stood_there(run: Path, tmp_path: Path):
    pairs = (run / "pairs.jsonl").read_bytes().splitlines(keepends=True)
    (run / "pairs.jsonl").write_bytes(pairs[0] + b'{"prompt": 3}\n')
    (tmp_path / "out.jsonl").write_text("before")
    with pytest.raises(CorruptError, match=r"pairs\.jsonl:2"):
        export(run, "trl", tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "before"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.jsonl", "run"]


def test_pairs_that_do_not_belong_to_the_trees_are_a_corrupt_run(run: Path, tmp_path: Path):
    trees = (run / "trees.jsonl").read_bytes().splitlines(keepends=True)
    (run / "trees.jsonl").write_bytes(b"".join(trees[::-1]))
    with pytest.raises(CorruptError, match="run `personagen simulate` on it again"):
        export(run, "aloe", tmp_path / "out.jsonl", WITH_PERSONA)


def test_a_function_of_ones_own_in_the_working_folder_is_an_exporter(run: Path, own):
    name = (
        own("def sft(trees, pairs):\n    for tree in trees:\n        yield {'id': tree.id, 'n': len(tree.nodes)}\n")
        + ":sft"
    )
    assert export(run, name, Path("out.jsonl")).rows == 3
    assert orjson.loads(Path("out.jsonl").read_bytes().splitlines()[1]) == {"id": "t2", "n": 9}


def test_a_fault_in_ones_own_exporter_is_told_with_its_file_and_line(run: Path, own):
    name = own("def sft(trees, pairs):\n    for pair in pairs:\n        yield {'x': pair.nothing}\n") + ":sft"
    with pytest.raises(UsageError, match=r"sft \(own_\d+\.py:3\) raised AttributeError"):
        export(run, name, Path("out.jsonl"))
    assert not Path("out.jsonl").exists()


def test_a_row_that_is_no_json_is_told(run: Path, own):
    name = own("def sft(trees, pairs):\n    yield {'x': object()}\n") + ":sft"
    with pytest.raises(UsageError, match=r"\(own_\d+\.py:1\) raised TypeError"):
        export(run, name, Path("out.jsonl"))


@pytest.mark.parametrize("name", ["no_such_module:sft", "json:no_such_function", "json:", ":f"])
def test_a_function_that_is_not_there_is_a_usage_error(run: Path, tmp_path: Path, name: str):
    with pytest.raises(UsageError):
        export(run, name, tmp_path / "out.jsonl")


@pytest.mark.slow
@pytest.mark.parametrize("format", ["trl", "aloe"])
def test_memory_does_not_grow_with_the_run(tmp_path: Path, format: str):
    def peak(trees: int) -> int:
        run = simulated(tmp_path / f"run{trees}", several(trees))
        tracemalloc.start()
        try:
            export(run, format, tmp_path / "out.jsonl", WITH_PERSONA)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    few, many = peak(400), peak(1200)
    assert (tmp_path / "run400" / "pairs.jsonl").stat().st_size > 2 * BUFFER_BYTES
    assert many < 1.1 * few


def test_balance_length_keeps_pairs_in_which_the_longer_reply_is_chosen_in_half(tmp_path: Path):
    trees = several(12)
    swapped = [
        tree.model_copy(
            update={
                "nodes": tuple(
                    node.model_copy(update={"content": f"{node.content} {'And more of it. ' * (1 + at % 3)}"})
                    if node.role == "assistant" and node.id.endswith("0" if at % 4 else "1")
                    else node
                    for node in tree.nodes
                )
            }
        )
        for at, tree in enumerate(trees)
    ]
    folder = simulated(tmp_path / "long", swapped)
    summary = export(folder, "trl", tmp_path / "b.jsonl", SelectionOptions(balance="length"))
    rows = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    longer = [len(row["chosen"][0]["content"]) > len(row["rejected"][0]["content"]) for row in rows]
    assert 0 < sum(longer) == len(rows) / 2 < 36
    [note] = summary.notes
    assert note.startswith(f"--balance length kept {len(rows)} of 36 pairs: ")
    assert note.endswith("the longer reply was chosen in 75% of them, in those kept in half")


def test_balance_says_where_no_pair_is_left(tmp_path: Path):
    tree = conversation(turns=2)
    nodes = [
        n.model_copy(update={"content": n.content + " More, and more of it."})
        if n.id.endswith(".0") and n.agent != "user"
        else n
        for n in tree.nodes
    ]
    folder = simulated(tmp_path / "long", [tree.model_copy(update={"nodes": tuple(nodes)})])
    with pytest.raises(UsageError, match="--balance length leaves none of the 2 pairs"):
        export(folder, "trl", tmp_path / "b.jsonl", SelectionOptions(balance="length"))


def test_llama_factory_s_index_is_written_beside_the_file(run: Path, tmp_path: Path):
    export(run, "llama-factory", tmp_path / "out" / "personal.jsonl")
    assert "personal" in json.loads((tmp_path / "out" / "dataset_info.json").read_text())


def test_a_file_that_openai_would_refuse_gets_a_note(run: Path, tmp_path: Path):
    summary = export(run, "openai-dpo", tmp_path / "out.jsonl")
    assert summary.notes == ("the file has 9 rows, and is refused with fewer than 10",)


def test_further_columns_are_refused_for_a_format_that_takes_none(run: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="--format openai-dpo can't have further columns"):
        export(run, "openai-dpo", tmp_path / "out.jsonl", SelectionOptions(with_provenance=True))


def test_a_run_without_branches_says_what_gives_some(run: Path, tmp_path: Path):
    with pytest.raises(UsageError, match=r"it has no pairs of branches \(--grow best-hard gives some\)"):
        export(run, "segments", tmp_path / "out.jsonl")
