"""Batch mode, against a double of both batch APIs."""

from __future__ import annotations

import asyncio
import math
from itertools import pairwise

import pytest

from personagen.errors import ConfigError, Interrupted, ReplyError, ServerError
from personagen.llm.middleware import with_retries
from tests.llm.batch_runs import QUICK, Clock, Setting, calls, echo, holds, said, texts
from tests.llm.calls import SCHEMA, a_call
from tests.servers import Reply, refusal
from tests.servers.batches import batching

BOTH = pytest.mark.parametrize("protocol", ["openai", "anthropic"])


@BOTH
def test_calls_that_are_ready_at_once_go_in_one_batch_and_get_their_own_answers(tmp_path, protocol):
    with batching(echo) as double:
        setting = Setting(tmp_path, double, protocol)
        assert texts(setting.ask(*calls(20))) == said(20)
    assert [len(batch.requests) for batch in double.batches] == [20]
    assert setting.pending() == []


@BOTH
def test_what_an_expired_batch_did_not_reach_is_asked_in_the_next_one(tmp_path, protocol):
    def expire(batch):
        batch.fate = "expired" if len(double.batches) == 1 else "completed"

    with batching(echo, arrived=expire) as double:
        setting = Setting(tmp_path, double, protocol)

        async def again(llm, call):  # at once: ``with_retries`` spaces its requests, and a wave would not wait for all
            try:
                return await llm(call)
            except ServerError:
                return await llm(call)

        async def run():
            async with setting.opened(stored=False) as llm:
                return await asyncio.gather(*(again(llm, call) for call in calls(8)))

        assert texts(asyncio.run(run())) == said(8)
    first, second = double.batches
    assert second.keys == first.keys[1::2]


def test_a_batch_whose_answers_say_429_each_time_is_given_up_like_any_other_failure(tmp_path):
    with batching(lambda request: refusal(429, "slow down")) as double:
        setting = Setting(tmp_path, double)

        async def run():
            async with setting.opened(stored=False) as llm:
                return await with_retries(llm, first=0.0, seconds=math.inf)(calls(1)[0])

        with pytest.raises(ServerError, match="sent 6 times"):
            asyncio.run(asyncio.wait_for(run(), 20))
    assert len(double.batches) == 6


@BOTH
@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "prompt is too long: context window exceeded", ReplyError),
        (404, "no such model", ConfigError),
        (500, "internal", ServerError),
    ],
)
def test_a_request_that_is_refused_raises_what_it_would_raise_alone(tmp_path, protocol, status, words, kind):
    def answer(request):
        return refusal(status, words) if "number 1" in str(request.body) else echo(request)

    with batching(answer) as double:
        setting = Setting(tmp_path, double, protocol)
        good, bad, other = setting.ask(*calls(3))
    assert texts([good, other]) == [said(3)[0], said(3)[2]]
    assert type(bad) is kind
    assert words[:12] in str(bad)
    assert setting.pending() == []


@BOTH
def test_a_schema_that_the_server_refuses_is_left_out_in_the_next_batch(tmp_path, protocol):
    def answer(request):
        return refusal(400, "response_format / output_config is not supported") if request.schema else echo(request)

    with batching(answer) as double:
        answers = Setting(tmp_path, double, protocol).ask(*calls(3, schema=SCHEMA))
    assert all("JSON schema" in text for text in texts(answers))
    assert [len(batch.requests) for batch in double.batches] == [3, 3]


@pytest.mark.parametrize(("limit", "value", "sizes"), [("max_requests", 4, [2, 4, 4]), ("max_bytes", 1300, [5, 5])])
def test_a_wave_over_the_providers_limits_goes_as_several_batches(tmp_path, limit, value, sizes):
    with batching(echo) as double:
        setting = Setting(tmp_path, double)
        setting.limits = {limit: value}
        assert texts(setting.ask(*calls(10))) == said(10)
    assert sorted(len(batch.requests) for batch in double.batches) == sizes


def test_a_queue_that_is_full_gets_one_smaller_batch_at_a_time(tmp_path):
    def admit(batch):
        if sum(len(b.requests) for b in double.batches if b.fate == "completed" and not double.is_over(b)) > 3:
            batch.fate, batch.words = "failed", "token_limit_exceeded"

    with batching(echo, arrived=admit) as double:
        assert texts(Setting(tmp_path, double).ask(*calls(10))) == said(10)
    sizes = [(len(batch.requests), batch.fate) for batch in double.batches]
    assert sizes == [(10, "failed"), (5, "failed")] + [(2, "completed")] * 5


def test_a_batch_that_is_refused_as_a_whole_tells_why(tmp_path):
    def refuse(batch):
        batch.fate, batch.words = "failed", "model_not_found"

    with batching(echo, arrived=refuse) as double:
        setting = Setting(tmp_path, double)
        [answer] = setting.ask(*calls(1))
    assert isinstance(answer, ConfigError)
    assert "Refused: model_not_found" in str(answer)
    assert setting.pending() == []


@BOTH
@pytest.mark.parametrize(("status", "said_so"), [(404, "has no batch API"), (401, "is refused")])
def test_a_server_without_batches_or_a_wrong_key_ends_the_calls_with_one_request(tmp_path, protocol, status, said_so):
    with batching(echo, refuse=lambda *_: refusal(status, "No.")) as double:
        setting = Setting(tmp_path, double, protocol)
        answers = setting.ask(*calls(5))
    assert {type(answer) for answer in answers} == {ConfigError}
    assert said_so in str(answers[0])
    assert len(double.asked) == 1
    assert setting.pending() == []


