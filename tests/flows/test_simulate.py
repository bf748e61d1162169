"""The simulate flow: what it writes, that it repeats itself, and how it stops and goes on."""

from __future__ import annotations

import sqlite3
from functools import partial

import orjson
import pytest

from personagen.errors import BudgetError, ConfigError, DiskError, QualityError, ServerError, UsageError
from personagen.llm import middleware
from personagen.prompts import files as prompts
from personagen.records import Completion, ConversationTree, PreferencePair, Rejection, Usage
from personagen.store import writer
from personagen.store.files import read_records
from tests import fakes
from tests.fakes import results


def test_it_writes_one_tree_a_persona_and_one_pair_a_judged_turn(run, tmp_path):
    summary = run()
    assert summary.report.estimate["planned"] == "6 conversations x 3 turns"
    trees = list(read_records(tmp_path / "run" / "trees.jsonl", ConversationTree))
    pairs = list(read_records(tmp_path / "run" / "pairs.jsonl", PreferencePair))
    assert (summary.trees, summary.pairs, summary.turns) == (6, 18, 18)
    assert {t.persona.id for t in trees} == {f"p{n}" for n in range(6)}
    assert len(pairs) == 18
    assert all(p.prompt[-1].role == "user" and len(p.chosen) == len(p.rejected) == 1 for p in pairs)
    assert summary.report.calls == 6 * 3 * 6
    assert summary.report.usage["cost_usd"] == pytest.approx(0.5 * summary.report.calls)


def test_more_conversations_than_personas_repeat_them_with_talks_of_their_own(run, tmp_path):
    planned = run(conversations=8, turns=1).report.estimate["planned"]
    assert planned == "8 conversations x 1 turns; the 6 personas are played up to 2 times each"
    alone = run("alone", people=1, conversations=2, turns=1).report.estimate["planned"]
    assert alone == "2 conversations x 1 turns; the one persona is played 2 times"
    trees = list(read_records(tmp_path / "run" / "trees.jsonl", ConversationTree))
    assert len({t.id for t in trees}) == 8
    assert len({t.nodes[0].content for t in trees}) == 8


def test_results_are_the_same_bytes_at_any_concurrency_and_order_of_arrival(run, tmp_path, model):
    run("one", concurrency=1)
    model(fakes.cast).shuffle = 5
    run("many", concurrency=64)
    assert results(tmp_path / "one") == results(tmp_path / "many")


def test_times_and_costs_stay_out_of_the_results(run, tmp_path):
    run()
    text = b"".join(results(tmp_path / "run").values())
    assert b"cost" not in text
    assert b"seconds" not in text


def test_the_same_command_again_asks_nothing(run, tmp_path, model):
    run()
    before = results(tmp_path / "run")
    again = model(fakes.cast)
    summary = run()
    assert again.calls == []
    assert (summary.report.new_calls, summary.pairs) == (0, 18)
    assert results(tmp_path / "run") == before


def test_other_settings_on_the_same_folder_are_refused(run):
    run()
    with pytest.raises(UsageError, match="turns was 3, now 2"):
        run(turns=2)
    with pytest.raises(UsageError, match="language was en, now de"):
        run(language="de")


def test_speed_and_limits_may_change_between_runs(run):
    run(max_calls=500, concurrency=2)
    assert run(concurrency=9, budget=None, price="1,1").report.new_calls == 0


def test_an_edited_prompt_asks_its_own_questions_anew_and_no_others(run, edited, tmp_path, model):
    run()
    fake = model(fakes.cast)
    summary = run(prompts=edited("judge/prefer", "Order is no reason", "Remember: order is no reason"))
    assert {c.prompt for c in fake.calls} == {"judge/prefer"}
    assert len(fake.calls) == 6 * 3 * 2
    assert any("judge/prefer changed" in note for note in summary.report.notes)
    tree = next(read_records(tmp_path / "run" / "trees.jsonl", ConversationTree))
    packaged = prompts.load("judge/prefer", (prompts.packaged(),)).hash
    assert tree.prompts["judge/prefer"] != packaged


