"""What the adaptive limit gets out of every kind of server: those with limits, and those that refuse at random."""

from __future__ import annotations

from functools import cache
from statistics import median

import pytest

from tests.servers.kinds import KINDS, SPORADIC, adaptive, converse, drive, simulate

# The goals, and what falls short of them; docs/rate-limits.md says why and has the medians of more seeds.
LEAST_SHARE = {
    "one at a time at 20 calls/s": 0.83,
    "20 calls/s, calls of 10 s": 0.8,
    "20 calls/s, Retry-After 30": 0.75,  # the last calls may wait for 30 seconds
}
MOST_REFUSED = {
    "20 calls/s and 5 % at random": 0.1,
    "20 calls/s, Retry-After 30": 0.06,
    "60 calls in a fixed minute": 0.25,  # a dozen in every minute: those in flight at its end, and those that knock
    "60 calls in a fixed minute, Retry-After 1": 0.2,
    "60 calls in a fixed minute, Retry-After 30": 0.12,
}
SEED = 0


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_limit_is_used_and_little_is_refused(name):
    kind = KINDS[name]
    outcome = simulate(adaptive, SEED, lambda llm: drive(llm, kind.calls), **kind.server)
    assert not outcome.given_up
    assert kind.seconds / outcome.seconds >= LEAST_SHARE.get(name, 0.85)
    assert outcome.refused <= MOST_REFUSED.get(name, 0.05)


@cache
def seconds_without_refusals(latency, seed):
    return simulate(adaptive, seed, converse, latency=latency).seconds


@pytest.mark.slow
@pytest.mark.parametrize("name", SPORADIC)
def test_refusals_at_random_hardly_slow_a_run_down(name):
    server = SPORADIC[name]
    ratios = []
    for seed in range(3):
        outcome = simulate(adaptive, seed, converse, **server)
        ratios.append(outcome.seconds / seconds_without_refusals(server["latency"], seed))
        assert not outcome.given_up
    assert median(ratios) <= (1.6 if server["sporadic"] >= 0.2 else 1.2)
