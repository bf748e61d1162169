"""What the adaptive limit gets out of every kind of server: those with limits, and those that refuse at random."""

from __future__ import annotations

from functools import cache

import pytest

from tests.servers.kinds import KINDS, SPORADIC, adaptive, converse, drive, simulate

# One seed each, so a little more than the goals allow; docs/rate-limits.md has the medians and what is not reached.
LEAST_SHARE = {"one at a time at 20 calls/s": 0.7, "20 calls/s, calls of 10 s": 0.75}
MOST_REFUSED = {
    "20 calls/s and 5 % at random": 0.12,
    "tokens of 20 calls/s, spare of a minute, exact Retry-After": 0.09,
}
SEED = 0


@pytest.mark.parametrize("name", KINDS)
def test_a_limit_is_used_and_little_is_refused(name):
    kind = KINDS[name]
    outcome = simulate(adaptive, SEED, lambda llm: drive(llm, kind.calls), **kind.server)
    assert not outcome.given_up
    assert kind.seconds / outcome.seconds >= LEAST_SHARE.get(name, 0.82)
    assert outcome.refused <= MOST_REFUSED.get(name, 0.065)


@cache
def seconds_without_refusals(latency):
    return simulate(adaptive, SEED, converse, latency=latency).seconds


@pytest.mark.parametrize("name", SPORADIC)
def test_refusals_at_random_hardly_slow_a_run_down(name):
    server = SPORADIC[name]
    outcome = simulate(adaptive, SEED, converse, **server)
    ratio = outcome.seconds / seconds_without_refusals(server["latency"])
    assert not outcome.given_up
    assert ratio <= (1.9 if server["sporadic"] >= 0.2 else 1.25)
