"""What `personagen show` picks: turns by outcome, candidate, number and words, a random one; and its pager."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from personagen import read_pairs
from personagen.cli.pick import Pick
from personagen.records import ConversationTree
from tests.cli.runs import expanded, simulated
from tests.trees import PERSONA, conversation, verdicts


def mixed(id: str) -> ConversationTree:
    """Turn 1 has a pair, turn 2 is a tie, and in turn 3 the verdict changes with the order."""
    tree = conversation(id=id)
    turns = [node.id for node in tree.nodes if node.role == "user"]
    tie = tuple(v.model_copy(update={"tie": True}) for v in verdicts(turns[1], [f"{turns[1]}.0", f"{turns[1]}.1"]))
    one, other = verdicts(turns[2], [f"{turns[2]}.0", f"{turns[2]}.1"])
    torn = (one, other.model_copy(update={"ranking": other.ranking[::-1]}))
    kept = tuple(v for v in tree.judgments if v.node == turns[0])
    return tree.model_copy(update={"judgments": (*kept, *tie, *torn)})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    odd = mixed("t2")
    said = odd.nodes[1].model_copy(update={"content": "Ask your  LANDLORD\nabout it."})
    nodes = (odd.nodes[0], said, *odd.nodes[2:])
    return simulated(tmp_path / "run", [conversation(id="t1"), odd.model_copy(update={"nodes": nodes}), mixed("t3")])


@pytest.mark.parametrize(
    ("options", "trees", "turns"),
    [
        (["--only", "pairs"], ["t1", "t2", "t3"], [1, 2, 3]),
        (["--only", "ties"], ["t2", "t3"], [2]),
        (["--only", "inconsistent"], ["t2", "t3"], [3]),
        (["--rejected", "plain"], ["t1", "t2", "t3"], [1, 2, 3]),
        (["--rejected", "plain", "--turn", "3"], ["t1"], [3]),
        (["--search", "ask your landlord ABOUT"], ["t2"], [1]),
        (["--search", "organ", "--turn", "2", "--only", "ties"], ["t2", "t3"], [2]),
    ],
)
def test_trees_and_turns_are_picked(command, run: Path, options, trees, turns):
    found = json.loads(command("show", run, *options, "--json").stdout)
    assert [row["id"] for row in found["trees"]] == trees
    assert [at.count(".") // 2 + 1 for at in found["turns"]] == turns
    shown = command("show", run, *options).stdout
    assert f"tree {trees[0][1]}  {trees[0]}" in shown
    assert [number for number in (1, 2, 3) if f"\nturn {number}  " in shown] == turns


def test_both_conversations_of_a_twin_are_picked(command, run: Path):
    one, *others = read_pairs(run)
    pairs = [one.model_copy(update={"twin": "t9.t/0"}), *others]
    (run / "pairs.jsonl").write_text("".join(f"{pair.model_dump_json()}\n" for pair in pairs))
    found = json.loads(command("show", run, "--where", "twin", "--json").stdout)
    assert ([row["id"] for row in found["trees"]], found["turns"]) == (["t1"], [one.node])
    assert len(json.loads(command("show", run, "--where", "not-twin", "--json").stdout)["trees"]) == 3


def test_what_is_not_there_is_an_error(command, run: Path):
    found = command("show", run, "--rejected", "aware", "--search", "no where")
    assert "has no tree for --search 'no where' --rejected aware; leave an option out or change it" in found.stderr
    assert "has no tree for these options" in command("show", run, "--random", "--search", "nowhere").stderr
    assert "tree 1 has no turn for --only ties; leave" in command("show", run, "1", "--only", "ties").stderr
    assert "choose one of pairs, ties" in command("show", run, "--only", "tie").stderr


def test_rows_and_how_many_more_there_are_count_the_picked_ones(command, run: Path):
    assert "and 1 more" in command("show", run, "--only", "ties", "--rows", "1").stdout
    assert "more:" not in command("show", run, "--only", "ties", "--rows", "2").stdout


def test_only_failed_is_failed(command, run: Path):
    assert command("show", run, "--only", "failed").stdout == command("show", run, "--failed").stdout


def test_a_random_tree_is_one_of_those_picked_and_every_one_comes(command, run: Path):
    drawn = {
        json.loads(command("show", run, "--random", "--only", "ties", "--json").stdout)["tree"]["id"] for _ in range(40)
    }
    assert drawn == {"t2", "t3"}


def test_the_persona_in_brief_takes_two_lines(command, run: Path):
    shown = command("show", run, "1", "--brief").stdout
    assert "\nMarta, 61, repairs church organs in Porto.\nShe is blunt and impatient.\n" in shown
    assert "She lives in Porto." not in shown


def test_personas_are_picked_by_words_only(command, tmp_path: Path):
    other = PERSONA.model_copy(update={"id": "p2", "facts": ("She rents from a landlord.",)})
    pool = expanded(tmp_path / "pool", [PERSONA, other])
    found = json.loads(command("show", pool, "--search", "Landlord", "--json").stdout)
    assert [row["id"] for row in found["personas"]] == ["p2"]
    assert "this folder has personas" in command("show", pool, "--turn", "1").stderr


def test_in_a_tree_of_several_branches_a_picked_turn_says_what_it_follows():
    tree = conversation(turns=2).model_copy(update={"grow": "all"})
    assert Pick(turn=2).turns(tree) == ["0.0.0"]


def test_runs_nearby_are_listed_newest_first(command, tmp_path: Path):
    for age, name in enumerate(("b", "c", "a")):
        file = simulated(tmp_path / "outputs" / name, []) / "run.json"
        os.utime(file, (1e9 - age, 1e9 - age))
    said = command("show", "outputs").stderr
    assert "outputs/b, outputs/c, outputs/a" in said


def test_a_number_beyond_the_run_is_an_error_also_where_an_id_begins_with_it(command, tmp_path: Path):
    run = simulated(tmp_path / "run", [conversation(id=i) for i in ("7ff-0", "123", "0ab-0")])
    for number in ("7", "4", "0", "12"):
        assert "choose 1 to 3, or an id" in command("show", run, number).stderr
        assert "nothing failed" in command("show", run, number, "--failed").stderr
    assert "tree 2  123\n" in command("show", run, "123").stdout


@pytest.mark.parametrize("colour", ["", "1"])
def test_a_terminal_gets_the_output_through_the_pager(run: Path, tmp_path: Path, colour: str):
    def on_a_terminal(*arguments: str) -> str:
        main, other = pty.openpty()
        environment = os.environ | {"PAGER": f"tee {tmp_path / 'paged'}", "TERM": "xterm", "COLUMNS": "80"}
        environment |= {"FORCE_COLOR": colour} if colour else {}
        command = [sys.executable, "-m", "personagen", "show", str(run), *arguments]
        process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env=environment)
        os.close(other)
        seen = b""
        try:
            while part := os.read(main, 65536):
                seen += part
        except OSError:  # Linux says so when the other end is closed
            pass
        os.close(main)
        assert process.wait(60) == 0, seen
        return seen.decode()

    assert "tree 1  t1" in on_a_terminal("1").replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[2m", "")
    paged = (tmp_path / "paged").read_text()
    assert "chosen · aware" in paged.replace("\x1b[1;32m", "").replace("\x1b[0m", "").replace("\x1b[32m", "")
    assert ("\x1b[" in paged) is bool(colour)
    (tmp_path / "paged").unlink()
    on_a_terminal("1", "--json")
    assert not (tmp_path / "paged").exists()


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """A run with a turn that has grounds, a margin of 2, and another persona who prefers the other reply."""
    tree = conversation(id="t1", turns=2)
    first, second = (
        made.model_copy(update={"scores": scores, "confidence": 4, "lines": 4})
        for made, scores in zip(tree.judgments[2:], ((5, 3), (3, 5)), strict=True)
    )
    far = first.model_copy(update={"persona": "far", "ranking": first.ranking[::-1]})
    judged = tree.model_copy(update={"judgments": (*tree.judgments[:2], first, second, far)})
    return simulated(tmp_path / "told", [judged, conversation(id="t2", turns=2)])


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        (["personal"], 1),
        (["generic", "margin>=2"], 1),
        (["margin>2"], 0),
        (["not-personal"], 0),
        (["turn=2"], 2),
        ([], 4),
    ],
)
def test_turns_and_pairs_are_picked_by_what_their_verdicts_rest_on(command, told: Path, conditions, rows):
    options = [one for condition in conditions for one in ("--where", condition)]
    out = told.parent / "out.jsonl"
    exported = command("export", told, *options, "--out", out, "--json")
    shown = command("show", told, *options, "--json")
    assert len([*read_pairs(told, where=conditions)]) == rows
    if not rows:
        assert exported.exit_code == 2
        assert "not one of its 4 pairs is chosen; left out are " in exported.stderr
        assert json.loads(shown.stdout)["trees"] == []
        return
    assert json.loads(exported.stdout)["rows"] == len(out.read_bytes().splitlines()) == rows
    assert [row["id"] for row in json.loads(shown.stdout)["trees"]] == (["t1"] if rows == 1 else ["t1", "t2"])
    if rows == 1:
        assert [at.count(".") // 2 + 1 for at in json.loads(shown.stdout)["turns"]] == [2]


def test_a_condition_that_is_none_is_refused(command, told: Path):
    for words in (("show", told), ("export", told)):
        result = command(*words, "--where", "nice")
        assert (result.exit_code, "--where nice: at character 1, 'nice': choose personal" in result.stderr) == (2, True)


def test_conditions_are_shown_as_they_are_typed():
    assert (
        str(Pick(only="pairs", where=("personal", "margin>=1"))) == "--only pairs --where personal --where 'margin>=1'"
    )


def test_what_a_pair_rests_on_is_shown_below_the_verdict(command, told: Path):
    shown = " ".join(command("show", told, "1").stdout.split())
    assert "pair: margin 2, confidence 4, personal, knowable, generic" in shown
    assert shown.count("pair: ") == 1
