"""When a run whose conversations come to nothing ends, what it says, and how it goes on."""

from __future__ import annotations

import orjson
import pytest

from personagen.errors import QualityError, ReplyError
from personagen.records import ConversationTree, Rejection
from personagen.store.files import read_records
from tests import fakes
from tests.fakes import answer, cast


def state(folder):
    return orjson.loads((folder / "run.json").read_bytes())


@pytest.mark.parametrize("role", ["observer", "judge", "assistant", "user"])
def test_a_role_that_gives_nothing_usable_ends_the_run_early(run, tmp_path, model, role):
    fake = model(lambda call: "" if call.role == role else cast(call))
    with pytest.raises(QualityError, match=f"10 of 10 conversations failed.* 10 of them because {role}/"):
        run(conversations=400, turns=1, concurrency=2)
    assert len(fake.calls) < 400
    summary = state(tmp_path / "run")["summary"]
    assert summary["pairs"] == 0
    assert summary["trees"] + summary["failed"] < 40
    assert sum(summary["unusable"].values()) >= 10


def test_conversations_that_come_to_nothing_are_kept_and_said_to(run, tmp_path, model):
    model(lambda call: "no json" if call.role == "judge" else cast(call))
    with pytest.raises(QualityError, match="6 of 6 conversations failed or came to nothing, 6 of them because judge/"):
        run(turns=2)
    trees = list(read_records(tmp_path / "run" / "trees.jsonl", ConversationTree))
    assert [len(made.nodes) for made in trees] == [6] * 6
    assert state(tmp_path / "run")["summary"]["failed"] == 0


def test_the_same_command_again_asks_nothing_and_ends_in_the_same_way(run, tmp_path, model):
    reply = lambda call: "no json" if call.role == "judge" else cast(call)  # noqa: E731
    said = []
    for _ in range(2):
        fake = model(reply)
        with pytest.raises(QualityError) as ended:
            run(turns=1)
        said.append((str(ended.value), fakes.results(tmp_path / "run")))
    assert fake.calls == []
    assert said[0] == said[1]


def test_a_server_with_more_context_finishes_what_came_to_nothing(run, model):
    small = True

    def reply(call):
        return ReplyError("too long", cause="context") if small and call.role == "judge" else cast(call)

    model(reply)
    with pytest.raises(QualityError, match="too long"):
        run(turns=1)
    small = False
    assert run(turns=1).pairs == 6


def test_a_few_pairs_are_enough_for_a_conversation_to_count_as_done(run, model):
    model(lambda call: "" if call.role == "user" and call.inputs["turn"] == 2 else cast(call))
    summary = run(turns=9)
    assert (summary.trees, summary.failed, summary.pairs) == (6, 0, 6)
    assert (summary.ended_early, summary.unusable) == ({"unusable": 6}, {"user/speak": 6})


def test_ties_are_not_taken_for_the_work_of_a_reply_that_could_not_be_used(run, model):
    def reply(call):
        if call.role == "observer" and len(call.inputs["conversation"]) == 1:
            return "no json"
        return '{"ranking": ["A", "B"], "tie": true, "reason": ""}' if call.role == "judge" else cast(call)

    model(reply)
    assert run().rejected == {"judged": 6, "tie": 12}


def test_an_early_end_names_file_and_setting_and_where_to_read_on(run, tmp_path, model):
    model(lambda call: answer("half a", finish_reason="length") if call.role == "user" else cast(call))
    with pytest.raises(QualityError) as ended:
        run()
    said = str(ended.value)
    assert "18 of 18 replies were cut off at max_tokens: raise it in " in said
    assert "user/speak.md (400" in said
    assert "--reasoning" not in said
    assert f"`personagen show {tmp_path / 'run'} --failed` shows what failed; correct the cause" in said
    assert state(tmp_path / "run")["report"]["advice"][0] in said


def test_what_was_discarded_is_counted_over_the_whole_folder_with_its_cost(run, tmp_path, model):
    def reply(call):
        if call.role == "judge" and call.sample.endswith("/0"):
            return "no json"
        return answer("half", finish_reason="length") if call.role == "user" and call.sample == "0/0" else cast(call)

    model(reply)
    with pytest.raises(Exception, match="max-calls"):
        run(turns=1, max_calls=20)
    report = run(turns=1).report
    assert report.discarded["by_prompt"] == {"judge/prefer": {"json": 12}, "user/speak": {"length": 6}}
    assert report.discarded["by_cause"] == {"json": 12, "length": 6}
    assert (report.discarded["replies"], report.discarded["discarded"], report.re_asked) == (54, 18, 18)
    assert report.discarded["cost_usd"] == pytest.approx(9.0)
    assert [line.partition(" replies")[0] for line in report.advice] == ["12 of 24", "6 of 12"]
    rows = read_records(tmp_path / "run" / "rejections.jsonl", Rejection)
    assert not [row for row in rows if row.gate in ("failed", "unusable")]


def test_progress_tells_replies_that_were_asked_for_again_and_no_errors(run, model):
    told = []
    model(lambda call: "no json" if call.role == "judge" and call.sample.endswith("/0") else cast(call))
    run(turns=1, progress=told.append)
    assert (told[-1].errors, told[-1].re_asked) == (0, 12)
