"""What a run says of itself while it goes on."""

from __future__ import annotations

import asyncio

import pytest

from personagen.flows.expand import expand
from personagen.options import ExpandOptions
from tests.servers import Reply, serving
from tests.servers.actor import actor


def test_items_begun_and_calls_of_the_estimate_are_told(run):
    told = []
    run("run", people=6, turns=2, concurrency=2, progress=told.append)
    begun = [status.begun for status in told]
    assert (begun[0], begun[-1], begun) == (0, 6, sorted(begun))
    assert all(status.done <= status.begun for status in told)
    assert {status.expected for status in told} == {72}
    assert told[-1].calls == 72


def test_a_resumed_run_counts_what_was_begun_before_and_expects_the_calls_that_are_left(run):
    with pytest.raises(Exception, match="max-calls"):
        run("run", people=6, turns=2, concurrency=2, max_calls=30)
    told = []
    out = run("run", people=6, turns=2, concurrency=2, progress=told.append)
    assert told[0].done_before == told[0].begun == told[0].done > 0
    assert told[0].expected == pytest.approx(out.report.new_calls, abs=6)
    assert told[-1].begun == 6


def test_only_calls_at_servers_are_told_to_be_in_flight(run):
    told = []
    with serving(lambda request: Reply(actor(request).body, delay=0.02)) as server:
        roles = {"model": ("tests.fakes:llm", "judge=openai/a"), "base_url": (f"judge={server.v1}",)}
        run("run", people=3, turns=1, concurrency=3, progress=told.append, **roles)
    run("other", people=3, turns=1, progress=told.append)
    assert {status.limit for status in told} == {3, 0}
    assert max(status.in_flight for status in told) <= 3
    assert all(status.free for status in told)


def test_the_time_left_is_told_while_a_run_goes_on_also_of_descriptions(tmp_path, run):
    told = []
    with serving(lambda request: Reply(actor(request).body, delay=0.1)) as server:
        where = {"model": "openai/a", "base_url": server.v1, "concurrency": 2}
        run("run", people=3, turns=1, progress=told.append, **where)
    assert any(status.left for status in told if status.done < status.total)
    told.clear()
    asyncio.run(expand(ExpandOptions(target=60, out=str(tmp_path / "pool")), told.append))
    assert {status.begun for status in told} == {None}
    assert told[-1].expected > 0
