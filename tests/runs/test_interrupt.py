"""An orderly end, and a run inside a loop that runs already."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import time

import pytest

from personagen.errors import BudgetError, Interrupted, ServerError
from personagen.llm import openai
from personagen.llm.limits.limiter import Limiter
from personagen.runs import interrupt as runner
from personagen.runs.interrupt import interruptible, run_sync
from tests.llm.calls import a_call
from tests.servers.streams import connections, read_request


def test_the_first_signal_closes_the_slots_and_the_second_cancels():
    async def main():
        limiter = Limiter(1)
        with interruptible(limiter):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.01)
            assert isinstance(limiter.closed, Interrupted)
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(asyncio.CancelledError):
                await asyncio.sleep(5)

    asyncio.run(main())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_third_signal_or_time_gets_the_handler_from_before_also_while_the_loop_is_busy(
    monkeypatch,
):
    monkeypatch.setattr(runner, "GRACE_SECONDS", 0.05)
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))

    async def main():
        with interruptible(Limiter(1)):
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.001)  # noqa: ASYNC251
            assert heard == [signal.SIGINT]
            until = time.monotonic() + 5
            while len(heard) < 2 and time.monotonic() < until:
                pass
            assert heard == [signal.SIGINT] * 2
            with pytest.raises(asyncio.CancelledError):
                await asyncio.sleep(5)

    try:
        asyncio.run(main())
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_closed_terminal_and_a_request_to_end_drain_the_run_too(number):
    async def main():
        limiter = Limiter(1)
        with interruptible(limiter):
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.01)
            assert isinstance(limiter.closed, Interrupted)

    asyncio.run(main())
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_closed_terminal_is_nothing_to_a_run_that_was_told_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    async def main():
        limiter = Limiter(1)
        with interruptible(limiter):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)
            assert limiter.closed is None

    try:
        asyncio.run(main())
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_flow_can_be_run_where_a_loop_runs_already():
    async def inner(value):
        await asyncio.sleep(0)
        if value is None:
            raise BudgetError("spent")
        return value

    async def notebook():
        assert run_sync(inner(7)) == 7
        with pytest.raises(BudgetError):
            run_sync(inner(None))

    asyncio.run(notebook())
    assert run_sync(inner(8)) == 8


def test_a_connection_that_is_reset_is_told_with_its_own_reason():
    async def reset(reader, writer):
        await read_request(reader)
        at_once = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()

    async def main(url):
        async with openai.backend("double", base_url=url, api_key="k", timeout=5.0) as llm:
            await llm(a_call())

    with connections(reset) as server, pytest.raises(ServerError, match="reset by peer"):
        run_sync(main(f"http://127.0.0.1:{server['port']}/v1"))
