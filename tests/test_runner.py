"""An orderly end, and a run inside a loop that runs already."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from personagen.errors import BudgetError, Interrupted
from personagen.llm.slots import Slots
from personagen.runner import interruptible, run_sync


def test_the_first_signal_closes_the_slots_and_the_second_cancels():
    async def main():
        slots = Slots(1)
        with interruptible(slots):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.01)
            assert isinstance(slots.closed, Interrupted)
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(asyncio.CancelledError):
                await asyncio.sleep(5)

    asyncio.run(main())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


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
