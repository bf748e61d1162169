"""`personagen prompts render --run`: exactly what was sent; and `prompts diff` and the marks of edited prompts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from personagen.flows.simulate import CHECKS, PROMPTS
from personagen.prompts import files as prompts
from personagen.records import ConversationTree
from personagen.store.files import read_records
from tests import fakes

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"grow": "all", "max_nodes": 20},
        {"grow": "best", "candidates": 3},
        {"counterfactual": 2, "candidate": ("misaware", "plain", "near")},
        {"check_rate": 1, "sessions": 2, "change_at": 2, "turns": 2},
    ],
)
def test_every_call_of_a_tree_is_shown_as_it_was_sent(run, command, model, options):
    def unruly(call):
        luck = int(call.key[:2], 16)
        return "no json" if call.schema and luck % 3 == 0 else fakes.cast(call)

    fake = model(unruly)
    run("run", people=3, seed=4, **options)
    trees = list(read_records(Path("run/trees.jsonl"), ConversationTree))
    assert trees
    for number, tree in enumerate(trees, 1):
        for name in (*PROMPTS, *CHECKS[: "check_rate" in options]):
            shown = json.loads(command("prompts", "render", name, str(number), "--run", "run", "--json").stdout)["sent"]
            made = {c.key: c for c in fake.calls if c.prompt == name and c.place.startswith(f"{tree.id}/")}
            assert {row["key"] for row in shown} == set(made)
            for row in shown:
                assert row["messages"] == [m.model_dump() for m in made[row["key"]].messages]
                assert row["reply"]["text"] == unruly(made[row["key"]])
            assert made or name != "user/speak"


def test_a_tree_whose_personas_are_gone_is_shown_without_what_others_prefer(run, command, tmp_path):
    run("run", people=3, counterfactual=1, candidate=("misaware", "plain"))
    asked = ("prompts", "render", "judge/prefer", "--run", "run", "1", "--json")
    before = json.loads(command(*asked).stdout)["sent"]
    (tmp_path / "personas.jsonl").unlink()
    assert len(before) == 3 * 4
    assert len(json.loads(command(*asked).stdout)["sent"]) == 3 * 2


def test_a_turn_is_picked_and_drawn_with_its_reply(run, command):
    run("run", people=2)
    shown = command("prompts", "render", "judge/prefer", "--run", "run", "1", "--turn", "2").stdout
    assert shown.count("--- reply ---") == 2
    assert shown.count("Your task: you judge.") == 2
    assert "/0.0.0" in shown or "/0.1.0" in shown


def test_what_can_not_be_shown_is_an_error(run, command, tmp_path, edited):
    run("run", people=2)
    for arguments, said in [
        (("judge/prefer", "1"), "give both --run and a TREE"),
        (("judge/prefer", "--run", "run"), "give both --run and a TREE"),
        (("judge/prefer", "9", "--run", "run"), "choose 1 to 2"),
        (("judge/prefer", "1", "--run", "run", "--turn", "7"), "was not asked in turn 7 of tree 1"),
        (("author/profiles", "1", "--run", "run"), "its prompts are assistant/aware"),
    ]:
        assert said in command("prompts", "render", *arguments).stderr
    prompt = tmp_path / "run" / "prompts" / "judge" / "prefer.md"
    prompt.write_text(prompt.read_text().replace("one sentence", "two sentences"))
    assert "judge/prefer changed" in command("prompts", "render", "judge/prefer", "1", "--run", "run").stderr
    (tmp_path / "run" / "journal.db").unlink()
    prompt.write_text(prompt.read_text().replace("two sentences", "one sentence"))
    assert "journal.db is missing" in command("prompts", "render", "judge/prefer", "1", "--run", "run").stderr


def test_edited_prompts_are_marked_and_their_differences_shown(run, command, tmp_path):
    run("run", people=2)
    assert command("prompts", "diff").stdout == "the prompts are the bundled ones\n"
    assert "*" not in command("prompts").stdout
    shutil.copytree(prompts.packaged(), tmp_path / "prompts")
    assert command("prompts", "diff").stdout == "the prompts are the bundled ones\n"
    for name, old in (("judge/prefer.md", "one sentence"), ("conversation.md", "conversation")):
        text = (tmp_path / "prompts" / name).read_text()
        (tmp_path / "prompts" / name).write_text(text.replace(old, "something else", 1))
    rows = {row["name"]: row["edited"] for row in json.loads(command("prompts", "--json").stdout)["prompts"]}
    changed = {"checker/consistent", "judge/prefer", "judge/rate", "observer/infer", "user/speak"}
    assert {name for name, edited in rows.items() if edited} == changed
    assert command("prompts").stdout.count("* prompts/") == 5
    told = json.loads(command("prompts", "diff", "--json").stdout)["diffs"]
    assert list(told) == ["conversation.md", "judge/prefer.md"]
    assert "\n+- reason: something else" in told["judge/prefer.md"]
    assert command("prompts", "diff", "--run", "run").stdout.count("\n@@") == 2
    assert "nowhere is not a run folder" in command("prompts", "diff", "--run", "nowhere").stderr


@pytest.mark.parametrize("options", [{}, {"grow": "all", "max_nodes": 20}])
def test_a_run_with_a_function_of_a_notebook_is_shown_without_it(run, command, model, options):
    def terse(ctx, conversation, known, site):
        return f"In short, {conversation[-1].content} comes first in {site.place}."

    terse.__module__ = "gone"
    fake = model(fakes.cast)
    run("run", people=2, candidate=["plain", terse], turns=3, **options)
    trees = list(read_records(Path("run/trees.jsonl"), ConversationTree))
    for number, tree in enumerate(trees, 1):
        for name in ("user/speak", "observer/infer", "assistant/plain", "judge/prefer"):
            shown = json.loads(command("prompts", "render", name, str(number), "--run", "run", "--json").stdout)["sent"]
            made = {c.key for c in fake.calls if c.prompt == name and c.place.startswith(f"{tree.id}/")}
            assert {row["key"] for row in shown} == made
            assert made


def test_the_difference_from_a_run_is_that_in_the_language_of_the_run(run, command, tmp_path):
    shutil.copytree(prompts.packaged() / "judge", tmp_path / "prompts" / "de" / "judge")
    translated = tmp_path / "prompts" / "de" / "judge" / "prefer.md"
    translated.write_text(translated.read_text().replace("Your task: you judge.", "Deine Aufgabe: du urteilst."))
    run("run", people=2, language="de")
    assert "Deine Aufgabe" in command("prompts", "render", "judge/prefer", "1", "--run", "run").stdout
    assert command("prompts", "diff", "--run", "run").stdout == "the prompts are those of run\n"
    assert "-Deine Aufgabe" in command("prompts", "diff", "--run", "run", "--language", "en").stdout


def test_a_merged_folder_leads_to_the_run_that_has_the_answers(run, command):
    run("one", people=2, seed=1)
    run("two", people=2, seed=2)
    command("merge", "one", "two", "--out", "both")
    shown = command("prompts", "render", "judge/prefer", "3", "--run", "both").stderr
    [tree] = {line.split()[-1] for line in shown.splitlines()}
    assert f"both was merged and does not have the answers; the run of this tree has them: --run two {tree}" in shown
    assert "--- reply ---" in command("prompts", "render", "judge/prefer", "--run", "two", tree).stdout
    assert (
        "both was merged from several runs; name one of them: one, two"
        in command(*("prompts", "diff", "--run", "both")).stderr
    )


def test_a_persona_of_a_table_is_rendered_by_its_columns(command, tmp_path):
    (tmp_path / "mine.csv").write_text("bio,mood\nShe keeps bees.,She is shy.\nHe mends clocks.,He is calm.\n")
    persona = ("prompts", "render", "judge/prefer", "--persona", "mine.csv:2")
    assert "as in --columns profile=bio" in command(*persona).stderr
    assert "He mends clocks.\nHe is calm." in command(*persona, "--columns", "profile=bio,personality=mood").stdout


def test_check_says_which_language_prompts_are_translated_to(command, tmp_path):
    shutil.copytree(prompts.packaged() / "judge", tmp_path / "prompts" / "de" / "judge")
    for language, said in (("fr", "no folder is named fr/"), ("de-AT", "also in German (de-AT)")):
        shown = command("prompts", "check", "--language", language).stdout
        assert said in shown
        assert ("also in" in shown) == (language == "de-AT")


def test_inputs_that_could_be_used_are_listed(command):
    rows = {row["name"]: row["unused"] for row in json.loads(command("prompts", "--json").stdout)["prompts"]}
    assert {"facts", "traits", "words"} <= set(rows["user/speak"])
    assert "(not used: facts" in command("prompts").stdout


def test_the_offline_cast_says_once_that_it_reads_no_prompts(run, edited, caplog):
    mine = edited("judge/prefer", "one sentence", "two sentences")
    assert not any("offline cast" in note for note in run("plain", model="offline", people=2).report.notes)
    said = "the offline cast does not read prompts: to try judge/prefer, choose a --model"
    assert run("run", model="offline", people=2, prompts=mine).report.notes.count(said) == 1
    assert caplog.text.count(said) == 1
    mixed = run("mixed", model=("offline", "judge=tests.fakes:llm"), people=2, prompts=mine)
    assert said not in mixed.report.notes


def test_reading_the_stored_answers_leaves_no_file_in_the_run_folder(run, command, tmp_path):
    run("run", people=1)
    before = sorted(file.name for file in (tmp_path / "run").iterdir())
    command("prompts", "render", "judge/prefer", "1", "--run", "run")
    command("report", "run", "--out", "page.html")
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == before
