"""The protocols of evaluate: what each asks, and of whom the judge thinks."""

from __future__ import annotations

from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.flows.report import report
from personagen.runs.interrupt import run_sync
from tests import fakes
from tests.cli.runs import lines
from tests.flows.test_evaluate import prompts, run, trees
from tests.reports.pages import Page

__all__ = ["run"]


def test_the_fixed_protocol_replays_the_user_turns_of_its_reference(run, tmp_path, model):
    run("reference")
    fake = model(fakes.cast)
    run("fixed", protocol="fixed", reference=str(tmp_path / "reference"), model="offline")
    assert "user/speak" not in prompts(fake)
    said = {
        name: [n.content for n in tree.nodes if n.role == "user"] for name, tree in trees(tmp_path / "fixed").items()
    }
    before = trees(tmp_path / "reference")
    assert said == {name: [n.content for n in before[name].nodes if n.role == "user"] for name in said}


def test_the_shift_protocol_changes_the_personality_and_rates_for_the_new_one(run, tmp_path, model):
    people = tmp_path / "two.jsonl"
    rows = [fakes.PERSONA.model_copy(update={"id": "a", "traits": ("blunt",), "personality": "She is blunt."})]
    rows.append(rows[0].model_copy(update={"id": "b", "traits": ("gentle",), "personality": "She is gentle."}))
    people.write_bytes(b"".join(one.line() + b"\n" for one in rows))
    fake = model(fakes.cast)
    summary = run(personas=str(people), protocol="shift", shift_at=3, repeat_rate=0)
    judged = {call.place: call.inputs["personality"] for call in fake.calls if call.prompt == "judge/rate"}
    assert judged["a-plain/0.0"] == judged["a-plain/0.0.0.0"] == "She is blunt."
    assert judged["a-plain/0.0.0.0.0.0"] == "She is gentle."
    spoken = {call.place: call.inputs["personality"] for call in fake.calls if call.prompt == "user/speak"}
    assert spoken["a-plain/0.0.0.0.0"] == "She is gentle."
    assert {"drop", "regained"} <= summary.results["conditions"]["plain"].keys()


def test_the_page_of_a_shift_says_who_the_user_becomes_and_when(run, tmp_path, model):
    model(fakes.cast)
    personas = [fakes.PERSONA.model_copy(update={"id": name, "personality": f"She is {name}."}) for name in "ab"]
    lines(tmp_path / "two.jsonl", personas)
    summary = run(personas=str(tmp_path / "two.jsonl"), protocol="shift", shift_at=3, repeat_rate=0)
    rows = Page(Path(run_sync(report([Path(summary.report.out)])).file)).rows("details")
    assert {row["changed"] for row in rows} == {f"from turn 3 on: She is {name}." for name in "ab"}


def test_the_second_session_has_the_first_in_the_models_context_and_not_in_the_judges_question(run, model):
    fake = model(fakes.cast)
    summary = run(protocol="sessions", turns=2, repeat_rate=0)
    replies = {call.place: len(call.messages) for call in fake.calls if call.prompt == "assistant/bare"}
    assert replies["p0-plain/0.0.0.0.0.0"] == 5
    judged = {call.place: len(call.inputs["conversation"]) for call in fake.calls if call.prompt == "judge/rate"}
    assert judged["p0-plain/0.0.0.0.0.0"] == 1
    spoken = {call.place: call.inputs for call in fake.calls if call.prompt == "user/speak"}
    assert spoken["p0-plain/0.0.0.0.0"]["conversation"] == []
    assert spoken["p0-plain/0.0.0.0.0"]["earlier"]["topics"]
    assert "carried" in summary.results["conditions"]["plain"]


def test_test_turns_reveal_nothing_new(run, model):
    fake = model(fakes.cast)
    summary = run(protocol="learn-test", turns=6, test_from=4)
    briefs = {call.inputs["turn"]: call.inputs["brief"] for call in fake.calls if call.prompt == "user/speak"}
    assert all(not briefs[turn]["facts"] and not briefs[turn]["traits"] for turn in (4, 5, 6))
    assert any(call.inputs["brief"]["facts"] for call in fake.calls if call.prompt == "user/speak")
    assert "learned" in summary.results["conditions"]["plain"]


def test_users_do_not_leave(run, model):
    fake = model(fakes.cast)
    run(turns=8, people=12)
    assert "close" not in {call.inputs["brief"]["aim"] for call in fake.calls if call.prompt == "user/speak"}


def test_a_reference_without_enough_turns_is_refused(run, tmp_path):
    run("reference", turns=2)
    with pytest.raises(UsageError, match="fewer than 3 user turns for 6 of 6 personas"):
        run(protocol="fixed", reference=str(tmp_path / "reference"))