@BOTH
def test_a_batch_whose_creation_went_unanswered_is_found_and_not_sent_twice(tmp_path, protocol):
    def refuse(method, path):
        return Reply(status=0) if method == "POST" and path.endswith("batches") and double.batches else None

    def hang_up(_):
        raise ConnectionError

    with batching(echo, arrived=hang_up, refuse=refuse) as double:
        setting = Setting(tmp_path, double, protocol)
        assert texts(setting.ask(*calls(6))) == said(6)
    assert len(double.batches) == 1


def test_a_batch_of_somebody_else_is_not_taken_for_ones_own(tmp_path):
    def lose_the_second(_):
        if len(double.batches) == 1 and double.asked.count("POST /v1/messages/batches") == 2:
            raise ConnectionError

    (tmp_path / "other").mkdir()
    with batching(echo, arriving=lose_the_second) as double:
        Setting(tmp_path / "other", double, "anthropic").ask(*calls(4))
        double.batches[0].created += 3600  # as if at the same time, however long this test takes
        assert texts(Setting(tmp_path, double, "anthropic").ask(*calls(4))) == said(4)
    assert len(double.batches) == 2
    assert double.asked.count("GET /v1/messages/batches/batch_1/results") > 1


def test_polls_grow_rarer_up_to_the_longest_wait(tmp_path):
    clock, seen = Clock(), []

    def refuse(method, path):
        if method == "GET" and "/batches/" in path:
            seen.append(clock.now)

    with batching(echo, looks=14, refuse=refuse) as double:
        Setting(tmp_path, double).ask(*calls(1), policy=clock.policy())
    waits = [round(after - before, 1) for before, after in pairwise(seen)]
    assert waits[0] == pytest.approx(3, abs=0.3)
    assert all(60 <= wait < 60.5 for wait in waits[-3:])
    assert all(later > wait for wait, later in pairwise(waits[:7]))


def test_a_wait_through_hours_without_a_network_ends_when_the_server_is_back(tmp_path):
    clock = Clock()

    def refuse(method, path):
        away = 1100 < clock.now < 1100 + 3000
        return Reply(status=0) if away and method == "GET" else None

    with batching(echo, looks=9, refuse=refuse) as double:
        assert texts(Setting(tmp_path, double).ask(*calls(2), policy=clock.policy())) == said(2)
    assert clock.now > 4000


def test_a_server_that_stays_away_ends_the_run_and_the_batch_stays_stored(tmp_path):
    clock = Clock()

    def refuse(method, _):
        return Reply({"error": {"message": "down"}}, 503) if method == "GET" else None

    with batching(echo, refuse=refuse) as double:
        setting = Setting(tmp_path, double)
        answers = setting.ask(*calls(2), policy=clock.policy())
        assert {type(answer) for answer in answers} == {ConfigError}
        assert "sent batches keep running: run the same command later" in str(answers[0])
        assert [batch.provider_id for batch in setting.pending()] == ["batch_1"]
        double.refuse = lambda *_: None
        assert texts(setting.ask(*calls(2))) == said(2)
    assert len(double.batches) == 1


def test_a_server_that_never_answers_is_given_up_after_a_minute(tmp_path):
    clock = Clock()
    with batching(echo, refuse=lambda *_: Reply(status=0)) as double:
        answers = Setting(tmp_path, double).ask(*calls(2), policy=clock.policy())
    assert {type(answer) for answer in answers} == {ConfigError}
    assert 60 < clock.now - 1000 < 180


def test_a_full_rate_limit_delays_the_creation(tmp_path):
    tries = iter([refusal(429, "slow down", headers={"retry-after": "30"})])

    def refuse(method, path):
        return next(tries, None) if (method, path) == ("POST", "/v1/batches") else None

    clock = Clock()
    with batching(echo, refuse=refuse) as double:
        assert texts(Setting(tmp_path, double).ask(*calls(2), policy=clock.policy())) == said(2)
    assert len(double.batches) == 1
    assert double.asked.count("GET /v1/batches") == 0  # nothing to look for: it was refused
    assert clock.now > 1030


def test_waiting_calls_end_at_once_when_the_run_stops(tmp_path):
    with batching(echo, held=True) as double:
        setting = Setting(tmp_path, double)

        async def run():
            async with setting.opened() as llm:
                tasks = [asyncio.create_task(llm(call)) for call in calls(3)]
                await holds(lambda: double.batches)
                late = asyncio.create_task(llm(a_call("late")))
                await asyncio.sleep(0)
                setting.stop = Interrupted("stopped")
                async with asyncio.timeout(5):
                    return await asyncio.gather(*tasks, late, return_exceptions=True)

        assert {type(answer) for answer in asyncio.run(run())} == {Interrupted}
    assert len(double.batches) == 1


def test_the_board_tells_how_many_requests_are_done(tmp_path):
    lines = []
    with batching(echo, looks=3) as double:
        setting = Setting(tmp_path, double)

        async def note(seconds):
            lines.append(setting.progress.describe())
            await asyncio.sleep(seconds / 100)

        policy = Clock().policy()
        setting.ask(*calls(6), policy=type(policy)(settle=0.05, first=0.1, longest=0.2, sleep=note))
    assert any(line.startswith("1 batch pending: 3 of 6 requests done, next poll in") for line in lines)
    assert setting.progress.describe() == ""


def test_an_answer_that_cannot_be_read_is_asked_for_again(tmp_path):
    replies = iter([Reply({"nonsense": True})])
    with batching(lambda request: next(replies, None) or echo(request)) as double:
        setting = Setting(tmp_path, double)

        async def run():
            async with setting.opened(QUICK) as llm:
                return await with_retries(llm, first=0.0)(a_call("number 0"))

        assert asyncio.run(run()).text == "You said: number 0"
    assert len(double.batches) == 2
    assert setting.pending() == []
