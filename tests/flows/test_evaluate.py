"""The evaluate flow: what it writes, how it resumes, what each condition and protocol asks."""

from __future__ import annotations

import asyncio
from collections import Counter

import orjson
import pytest

from personagen.errors import BudgetError, QualityError, ServerError, UsageError
from personagen.flows.cases import Cases, personas_of
from personagen.flows.dialogue import Dialogue
from personagen.flows.evaluate import evaluate
from personagen.flows.simulate import simulate
from personagen.llm.limits.limiter import Limiter
from personagen.options import SimulateOptions
from personagen.options.evaluate import EvaluateOptions
from personagen.ratings import Rating
from personagen.records import ConversationTree
from personagen.runs.schedule import Job, run_jobs
from personagen.store.files import read_records
from tests import fakes

FILES = ("trees.jsonl", "ratings.jsonl", "results.json", "rejections.jsonl")


@pytest.fixture
def run(tmp_path):
    """``run("out", turns=4)`` evaluates ``tests.fakes:llm`` on six personas in three turns, as user and judge too."""

    def run(out="run", *, people=6, **options):
        given = {"personas": str(fakes.personas(tmp_path, people)), "out": str(tmp_path / out), "turns": 3}
        roles = {"model": "tests.fakes:llm", "user_model": "tests.fakes:llm", "judge_model": "tests.fakes:llm"}
        return asyncio.run(evaluate(EvaluateOptions(**given | roles | options)))

    return run


def ratings(folder):
    return list(read_records(folder / "ratings.jsonl", Rating))


def trees(folder):
    return {tree.id: tree for tree in read_records(folder / "trees.jsonl", ConversationTree)}


