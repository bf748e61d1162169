"""`--dry-run`: the estimate, one call to each model, no results, and what it cost."""

from __future__ import annotations

import asyncio
import json

import pytest

from personagen.errors import ConfigError
from personagen.flows.expand import expand
from personagen.options import ExpandOptions
from tests import fakes

TWO = ("tests.fakes:llm", "judge=tests.runs.test_dry_run:judge")


async def judge(call):
    assert call.prompt == "judge/prefer"
    return fakes.answer(fakes.cast(call))


def test_each_model_is_asked_once_and_nothing_is_written(run, model, tmp_path):
    fake = model(fakes.cast)
    before = sorted(tmp_path.iterdir())
    summary = run("out/of/the/way", model=TWO, dry_run=True)
    assert len(fake.calls) == 1
    report = summary.report
    assert (report.status, report.calls, report.usage["cost_usd"]) == ("dry run", 2, 1.0)
    assert report.estimate["calls"] == 6 * 3 * 6
    assert report.out == str(tmp_path / "out/of/the/way")
    told = [note for note in report.notes if "answered in" in note]
    assert [note.partition(" answered")[0] for note in told] == [
        "tests.fakes:llm (assistant/aware)",
        "tests.runs.test_dry_run:judge (judge/prefer)",
    ]
    assert all(note.endswith("its reply can be used") for note in told)
    assert [f for f in sorted(tmp_path.iterdir()) if f not in before and f.suffix != ".jsonl"] == []


def test_a_reply_that_can_not_be_used_is_told_and_not_asked_for_again(run, model):
    fake = model(lambda call: "")
    assert any("its reply can't be used" in note for note in run(dry_run=True).report.notes)
    assert len(fake.calls) == 1


def test_a_model_that_does_not_answer_ends_it_with_its_error(run, model):
    def refuse(call):
        raise ConfigError("the key is wrong")

    model(refuse)
    with pytest.raises(ConfigError, match="the key is wrong"):
        run(dry_run=True)


def test_in_a_folder_that_is_there_it_estimates_the_rest_and_changes_nothing(run, model, tmp_path):
    run("run", conversations=2)
    files = {f: f.read_bytes() for f in (tmp_path / "run").iterdir() if f.suffix in (".jsonl", ".json")}
    report = run("run", conversations=3, turns=5, dry_run=True).report
    assert report.estimate["planned"] == "3 conversations x 5 turns"
    assert {f: f.read_bytes() for f in files} == files
    assert run("run", conversations=2).report.new_calls == 0


def test_the_offline_cast_is_not_asked(run):
    report = run(model="offline", dry_run=True).report
    assert report.calls == 0
    assert "no model to ask: the offline cast plays every part" in report.notes


def test_it_works_for_expand_and_on_the_command_line(tmp_path, command, model):
    fake = model(fakes.cast)
    report = asyncio.run(expand(ExpandOptions(model="tests.fakes:llm", out=str(tmp_path / "p"), dry_run=True))).report
    assert len(fake.calls) == report.calls == 1
    assert not (tmp_path / "p").exists()
    personas = fakes.personas(tmp_path, 2)
    arguments = ("simulate", "--personas", personas, "--model", "tests.fakes:llm", "--dry-run", "--price", "1,1")
    shown = command(*arguments)
    assert "Planned: 2 conversations x 10 turns" in shown.stderr
    assert "its reply can be used" in shown.stdout
    assert "1 (1 new, 0 reused)" in shown.stdout
    assert "next: the same without --dry-run" in shown.stdout
    assert json.loads(command(*arguments, "--json").stdout)["report"]["status"] == "dry run"
