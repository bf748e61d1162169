"""What `personagen show` puts on the screen, from folders written as the flows write them."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from rich.cells import cell_len
from rich.console import Console

from personagen.cli import drawing
from personagen.cli.terminal import MAX_WIDTH
from personagen.records import ConversationTree, Persona
from tests.cli.runs import expanded, several, simulated
from tests.trees import PERSONA, conversation, trees

LONG = "word " * 120 + "x" * 300
WILD = "\x1b[2J\x1b]0;owned\x07\x9b31m[bold red]kept[/bold red] \u202eturned\u2066 :smile:\r\nnext\x00\u2028line"


def with_texts(text: str) -> ConversationTree:
    """A tree in which every text a model wrote is ``text``."""
    tree = conversation()
    who = PERSONA.model_copy(update={"profile": text, "personality": text, "facts": (text,), "traits": (text,)})
    nodes = tuple(node.model_copy(update={"content": text}) for node in tree.nodes)
    beliefs = tuple(
        belief.model_copy(
            update={"inferences": tuple(i.model_copy(update={"fact": text, "quote": text}) for i in belief.inferences)}
        )
        for belief in tree.beliefs
    )
    judgments = tuple(j.model_copy(update={"reason": text}) for j in tree.judgments)
    changed = {"persona": who, "nodes": nodes, "beliefs": beliefs, "judgments": judgments}
    return tree.model_copy(update={**changed, "models": {"user": text}})


def drawn(tree: ConversationTree, width: int = 80) -> str:
    """The tree as a terminal of this width shows it, without colours."""
    console = Console(width=width, file=StringIO(), markup=False, highlight=False)
    console.print(drawing.conversation(tree, "tree 1"))
    return cast(StringIO, console.file).getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return simulated(tmp_path / "run", several(3))


def test_a_run_shows_how_it_stands_its_trees_and_the_first_tree(command, folder: Path):
    shown = command("show", folder).stdout
    assert "simulate, done" in shown
    assert "0.2500 USD" in shown
    rows = [line.split() for line in shown.splitlines() if line[:1].isdigit() and " Marta" in line]
    assert [(row[0], row[1], row[-2], row[-1]) for row in rows] == [(str(n), f"t{n}", "3", "3") for n in (1, 2, 3)]
    assert "tree 1  t1" in shown
    assert "tree 2  t2" not in shown


def test_a_tree_is_named_by_place_id_or_the_beginning_of_its_id(command, tmp_path: Path):
    run = simulated(tmp_path / "run", [conversation(id=i) for i in ("abc-0", "abd-0", "7ff-0", "10-0")])
    for wanted, number, name in [("2", 2, "abd-0"), ("abc-0", 1, "abc-0"), ("abd", 2, "abd-0"), ("7f", 3, "7ff-0")]:
        assert f"tree {number}  {name}\n" in command("show", run, wanted).stdout
    assert "tree 4  10-0\n" in command("show", run, "10-").stdout


def test_a_place_goes_before_an_id_that_begins_with_the_same_digits(command, tmp_path: Path):
    run = simulated(tmp_path / "run", [conversation(id=i) for i in ("2aa-0", "bbb-0")])
    assert "tree 2  bbb-0\n" in command("show", run, "2").stdout


def test_an_id_goes_before_ids_that_begin_with_it(command, tmp_path: Path):
    run = simulated(tmp_path / "run", [conversation(id=i) for i in ("ab", "abc")])
    assert "tree 1  ab\n" in command("show", run, "ab").stdout


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("9", "has no tree 9; choose 1 to 3, or an id such as t1"),
        ("t", "matches 3 trees: t1 (1), t2 (2), t3 (3)"),
    ],
)
def test_a_tree_that_is_not_there_is_a_usage_error_that_says_which_are(command, folder: Path, wanted: str, said: str):
    result = command("show", folder, wanted)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_folder_that_is_no_run_is_a_usage_error_that_names_the_runs_near_it(command, folder: Path):
    result = command("show", folder.parent / "rnu")
    assert result.exit_code == 2
    assert f"runs nearby: {folder}" in result.stderr
    assert f"runs nearby: {folder}" in command("show", folder.parent).stderr


def test_a_run_that_has_written_nothing_yet_is_told_from_a_folder_that_is_no_run(command, tmp_path: Path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "journal.db").touch()
    assert "run has no results yet" in command("show", "run").stderr


def test_a_run_without_trees_says_so(command, tmp_path: Path):
    run = simulated(tmp_path / "run", [], status="interrupted")
    assert "No tree is finished yet." in command("show", run).stdout
    assert command("show", run, "1").exit_code == 2


def test_chosen_and_rejected_stand_side_by_side_and_the_one_that_goes_on_is_marked():
    shown = drawn(conversation(turns=2, said=(1, 0))).splitlines()
    first = next(n for n, line in enumerate(shown) if "chosen · aware .0" in line)
    assert "rejected · plain .1" in shown[first]
    assert "Reply 0 in turn 1." in shown[first + 1]
    assert shown[first + 1].index("Reply 0") < shown[first + 1].index("Reply 1")
    assert shown[first + 2].index("continues here") > 40
    assert sum("continues here" in line for line in shown) == 1


def test_the_persona_stands_above_and_what_is_revealed_beside_the_users_words():
    shown = drawn(conversation(turns=2))
    assert PERSONA.profile in shown
    assert PERSONA.personality in shown
    assert "She lives in Porto." in shown
    assert "blunt, impatient" in shown
    beside = next(line for line in shown.splitlines() if "This was my day 2 at the organ." in line)
    assert "She repairs organs" in beside
    assert "“my day 2 at the organ”" in shown


def test_quotes_from_earlier_turns_are_counted_not_repeated():
    tree = conversation(turns=3)
    both = tree.beliefs[1].inferences + tree.beliefs[2].inferences
    beliefs = (*tree.beliefs[:2], tree.beliefs[2].model_copy(update={"inferences": both, "dropped": 1}))
    shown = drawn(tree.model_copy(update={"beliefs": beliefs}))
    assert "revealed so far: 4" in shown
    assert "and 2 from earlier turns" in shown
    assert "1 dropped: quote not found" in shown
    assert shown.count("“my day 2 at the organ”") == 2


def judged_as(change) -> str:
    tree = conversation(turns=1)
    return drawn(tree.model_copy(update={"judgments": change(tree.judgments)}))


def test_a_turn_without_a_pair_says_why_and_labels_nothing_chosen():
    def tied(judgments):
        return tuple(j.model_copy(update={"tie": True}) for j in judgments)

    def swapped(judgments):
        return (judgments[0], judgments[1].model_copy(update={"ranking": judgments[1].ranking[::-1]}))

    for change, label in [(tied, "tie"), (swapped, "inconsistent"), (lambda _: (), "unjudged")]:
        shown = judged_as(change)
        assert f"no pair: {label}" in shown
        assert "chosen" not in shown
        assert "rejected" not in shown
    assert "judge: plain .1 over aware .0 (A plain .1, B aware .0)" in judged_as(swapped)


def test_a_tree_in_which_one_reply_goes_on_is_drawn_as_a_row():
    assert not set(drawn(conversation(turns=3))) & set("├└")


def test_a_branching_tree_is_drawn_as_branches_that_name_the_reply_they_follow():
    nodes = conversation(turns=2).nodes + tuple(
        node.model_copy(update={"id": node.id.replace("0.0.0", "0.1.0")})
        for node in conversation(turns=2).nodes
        if node.id.startswith("0.0.0")
    )
    shown = drawn(conversation(turns=2).model_copy(update={"nodes": nodes, "judgments": ()}))
    assert "├── turn 2  0.0.0  after aware .0" in shown
    assert "└── turn 2  0.1.0  after plain .1" in shown


def test_more_candidates_than_fit_go_into_further_rows():
    shown = drawn(conversation(turns=1, candidates=4), width=80)
    row = next(line for line in shown.splitlines() if "aware .0" in line)
    assert "plain .1" in row
    assert "plain .2" not in row
    assert "plain .2" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, MAX_WIDTH])
def test_no_line_is_wider_than_the_screen_and_no_word_is_lost(width: int):
    shown = drawn(with_texts(LONG), width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert shown.count("x") >= 300 * 3


@settings(deadline=None)
@given(trees())
def test_any_tree_can_be_drawn(tree: ConversationTree):
    shown = drawn(tree, 60)
    assert max(map(cell_len, shown.splitlines())) <= 60
    assert shown.count("turn ") >= sum(node.role == "user" for node in tree.nodes)


def test_text_of_models_is_neither_markup_nor_a_terminal_command(command, tmp_path: Path):
    tree = with_texts(WILD)
    run = simulated(tmp_path / "run", [tree.model_copy(update={"id": f"t1{WILD}"})])
    pool = expanded(tmp_path / "pool", [tree.persona])
    for arguments in [
        (run,),
        (run, "1"),
        (run, "x\x1b[2J"),
        (pool,),
        (pool, "1"),
        (f"{run}{WILD}".replace("\x00", ""),),
    ]:
        result = command("show", *arguments)
        assert not set(result.output) & set("\x1b\x9b\x07\x00\u202e\u2066\r\u2028")
        assert "owned" not in result.output
    assert "[bold red]kept[/bold red] turned :smile:" in command("show", run, "1").stdout


def test_json_holds_the_tree_and_its_pairs_as_stored(command, folder: Path):
    told = json.loads(command("show", folder, "2", "--json").stdout)
    assert told["tree"] == json.loads((folder / "trees.jsonl").read_bytes().splitlines()[1])
    stored = [json.loads(line) for line in (folder / "pairs.jsonl").read_bytes().splitlines()]
    assert told["pairs"] == [pair for pair in stored if pair["tree"] == "t2"]


def test_json_of_a_run_holds_its_state_the_table_and_the_first_tree(command, folder: Path):
    told = json.loads(command("show", folder, "--json", "--rows", "2").stdout)
    assert told["run"] == json.loads((folder / "run.json").read_bytes())
    assert [row["id"] for row in told["trees"]] == ["t1", "t2"]
    assert told["trees"][0] == {"index": 1, "id": "t1", "persona": PERSONA.profile, "turns": 3, "pairs": 3}
    assert told["tree"]["id"] == "t1"


def test_quiet_prints_nothing_but_errors(command, folder: Path):
    assert command("show", folder, "--quiet").output == ""
    assert command("show", folder, "1", "--quiet").output == ""
    assert "has no tree 9" in command("show", folder, "9", "--quiet").stderr


def test_a_long_table_ends_with_how_many_more_there_are(command, tmp_path: Path):
    run = simulated(tmp_path / "run", several(25))
    assert "… and 5 more" in command("show", run).stdout
    assert "… and" not in command("show", run, "--rows", "0").stdout


def test_a_run_of_expand_shows_personas(command, tmp_path: Path):
    other = Persona(id="p2", profile="He is 30.", personality="He is calm.", attributes={"age": 30}, traits=("calm",))
    pool = expanded(tmp_path / "pool", [PERSONA, other])
    shown = command("show", pool).stdout
    assert "expand, done" in shown
    assert "9, 4 of them seeds" in shown
    assert "persona 1" in shown
    assert "persona 2 · age 30" in command("show", pool, "2").stdout
    assert json.loads(command("show", pool, "p2", "--json").stdout)["persona"]["profile"] == "He is 30."
    assert "has no persona 3" in command("show", pool, "3").stderr


def test_a_damaged_line_is_named(command, folder: Path):
    whole = (folder / "trees.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "trees.jsonl").write_bytes(whole[0] + b'{"id": "t2"}\n' + b"not json\n")
    for wanted, line in [("2", 2), ("t3", 3)]:
        result = command("show", folder, wanted)
        assert result.exit_code == 70
        assert f"trees.jsonl:{line} is not a tree" in result.stderr


def test_an_id_is_found_whatever_stands_first_in_its_line_and_whatever_characters_it_has(command, tmp_path: Path):
    run = simulated(tmp_path / "run", [conversation(id=i) for i in ("t1", 'a"b\\c-0', "ünï-0", "zz-0")])
    *lines, last = (run / "trees.jsonl").read_bytes().splitlines()
    lines.append(json.dumps(dict(reversed(json.loads(last).items()))).encode())
    (run / "trees.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    for number, wanted in enumerate(('a"b\\c-0', "ünï-0", "zz"), 2):
        assert f"tree {number}  " in command("show", run, wanted).stdout