def written(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def prompts(fake):
    return Counter(call.prompt for call in fake.calls)


def test_each_persona_talks_once_and_each_reply_is_rated(run, tmp_path):
    summary = run(repeat_rate=0)
    assert (summary.conversations, summary.answered, summary.rated) == (6, 18, 18)
    assert {tree.persona.id for tree in trees(tmp_path / "run").values()} == {f"p{n}" for n in range(6)}
    assert Counter(one.turn for one in ratings(tmp_path / "run")) == {1: 6, 2: 6, 3: 6}
    plain = summary.results["conditions"]["plain"]
    assert len(plain["al"]) == 3
    assert plain["counts"] == [6, 6, 6]


def test_al_is_the_mean_of_the_ratings_in_the_file(run, tmp_path):
    run()
    results = orjson.loads((tmp_path / "run" / "results.json").read_bytes())
    scores = [one.score for one in ratings(tmp_path / "run") if one.turn == 2 and one.counts]
    assert results["conditions"]["plain"]["al"][1]["value"] == pytest.approx(sum(scores) / 6, abs=1e-4)


def test_the_model_under_test_sees_the_chat_alone(run, model):
    fake = model(fakes.cast)
    run()
    sent = [call for call in fake.calls if call.prompt == "assistant/bare"]
    assert len(sent) == 18
    assert {message.role for call in sent for message in call.messages} == {"user", "assistant"}


def test_the_same_command_again_asks_nothing_and_gives_the_same_bytes(run, tmp_path, model):
    run()
    before = written(tmp_path / "run")
    again = model(fakes.cast)
    assert run().report.new_calls == 0
    assert again.calls == []
    assert written(tmp_path / "run") == before


def test_an_evaluation_that_was_stopped_resumes_to_the_same_figures(run, tmp_path):
    run("whole", baselines=True)
    with pytest.raises(BudgetError, match="raise --max-calls"):
        run("part", baselines=True, max_calls=60)
    half = orjson.loads((tmp_path / "part" / "results.json").read_bytes())
    assert half["status"].startswith("stopped")
    run("part", baselines=True)
    assert written(tmp_path / "part") == written(tmp_path / "whole")


def test_results_do_not_depend_on_concurrency_or_order_of_arrival(run, tmp_path, model):
    run("one", concurrency=1)
    model(fakes.cast).shuffle = 5
    run("many", concurrency=64)
    assert written(tmp_path / "one") == written(tmp_path / "many")


def test_the_baselines_are_the_persona_another_one_and_a_reminder(run, tmp_path, model):
    fake = model(fakes.cast)
    summary = run(baselines=True)
    assert [*summary.results["conditions"]] == ["plain", "persona", "reminder", "other"]
    assert [*summary.results["against_plain"]] == ["persona", "reminder", "other"]
    shown = {
        call.place.partition("/")[0]: call.messages[0].content
        for call in fake.calls
        if call.prompt == "assistant/informed"
    }
    assert "She is 20" in shown["p0-persona"]
    assert "She is 20" not in shown["p0-other"]
    assert prompts(fake)["assistant/reminded"] == 18


def test_conditions_begin_with_the_same_message_which_is_asked_once(run, tmp_path, model):
    fake = model(fakes.cast)
    run(baselines=True)
    first = {tree_id: tree.nodes[0].content for tree_id, tree in trees(tmp_path / "run").items()}
    assert len({first[f"p0-{name}"] for name in ("plain", "persona", "reminder", "other")}) == 1
    opening = [call for call in fake.calls if call.prompt == "user/speak" and not call.inputs["conversation"]]
    assert len(opening) == 6


def test_runs_of_two_models_have_the_same_tree_ids(run, tmp_path):
    run("one")
    run("other", model="offline")
    assert trees(tmp_path / "one").keys() == trees(tmp_path / "other").keys()


def test_a_panel_rates_each_reply_and_its_mean_counts(run, tmp_path):
    summary = run(judge_model=("tests.fakes:llm", "offline"), repeat_rate=0)
    by_judge = Counter((one.judge, one.model) for one in ratings(tmp_path / "run"))
    assert by_judge == {("judge", "tests.fakes:llm"): 18, ("judge-2", "offline"): 18}
    scores = [one.score for one in ratings(tmp_path / "run") if one.turn == 1]
    assert summary.results["conditions"]["plain"]["al"][0]["value"] == pytest.approx(sum(scores) / 12, abs=1e-4)
    assert summary.results["judge"]["panel"]["judge-2"]["count"] == 18
    assert summary.results["judge"]["spread"] > 0


def test_a_share_of_replies_is_rated_again_and_with_the_persona_first_without_counting(run, tmp_path, model):
    fake = model(fakes.cast)
    summary = run(repeat_rate=1)
    assert prompts(fake)["judge/rate"] == 3 * 18  # each is a question of its own, not a stored answer
    kinds = Counter(one.repeat for one in ratings(tmp_path / "run"))
    assert kinds == {"": 18, "again": 18, "reordered": 18}
    assert summary.rated == 18
    assert summary.results["judge"]["again"]["count"] == 18


def test_replies_can_be_rated_for_nobody_too(run, tmp_path):
    summary = run(generic=True, repeat_rate=0)
    assert Counter(one.rater for one in ratings(tmp_path / "run")) == {"": 18, "nobody": 18}
    assert summary.results["conditions"]["plain"]["generic"]["counts"] == [6, 6, 6]


def test_a_reply_that_the_judge_does_not_rate_is_missing_from_al_and_nothing_else(run, tmp_path, model):
    def reply(call):
        return "no idea" if call.prompt == "judge/rate" and call.place == "p0-plain/0.0" else fakes.cast(call)

    model(reply)
    summary = run(repeat_rate=0)
    assert (summary.conversations, summary.rated) == (6, 17)
    assert summary.results["conditions"]["plain"]["counts"] == [5, 6, 6]
    assert b"the reply was not rated" in (tmp_path / "run" / "rejections.jsonl").read_bytes()


def test_a_model_without_a_usable_reply_ends_its_conversation_and_the_rest_counts(run, model):
    def reply(call):
        return "" if call.place == "p0-plain/0.0.0.0" else fakes.cast(call)

    model(reply)
    summary = run(repeat_rate=0)
    assert summary.ended_early == {"unusable": 1}
    assert summary.results["conditions"]["plain"]["counts"] == [6, 5, 5]
    assert any("AL(2) plain is the mean of 5 personas, AL(1) of 6" in note for note in summary.report.notes)


def test_a_judge_without_a_usable_score_stops_the_run_after_ten_conversations(run, model):
    fake = model(lambda call: "quite good" if call.prompt == "judge/rate" else fakes.cast(call))
    with pytest.raises(QualityError, match=r"judge/rate gave no usable reply in 3 attempts.*`personagen show"):
        run(people=60, repeat_rate=0, concurrency=1)
    assert len({call.place.partition("/")[0] for call in fake.calls if call.prompt == "assistant/bare"}) < 20


def test_a_training_run_can_be_named_when_the_evaluation_is_there(run, tmp_path, model):
    run()
    other = tmp_path / "other.jsonl"
    other.write_bytes(fakes.PERSONA.model_copy(update={"profile": "He bakes.", "traits": ("shy",)}).line() + b"\n")
    options = {"personas": str(other), "out": str(tmp_path / "trained"), "turns": 1, "counterfactual": 0}
    asyncio.run(simulate(SimulateOptions(**options)))
    fake = model(fakes.cast)
    notes = run(against=str(tmp_path / "trained")).report.notes
    assert fake.calls == []
    assert any("no trait list in common" in note for note in notes)


def test_a_server_error_fails_its_conversation_and_says_where(tmp_path):
    def reply(call):
        return ServerError("it broke") if call.place == "p0-plain/0.0.0" else fakes.cast(call)

    options = EvaluateOptions(personas=str(fakes.personas(tmp_path)), turns=3)
    case = next(iter(Cases(options, personas_of(options, options.personas)[0], ("the car",), {})))
    dialogue = Dialogue(fakes.context(fakes.Fake(reply)), case)

    async def finish():
        pass

    asyncio.run(run_jobs([Job(dialogue.first(), finish)], Limiter(1)))
    result = dialogue.result()
    assert (result.failure, result.unanswered, "trees.jsonl" in result.lines) == ("it broke", True, False)
    assert b"p0-plain/0.0.0" in result.lines["rejections.jsonl"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"protocol": "fixed"}, "--protocol fixed needs --reference RUN"),
        ({"reference": "outputs/x"}, "--reference is for --protocol fixed"),
        ({"protocol": "shift", "shift_at": 9}, "--shift-at 9: there is no such turn with --turns 3"),
        ({"protocol": "learn-test", "test_from": 9}, "--test-from 9: there is no such turn"),
        ({"protocol": "shift", "shift_at": 2}, "--protocol shift needs personas with different personalities"),
        ({"protocol": "fixed", "reference": "nowhere"}, "nowhere is not a run of `personagen evaluate`: name"),
        ({"judge_model": ("offline",) * 10}, "give 9 at most"),
        ({"people": 1, "baselines": True}, "--baselines needs a second persona, and this run has one: raise --limit"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_asked(run, model, options, said):
    fake = model(fakes.cast)
    with pytest.raises(UsageError, match=said):
        run(**options)
    assert fake.calls == []


def test_real_models_beside_an_offline_judge_are_said_to_give_no_figures_to_publish(run):
    notes = run(judge_model="offline").report.notes
    assert any("the offline cast plays judge" in note for note in notes)
    assert not any("the offline cast plays" in note for note in run("two").report.notes)
