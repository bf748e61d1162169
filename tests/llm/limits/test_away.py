"""A server that is away: its calls wait, one knocks, and the run goes on when it is back."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from itertools import pairwise

import pytest

from personagen.errors import ConfigError, Interrupted, ReplyError, ServerError
from personagen.llm.errors import Server, error
from personagen.llm.failures import Failure
from personagen.llm.limits.limiter import Limiter
from personagen.llm.lost import unreachable
from personagen.llm.middleware import with_retries
from personagen.records import Completion
from tests.llm.calls import a_call
from tests.servers import simulated

FAR, HERE = Server("openai/m", "http://gpu.example:8000/v1", "K"), Server("openai/m", "http://127.0.0.1:8000/v1", "K")


def refused(server=FAR):
    return unreachable(server, ConnectionRefusedError())


def loading():
    return error(HERE, Failure(503, "Loading model", "unavailable_error"))


def gateway():
    return error(FAR, Failure(502, "<h1>502 Bad Gateway</h1> nginx"))


def nothing():
    return error(FAR, Failure(503, ""))


def cloudflare():
    return error(FAR, Failure(521, "<h1>Web server is down</h1>"))


def reset():
    return unreachable(FAR, ConnectionResetError("reset by peer"))


def no_name():
    return unreachable(FAR, socket.gaierror(socket.EAI_AGAIN, "temporary failure"))


class Restarting:
    """An LLM that is away from ``down`` to ``up`` and takes a second to answer."""

    def __init__(self, down, up, problem=refused):
        self.down, self.up, self.problem, self.asked_at, self.met_at = down, up, problem, [], []

    async def __call__(self, call):
        self.asked_at.append(simulated.now())
        if self.down <= simulated.now() < self.up:
            self.met_at.append(simulated.now())
            raise self.problem()
        await asyncio.sleep(1)
        return Completion(text="Fine.")


def run(llm, calls=20, most=4, **settings):
    """The answers, or errors, of ``calls``, the limiter, and when all had ended."""

    async def main():
        limiter = Limiter(most)
        ask = with_retries(llm, limiter, **settings)
        results = await asyncio.gather(*(ask(a_call(str(n))) for n in range(calls)), return_exceptions=True)
        return results, limiter, simulated.now()

    return simulated.run(main())


@pytest.mark.parametrize("problem", [refused, loading, gateway, nothing, cloudflare, reset, no_name])
@pytest.mark.parametrize("up", [25, 300, 595])
def test_no_call_fails_while_a_server_is_away_and_few_knock(problem, up, caplog):
    llm = Restarting(2.5, up, problem)
    results, limiter, ended = run(llm)
    assert all(isinstance(r, Completion) for r in results)
    assert ended < up + 15
    assert len(llm.met_at) <= 4 * 3 + (up - 2.5) / 5 + 3
    knocks = [at for at in llm.met_at if at > 12]
    assert all(4.9 < later - sooner < 5.1 for sooner, later in pairwise(knocks))
    assert caplog.text.count("All calls to it wait") == caplog.text.count("answers again") == 1
    assert limiter.away == {}
    assert limiter.in_flight == 0


def test_who_is_away_since_when_and_why_can_be_shown():
    async def main():
        limiter = Limiter(2, {"user": "a", "judge": "b"})
        ask = with_retries(Restarting(0, 30), limiter)
        asking = [asyncio.create_task(ask(a_call(str(n)))) for n in range(3)]
        await asyncio.sleep(10)
        shown = dict(limiter.away)
        await asyncio.gather(*asking)
        return shown, limiter.away

    shown, after = simulated.run(main())
    assert {name: why for name, (_, why) in shown.items()} == {"a": "nothing listens there"}
    assert all(math.isfinite(since) for since, _ in shown.values())
    assert after == {}


@pytest.mark.parametrize(("problem", "why"), [(nothing, "HTTP 503"), (reset, "connections to it fail")])
def test_a_reason_is_shown_where_the_server_gives_none(problem, why):
    async def main():
        limiter = Limiter(4, {"user": "a"})
        ask = with_retries(Restarting(0, 30, problem), limiter)
        asking = [asyncio.create_task(ask(a_call(str(n)))) for n in range(4)]
        await asyncio.sleep(15)
        shown = dict(limiter.away)
        await asyncio.gather(*asking)
        return shown

    assert [why for _, why in simulated.run(main()).values()] == [why]


def test_a_host_that_no_name_server_knows_is_asked_for_three_times():
    def unknown():
        return unreachable(FAR, socket.gaierror(socket.EAI_NONAME, "not known"))

    results, _, ended = run(Restarting(0, 1e9, unknown))
    assert {type(r) for r in results} == {ConfigError}
    assert "can't be found: check the network, or correct --base-url" in str(results[0])
    assert ended <= 15
    results, _, _ = run(Restarting(2.5, 60, unknown))
    assert {type(r) for r in results} == {Completion}


def test_the_wait_ends_after_its_time_for_all_calls():
    results, limiter, ended = run(Restarting(0, 1e9), calls=50, seconds=600)
    assert {type(r) for r in results} == {ServerError}
    assert 590 < ended < 640
    assert limiter.in_flight == 0


def test_a_call_that_was_in_flight_for_long_waits_for_as_long_as_the_others():
    async def llm(call):
        if simulated.now() < 1:
            await asyncio.sleep(500)
            raise refused()
        if simulated.now() < 900:
            raise refused()
        return Completion(text="Fine.")

    results, _, ended = run(llm, calls=1)
    assert isinstance(results[0], Completion)
    assert 900 <= ended < 910


def test_ctrl_c_ends_the_wait_at_once():
    async def main():
        limiter = Limiter(4)
        ask = with_retries(Restarting(0, 1e9), limiter)
        asyncio.get_running_loop().call_later(33.0, limiter.close, Interrupted("stop"))
        results = await asyncio.gather(*(ask(a_call(str(n))) for n in range(9)), return_exceptions=True)
        return results, limiter.in_flight, simulated.now()

    results, in_flight, ended = simulated.run(main())
    assert {type(r) for r in results} == {Interrupted}
    assert (in_flight, ended) == (0, 33.0)


def test_at_an_address_of_this_machine_that_never_answered_three_tries_are_enough():
    llm = Restarting(0, 1e9, lambda: refused(HERE))
    results, limiter, ended = run(llm)
    assert {type(r) for r in results} == {ConfigError}
    assert "nothing listens at http://127.0.0.1:8000/v1: start the server" in str(results[0])
    assert ended <= 3
    assert limiter.in_flight == 0


def test_at_one_call_at_a_time_three_tries_are_three_requests():
    llm = Restarting(0, 1e9, lambda: refused(HERE))
    run(llm, calls=1)
    assert len(llm.asked_at) == 3


@pytest.mark.parametrize("first", [loading, lambda: ServerError("busy", status=500), lambda: ReplyError("no")])
def test_a_server_of_this_machine_that_answered_once_is_waited_for(first):
    async def llm(call):
        if simulated.now() < 1:
            raise first()
        if simulated.now() < 60:
            raise refused(HERE)
        return Completion(text="Fine.")

    async def main():
        ask = with_retries(llm, Limiter(1), first=5)
        results = await asyncio.gather(*(ask(a_call(str(n))) for n in range(3)), return_exceptions=True)
        await asyncio.sleep(2)
        return results, await ask(a_call("late"))

    results, late = simulated.run(main())
    assert [type(r) for r in results if not isinstance(r, Completion)] in ([], [ReplyError] * 3)
    assert late.text == "Fine."


def test_single_gateway_errors_do_not_stop_the_others(caplog):
    async def llm(call):
        await asyncio.sleep(1)
        if int(call.messages[-1].content) % 10 == 3 and not seen.get(call.key):
            seen[call.key] = True
            raise gateway()
        return Completion(text="Fine.")

    seen = {}
    results, _, ended = run(llm, calls=40, most=4)
    assert all(isinstance(r, Completion) for r in results)
    assert ended < 16
    assert "All calls to it wait" not in caplog.text


def test_a_caller_that_is_cancelled_while_it_knocks_leaves_the_knocking_to_others():
    async def llm(call):
        if simulated.now() < 30:
            await asyncio.sleep(3 if call.messages[-1].content == "0" and simulated.now() > 0.5 else 0)
            raise refused()
        return Completion(text="Fine.")

    async def main():
        ask = with_retries(llm, Limiter(4))
        tasks = [asyncio.create_task(ask(a_call(str(n)))) for n in range(4)]
        await asyncio.sleep(2)
        tasks[0].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = simulated.run(main())
    assert [type(r) for r in results] == [asyncio.CancelledError, Completion, Completion, Completion]


def test_a_call_that_was_given_too_little_time_is_sent_again_with_more_whatever_the_time_of_a_call():
    async def late(call):
        asked.append(simulated.now())
        if len(asked) < 3:
            seconds = 900.0 * len(asked)
            await asyncio.sleep(seconds)
            problem = ServerError("late", status=408)
            problem.waited = seconds
            raise problem
        await asyncio.sleep(1000)
        return Completion(text="Fine.")

    asked = []
    results, _, _ = run(late, calls=1, seconds=600)
    assert isinstance(results[0], Completion)
    assert len(asked) == 3


def test_one_call_knocks_at_a_time_and_without_an_answer_opens_no_gate():
    async def llm(call):
        asked.append(simulated.now())
        if simulated.now() < 1:
            raise refused()
        if simulated.now() < 100:
            await asyncio.sleep(20)
            problem = ServerError("late", status=408)
            problem.waited = 20.0
            raise problem
        return Completion(text="Fine.")

    async def main():
        ask, tasks = with_retries(llm, Limiter(100)), []
        for n in range(30):
            tasks.append(asyncio.create_task(ask(a_call(str(n)))))
            await asyncio.sleep(3)
        return await asyncio.gather(*tasks)

    asked = []
    assert all(isinstance(r, Completion) for r in simulated.run(main()))
    assert sum(1 < at < 100 for at in asked) <= 6


def test_it_is_told_at_once_and_in_one_line(caplog):
    with caplog.at_level(logging.WARNING):
        run(Restarting(0, 12, loading), calls=1)
    assert "Loading model" in caplog.text
    assert "for up to 10 minutes" in caplog.text
