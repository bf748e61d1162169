"""The rows about user turns in a summary, and a run beside conversations of real users."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personagen.cli.realism import realism_rows
from personagen.records import ConversationTree
from personagen.store.files import read_records

FIGURES = {
    "words": {"p10": 3, "median": 9, "p90": 20},
    "length_cv": 0.5,
    "no_end_mark": 0.25,
    "told_by_turn": {"1": 0.1, "2": 0.2, "3": 0.3, "5": 0.4, "6": 0.5},
    "endings": {"all turns": 3, "left": 7},
}


def test_a_summary_has_three_rows_and_show_all_of_them():
    short = dict(realism_rows({"all": FIGURES, "noise low": FIGURES}))
    assert short["user turns"] == "9 words (3-20), length CV 0.50, no end mark 25%"
    assert short["real users"].startswith("11 words (4-35), length CV 0.60, no end mark 52%, polite 9% (")
    assert short["told by turn"] == "1: 10%, 2: 20%, 5: 40%, 6: 50% of the facts"
    whole = dict(realism_rows({"all": FIGURES, "noise low": FIGURES}, whole=True))
    assert whole["endings"] == "left 7, all turns 3"
    assert whole["  noise low"] == short["user turns"]
    assert realism_rows({}) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the offline cast with 25 people."""
    import asyncio

    from personagen.flows.simulate import simulate
    from personagen.options import SimulateOptions
    from tests import fakes

    place = tmp_path_factory.mktemp("run")
    given = {"personas": str(fakes.personas(place, 25)), "turns": 3, "out": str(place / "run")}
    asyncio.run(simulate(SimulateOptions(**given)))
    return place / "run"


def reference(folder: Path, file: Path, turned=lambda text: f"{text} regards", **fields) -> Path:
    """The run's own conversations as messages of other people, with ``turned`` texts."""
    rows = []
    for tree in read_records(folder / "trees.jsonl", ConversationTree):
        said = [{"role": node.role, "content": turned(node.content)} for node in tree.nodes]
        rows.append(json.dumps({"messages": said, "user_id": tree.id, **fields}))
    file.write_text("\n".join(rows))
    return file


def test_a_run_stands_beside_a_reference(command, folder, tmp_path):
    shown = command("show", folder, "--reference", reference(folder, tmp_path / "real.jsonl"))
    rows = {line[2:].partition("  ")[0]: line for line in shown.stdout.splitlines()[1:]}
    assert list(rows) == ["conversations", "user turns", "reference", "told apart"]
    assert "25 of the run, 25 of the reference" in rows["conversations"]
    found = json.loads(command("show", folder, "--reference", tmp_path / "real.jsonl", "--json").stdout)
    assert found["reference"]["no_end_mark"] == 1.0 > found["run"]["no_end_mark"]
    trees = list(read_records(folder / "trees.jsonl", ConversationTree))
    assert found["run"]["turns"] == sum(node.role == "user" for tree in trees for node in tree.nodes)
    assert found["accuracy"]["value"] > 0.7


def test_too_few_speakers_give_figures_and_no_test(command, folder, tmp_path):
    few = reference(folder, tmp_path / "few.jsonl").read_text().splitlines()[:5]
    (tmp_path / "few.jsonl").write_text("\n".join(few))
    assert "a classifier needs 20 speakers" in command("show", folder, "--reference", tmp_path / "few.jsonl").stdout


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"language": "French"}, "25 conversations are in other languages than en"),
        ({"messages": 3}, "no row is a conv"),
    ],
)
def test_a_reference_without_a_usable_conversation_says_why(command, folder, tmp_path, fields, said):
    file = reference(folder, tmp_path / "real.jsonl", **fields)
    result = command("show", folder, "--reference", file)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "WildChat, LMSYS-Chat, messages, ShareGPT" in result.stderr


def test_a_parquet_file_in_the_layout_of_wildchat_is_read(command, folder, tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [json.loads(line) for line in reference(folder, tmp_path / "real.jsonl").read_text().splitlines()]
    table = [
        {"conversation_hash": f"h{n}", "language": "English", "conversation": [
            {**message, "hashed_ip": f"ip{n}", "toxic": False} for message in row["messages"]]}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    parquet.write_table(pa.Table.from_pylist(table), tmp_path / "wildchat.parquet")
    found = json.loads(command("show", folder, "--reference", tmp_path / "wildchat.parquet", "--json").stdout)
    assert found["reference"]["conversations"] == 25
    assert found["accuracy"] is not None