def test_a_call_limit_stops_the_run_and_raising_it_finishes_with_the_same_bytes(run, tmp_path):
    run("whole")
    with pytest.raises(BudgetError, match="raise --max-calls"):
        run("part", max_calls=50)
    state = orjson.loads((tmp_path / "part" / "run.json").read_bytes())
    assert state["status"].startswith("stopped")
    assert state["usage"]["calls"] == 50
    summary = run("part")
    assert summary.report.reused_calls > 0
    assert summary.report.calls == 6 * 3 * 6
    assert results(tmp_path / "part") == results(tmp_path / "whole")


def test_a_budget_holds_for_the_folder_not_for_each_process(run, tmp_path, model):
    usage = Usage(input_tokens=3, output_tokens=100, cost_usd=None)
    model(lambda call: Completion(text=fakes.cast(call), model="fake", usage=usage))
    for _ in range(2):
        with pytest.raises(BudgetError, match="raise --budget"):
            run(budget=3.0, price="0,1000", concurrency=1)
        assert 1 < orjson.loads((tmp_path / "run" / "run.json").read_bytes())["usage"]["cost_usd"] <= 3


def test_a_disk_that_is_full_in_mid_run_stops_it_and_the_same_command_ends_it_with_the_same_bytes(
    run, tmp_path, monkeypatch
):
    run("whole")
    execute, executed = writer._execute, []

    def filling(*given):
        executed.append(given)
        if len(executed) > 60:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        execute(*given)

    with monkeypatch.context() as patch:
        patch.setattr(writer, "_execute", filling)
        with pytest.raises(DiskError, match="run the same command again"):
            run("part", concurrency=1)
    assert run("part").report.reused_calls > 0
    assert results(tmp_path / "part") == results(tmp_path / "whole")


def test_a_budget_needs_a_known_price(run):
    with pytest.raises(ConfigError, match="give --price"):
        run(budget=1.0)


def test_identical_replies_are_counted_as_such(run, model):
    model(lambda call: "the same" if call.role == "assistant" else fakes.cast(call))
    assert run().rejected == {"identical": 18}


def test_pairs_name_the_prompts_they_were_made_with(run, tmp_path):
    run()
    pair = next(read_records(tmp_path / "run" / "pairs.jsonl", PreferencePair))
    assert pair.prompts["judge/prefer"] == prompts.load("judge/prefer", (prompts.packaged(),)).hash


def test_a_failed_tree_is_kept_as_a_rejection_and_the_others_go_on(run, tmp_path, model):
    def reply(call):
        return "" if call.role == "user" and "is 22" in call.inputs["profile"] else fakes.cast(call)

    model(reply)
    summary = run()
    assert (summary.trees, summary.failed) == (5, 1)
    rejections = list(read_records(tmp_path / "run" / "rejections.jsonl", Rejection))
    assert [r.gate for r in rejections] == ["failed"]
    assert rejections[0].place.startswith("p2-0/")
    assert rejections[0].reason == "user/speak gave no usable reply in 3 attempts: the reply is empty"
    assert (rejections[0].finish_reason, rejections[0].attempts) == ("stop", 3)


def test_when_most_trees_fail_the_run_ends_early_and_says_why(run, tmp_path, model):
    fake = model(lambda call: "no json" if call.role == "observer" else fakes.cast(call))
    with pytest.raises(QualityError, match="observer/infer gave no usable reply"):
        run(conversations=400, concurrency=2)
    assert len(fake.calls) < 400
    assert (tmp_path / "run" / "rejections.jsonl").stat().st_size > 0


def test_a_few_failures_among_many_trees_do_not_end_the_run(run, model):
    model(lambda call: "" if "is 22" in call.inputs.get("profile", "") else fakes.cast(call))
    summary = run(conversations=72, turns=1, concurrency=1)
    assert (summary.trees, summary.failed) == (60, 12)


