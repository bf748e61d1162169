"""The judge's test before a paid run, and the note on model families."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from personagen.flows.self_test import EMPTY, family, family_notes, self_test
from personagen.llm.endpoints import Endpoint
from tests.fakes import Fake, answer, cast, context


def verdict(call, best):
    """The judge's reply that ranks ``best`` of the shown replies first."""
    replies = sorted(call.inputs["replies"], key=lambda reply: reply is not best)
    return answer(orjson.dumps({"reason": "r", "ranking": [one["label"] for one in replies]}).decode())


def sound(call):
    return verdict(call, next(one for one in call.inputs["replies"] if one["text"] not in EMPTY.values()))


def outcome(reply):
    fake = Fake(reply)
    return asyncio.run(self_test(context(fake))), fake.calls


def test_a_sound_judge_passes_all_six_in_both_orders():
    notes, calls = outcome(sound)
    assert notes == ("judge self-test: 6 of 6 verdicts against replies that say nothing",)
    assert len({call.key for call in calls}) == len({call.place for call in calls}) == 6
    first = [call.inputs["replies"][0]["text"] for call in calls]
    assert sorted(text in EMPTY.values() for text in first) == [False] * 3 + [True] * 3


def test_a_judge_that_takes_the_first_fails_half_and_is_named(caplog):
    notes, _ = outcome(lambda call: verdict(call, call.inputs["replies"][0]))
    assert notes[0].startswith("judge self-test: in 3 of 6 verdicts a reply that says nothing did not lose (a colon,")
    assert notes[0] in caplog.messages


@pytest.mark.parametrize(("kind", "text"), EMPTY.items())
def test_what_a_judge_falls_for_is_named(kind, text):
    def fooled(call):
        return next((verdict(call, one) for one in call.inputs["replies"] if one["text"] == text), sound(call))

    assert f"in 2 of 6 verdicts a reply that says nothing did not lose ({kind})" in outcome(fooled)[0][0]


@pytest.mark.parametrize("said", ['{"reason": "r", "ranking": "tie"}', "no json"])
def test_a_tie_and_no_verdict_are_no_victory(said):
    assert "in 6 of 6 verdicts" in outcome(lambda call: said)[0][0]


@pytest.fixture
def costs(monkeypatch):
    """Every model is thought to be on a server of somebody else."""
    monkeypatch.setattr(Endpoint, "is_near", property(lambda self: False))


def test_a_run_that_costs_begins_with_it_and_counts_it(run, model, costs):
    fake = model(lambda call: sound(call) if call.place.startswith("self-test/") else cast(call))
    report = run(counterfactual=0).report
    assert [call.place.partition("/")[0] for call in fake.calls[:7]][:6] == ["self-test"] * 6
    assert report.new_calls == 6 * 3 * 6 + 6 == report.estimate["calls"]
    assert any(note.startswith("judge self-test: 6 of 6") for note in report.notes)
    again = run(counterfactual=0).report
    assert (again.new_calls, again.estimate["calls"]) == (0, 0)


def test_an_interrupted_run_does_not_pay_for_it_twice(run, model, costs):
    from personagen.errors import BudgetError

    fake = model(cast)
    with pytest.raises(BudgetError):
        run(counterfactual=0, max_calls=30)
    run(counterfactual=0)
    assert sum(call.place.startswith("self-test/") for call in fake.calls) == 6


def test_a_free_run_and_one_with_a_judge_of_your_own_do_without(run, model, own, costs, monkeypatch):
    mine = own(
        "from personagen.agents.ask import Answer\nfrom personagen.agents.judge import LABELS, Ranking\n"
        "async def mine(ctx, persona, conversation, replies, site):\n"
        "    return Answer(Ranking(ranking=tuple(LABELS[: len(replies)])))\n"
    )
    fake = model(cast)
    run(agent=[f"judge/prefer={mine}:mine"])
    monkeypatch.undo()
    monkeypatch.setattr("tests.fakes.llm", fake)
    run("free")
    assert not [call for call in fake.calls if call.place.startswith("self-test/")]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai/gpt-5-mini", "gpt"),
        ("gpt-4o", "gpt"),
        ("openrouter/openai/chatgpt-4o-latest", "gpt"),
        ("openai/o3-mini", "gpt"),
        ("anthropic/claude-sonnet-4-5", "claude"),
        ("openai/Qwen3-8B", "qwen"),
        ("together_ai/meta-llama/Llama-3.1-8B-Instruct", "llama"),
        ("ollama/llama3:8b", "llama"),
        ("mistral/ministral-8b", "mistral"),
        ("offline", ""),
        ("my_models:judge", ""),
    ],
)
def test_the_family_of_a_model(model, name):
    assert family(model) == name


def test_a_judge_of_the_assistants_family_gets_a_note():
    same = {"judge": "openai/gpt-5", "assistant": "openai/gpt-5-mini", "user": "openai/gpt-5"}
    assert "the judge and assistant are models of one family (gpt)" in family_notes(same)[0]
    assert family_notes({**same, "judge": "anthropic/claude-opus-4-1"}) == ()
    assert "the judge and policy are" in family_notes({"judge": "openai/o4", "assistant": "x/y", "policy": "gpt-5"})[0]
    assert family_notes({"judge": "offline", "assistant": "offline"}) == ()
    assert family_notes({}) == ()
