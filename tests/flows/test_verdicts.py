"""When the two verdicts about one turn are asked for."""

from __future__ import annotations

import asyncio

import pytest

from personagen.flows.plan import Plan
from tests.fakes import PERSONA, answer, cast, context, grow


@pytest.mark.parametrize(("growth", "at_once"), [("coin", 1), ("all", 1), ("best", 2)])
def test_the_second_verdict_follows_the_first_unless_something_waits_for_both(growth, at_once):
    plan = Plan("t", PERSONA, repeat=0, turns=2, candidates=2, grow=growth, max_nodes=500, seed=1)
    asking: dict[str, int] = {}
    most = []

    async def llm(call):
        if call.role == "judge" and call.place == "t/0":  # nothing hides the verdicts of the last turn
            asking[call.place] = asking.get(call.place, 0) + 1
            most.append(asking[call.place])
            await asyncio.sleep(0.01)
            asking[call.place] -= 1
        return answer(cast(call))

    asyncio.run(grow(context(llm), plan))
    assert max(most) == at_once