def test_a_failed_tree_is_tried_again_by_the_next_run(run, model, monkeypatch):
    monkeypatch.setattr(middleware, "with_retries", partial(middleware.with_retries, attempts=1))
    broken = True

    def reply(call):
        return ServerError("busy") if broken and call.role == "judge" and call.sample == "1/0" else fakes.cast(call)

    model(reply)
    assert run(conversations=7).failed == 1
    broken = False
    assert run(conversations=7).trees == 7


def test_every_judged_turn_is_a_pair_or_a_counted_rejection(run, model):
    def reply(call):
        if call.role != "judge":
            return fakes.cast(call)
        turn = sum(m.role == "user" for m in call.inputs["conversation"])
        first = (
            call.inputs["replies"][0]["label"]
            if turn == 1
            else "A"
            if "aware" in call.inputs["replies"][0]["text"]
            else "B"
        )
        second = "AB".replace(first, "")
        tie = "true" if turn == 3 else "false"
        return f'{{"ranking": ["{first}", "{second}"], "tie": {tie}, "reason": ""}}'

    model(reply)
    summary = run()
    assert summary.pairs == 6
    assert sum(summary.rejected.values()) + summary.pairs == summary.turns == 18
    assert set(summary.rejected.values()) == {6}
    assert len(summary.rejected) == 2


def test_progress_tells_where_a_run_stands(run):
    told = []
    run(progress=told.append)
    assert told[0].done == 0
    last = told[-1]
    assert (last.unit, last.done, last.total) == ("conversations", 6, 6)
    assert last.calls == 108
    assert [s.done for s in told] == sorted(s.done for s in told)


def test_a_run_that_a_fault_of_the_caller_ends_is_kept_as_interrupted(run, tmp_path):
    def progress(status):
        if status.done:
            raise RuntimeError("the caller's own")

    with pytest.raises(RuntimeError, match="the caller's own"):
        run(progress=progress)
    state = orjson.loads((tmp_path / "run" / "run.json").read_bytes())
    assert state["status"] == "interrupted"
    assert state["summary"]["trees"] >= 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"turns": 0}, "--turns 0"),
        ({"candidates": 1}, "--candidates 1"),
        ({"max_nodes": 11, "turns": 4, "grow": "all"}, "--max-nodes 11: one branch of --turns 4 takes 12 messages"),
        ({"max_nodes": 8, "turns": 3, "grow": "best-hard"}, "so choose at least 9 with --grow best-hard"),
        ({"noise": 0.9}, "--noise 0.9"),
        ({"noise": "odd=0.1"}, "--noise odd=0.1: there is no kind odd"),
        ({"grow": "x"}, "--grow x"),
        ({"attempts": 0}, "--attempts 0"),
        ({"conversations": 0}, "--conversations 0"),
        ({"personas": "nowhere.jsonl"}, "nowhere.jsonl"),
        ({"model": "robot=offline"}, "no role robot"),
        ({"language": "xx"}, "--language xx: choose the English name"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_made(run, tmp_path, options, complaint):
    with pytest.raises(UsageError, match=complaint):
        run(**options)
    assert not (tmp_path / "run").exists()


def test_another_offline_judge_errs_on_other_pairs_and_is_recorded_by_its_name(run, tmp_path):
    verdicts = {}
    for name in ("offline", "offline/2"):
        out = name.replace("/", "-")
        run(out, turns=3, conversations=8, noise="model=0.4", model={"judge": name})
        trees = list(read_records(tmp_path / out / "trees.jsonl", ConversationTree))
        assert {tree.models["judge"] for tree in trees} == {name}
        assert {tree.models["user"] for tree in trees} == {"offline"}
        verdicts[name] = [judgment.ranking for tree in trees for judgment in tree.judgments]
    assert len(verdicts["offline"]) == len(verdicts["offline/2"]) > 20
    assert verdicts["offline"] != verdicts["offline/2"]
