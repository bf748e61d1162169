"""What `personagen show RUN --failed` and the summaries say of replies that could not be used."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from personagen.agents.reply_counts import ReplyCounts, discarded_part
from personagen.cli.common import discarded_rows, table
from personagen.prompts import files as prompts
from personagen.records import Rejection
from personagen.runs.advice import advice
from tests import fakes
from tests.cli.runs import lines, several, simulated
from tests.fakes import answer, cast

MODEL = ("--model", "tests.fakes:llm")
LONG = "Half a sentence that " + "goes on and on " * 40
ROWS = [
    Rejection(place="t1-0/0", gate="tie", reason="a tie in 1 of 2 verdicts"),
    Rejection(place="t1-0/0.0", gate="unusable", reason="cut off; it was left out", text=LONG,
              finish_reason="length", attempts=3),
    Rejection(place="t1-0/0.1.0", gate="role", reason="offers help; asked again", text="How can I help?\x1b[2J"),
    Rejection(place="t1-0/0.1.0", gate="goodbye", reason="both sides have taken leave"),
    Rejection(place="t2-0/0", gate="failed", reason="the server is busy"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    run = simulated(tmp_path / "run", several(1))
    lines(run / "rejections.jsonl", ROWS)
    return "run"  # in the folder that the command is started in


def told(result, code=0):
    """What a command says, with its exit code, without line breaks."""
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_the_list_has_reason_how_it_ended_and_the_beginning_of_the_text(command, folder):
    said = told(command("show", folder, "--failed"))
    assert "1 t1-0/0.0 unusable ended by length, 3 attempts" in said
    assert "cut off; it was left out" in said
    assert "Half a sentence that goes on" in said
    assert said.count("goes on and on") < 10
    assert "2 t1-0/0.1.0 role" in said
    assert "How can I help?" in said
    assert "3 t2-0/0 failed" in said
    assert "the server is busy" in said
    assert "tie" not in said
    assert "taken leave" not in said
    assert "\x1b[2J" not in said
    assert f"personagen show {folder} 1 --failed" in said


@pytest.mark.parametrize(("wanted", "numbers"), [("1", [1]), ("t1-0", [1, 2]), ("t2", [3]), ("t1-0/0.1", [2])])
def test_a_number_or_the_beginning_of_a_place_gives_the_whole_text(command, folder, wanted, numbers):
    said = told(command("show", folder, wanted, "--failed"))
    assert [n for n in (1, 2, 3) if f"{n} t" in said] == numbers
    assert (said.count("goes on and on") == 40) is (1 in numbers)
    rows = json.loads(command("show", folder, wanted, "--failed", "--json").stdout)["failed"]
    assert [row["index"] for row in rows] == numbers
    assert [row["text"] for row in rows] == [ROWS[(1, 2, 4)[n - 1]].text for n in numbers]


def test_it_pages_as_the_other_tables(command, folder):
    said = told(command("show", folder, "--failed", "--rows", 1))
    assert "… and 2 more: personagen show" in said
    assert "t2-0" not in said
    assert json.loads(command("show", folder, "--failed", "--rows", 1, "--json").stdout)["more"] == 2


def test_what_is_not_there_is_a_usage_error_and_no_failure_is_said_to_be_none(command, folder, tmp_path):
    assert "has no failure 9; choose 1 to 3" in told(command("show", folder, "9", "--failed"), 2)
    lines(tmp_path / folder / "rejections.jsonl", ROWS[:1])
    assert "Nothing failed in" in told(command("show", folder, "--failed"))
    assert "nothing failed in it" in told(command("show", folder, "9", "--failed"), 2)


def test_a_damaged_line_is_named(command, folder, tmp_path):
    with (tmp_path / folder / "rejections.jsonl").open("ab") as file:
        file.write(b'{"place": 3\n')
    assert "rejections.jsonl:6 is not a rejection" in told(command("show", folder, "--failed"), 70)


def test_a_run_that_came_to_nothing_points_to_what_failed(command, personas, model):
    model(lambda call: answer("Half a", finish_reason="length") if call.role == "user" else cast(call))
    ended = told(command("simulate", "--personas", personas, "--turns", 1, "--out", "run", *MODEL), 5)
    assert "18 of 18 replies were cut off at max_tokens: raise it in " in ended
    assert "`personagen show run --failed` shows what failed" in ended
    shown = told(command("show", "run"))
    assert "No tree came of it: `personagen show run --failed` shows why." in shown
    assert "6 because user/speak gave no usable reply in 3 attempts" in shown
    failed = told(command("show", "run", "--failed"))
    assert failed.count("failed ended by length, 3 attempts") == 6
    assert "Half a" in failed


def test_the_summary_tells_what_was_given_up_and_what_the_discarded_replies_cost(command, personas, model):
    def reply(call):
        cut = call.role == "judge" and call.sample.endswith("/0")
        lost = call.role == "user" and call.inputs["turn"] == 2
        return answer("{", finish_reason="length") if cut else "" if lost else cast(call)

    model(reply)
    size = ("--turns", 2, "--counterfactual", 0)
    said = told(command("simulate", "--personas", personas, *size, "--out", "run", *MODEL))
    assert "unusable replies 6: user/speak 6" in said
    assert "ended early 6: unusable 6" in said
    assert "re-asked 24: empty 12, length 12" in said
    assert "discarded 30 of 66 replies: 90 tokens in, 60 out, 15.0000 USD" in said
    assert "12 of 24 replies were cut off at max_tokens: raise it in " in said
    assert "18 of 24 replies were empty (user/speak)" in said
    assert "personagen show run --failed" in said


def counted(**thought):
    counts = ReplyCounts()
    for name, n in [("user/speak", 3), ("judge/prefer", 2), ("assistant/plain", 1)]:
        for _ in range(n):
            counts.add(name, fakes.answer("").usage, "length")
        if name.partition("/")[0] in thought:
            counts.reasoning[name] += thought[name.partition("/")[0]]
    return counts.by_name()


def loaded(*where):
    return {name: prompts.load(name, (*where, prompts.packaged())) for name in prompts.names()}


def test_the_advice_names_file_limit_and_for_models_that_think_the_option():
    files = "prompts/user/speak.md (400), prompts/judge/prefer.md (500) and prompts/assistant/plain.md (700)"
    cut, init = (
        f"6 of 6 replies were cut off at max_tokens: raise it in {files}",
        " (`personagen init` makes the files)",
    )
    assert advice(counted(), loaded()) == (f"{cut}{init}",)
    off = " or add --reasoning user=none --reasoning judge=none"
    assert advice(counted(user=50, judge=7), loaded()) == (f"{cut}{off}{init}",)


def test_the_advice_names_an_own_prompt_file_where_it_is(edited):
    [said] = advice(counted(), loaded(prompts.folders(edited("user/speak", "max_tokens: 400", "max_tokens: 900"))[0]))
    assert "mine/user/speak.md (900)" in said


def test_without_discarded_replies_there_is_no_row_of_them():
    report = SimpleNamespace(discarded=discarded_part({}), advice=())
    assert table(discarded_rows(report)) == "  re-asked  0"
