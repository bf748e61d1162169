"""The time left that is shown, against the time that simulated runs then take."""

from __future__ import annotations

import heapq
from itertools import count
from random import Random

import pytest

from personagen.runs.pace import RECENT, Pace, Standing, seconds_left

BLUR = 2.5  # calls: when the last one ends, nobody can tell before


class Simulated:
    """Items with so many ``calls`` each, one after another, on ``slots``; a call begun at t takes ``latency(t)``.

    ``shown`` has the second and the time left that was shown then, every half second; ``seconds`` is the whole time.
    """

    def __init__(self, calls, *, slots=16, latency=lambda _: 2.0, estimate=1.0, usual=None, seed=1):
        rng, number = Random(seed), count()
        waiting, made, self.ended = list(reversed(calls)), {}, []
        expected = estimate * (sum(calls) if usual is None else usual * len(calls))
        self.pace, self.shown, answered, now, tick = Pace(), [], 0, 0.0, 0.0
        flying = []

        def ask(item, at):
            heapq.heappush(flying, (at + latency(at) * rng.uniform(0.5, 1.5), next(number), item))

        while waiting or flying:
            while waiting and len(made) < slots:
                made[len(waiting)] = [0, waiting.pop()]
                ask(len(waiting), now)
            at, _, item = heapq.heappop(flying)
            while tick < at:
                self.pace.measure(tick, answered, len(made), len(flying) + 1)
                opened = [done for done, _ in made.values()]
                each = expected / len(calls)
                standing = Standing(
                    max(0, expected - answered),
                    each,
                    self.ended[-RECENT:],
                    opened,
                    len(waiting),
                    self.pace.rate,
                    self.pace.each,
                )
                self.shown.append((tick, seconds_left(standing)))
                tick += 0.5
            now, answered = at, answered + 1
            made[item][0] += 1
            if made[item][0] >= made[item][1]:
                self.ended.append(made.pop(item)[0])
            else:
                ask(item, now)
        self.seconds, self.blur = now, BLUR * latency(now)

    def wrong(self):
        """The share of the second half in which the time left was off by more than 30 % and a few calls."""
        late = [(self.seconds - at, left) for at, left in self.shown if at >= self.seconds / 2]
        return sum(abs(left - true) > 0.3 * true + self.blur for true, left in late) / len(late)


def even(items=80, calls=60, seed=2):
    rng = Random(seed)
    return [calls + rng.randint(-calls // 20, calls // 20) for _ in range(items)]


def failing(share, items=100, seed=3):
    rng = Random(seed)
    return [rng.randint(3, 40) if rng.random() < share else 60 for _ in range(items)]


def any_length(items=80, seed=4):
    rng = Random(seed)
    return [rng.randint(20, 100) for _ in range(items)]


RUNS = {
    "a constant rate": {"calls": even()},
    "a slow server": {"calls": even(12, 20), "slots": 2, "latency": lambda _: 9.0},
    "a fast server": {"calls": even(1000, 20), "slots": 64, "latency": lambda _: 0.3},
    "a rate that doubles": {"calls": even(), "latency": lambda at: 2.0 if at < 140 else 1.0},
    "a rate that doubles slowly": {"calls": even(), "latency": lambda at: 2.0 / (1 + at / 420)},
    "a rate that halves": {"calls": even(), "latency": lambda at: 2.0 if at < 200 else 4.0},
    "an estimate 25 % too high": {"calls": even(), "estimate": 1.25},
    "an estimate 25 % too low": {"calls": even(), "estimate": 0.75},
    "all at once": {"calls": even(8), "slots": 16},
    "a long tail": {"calls": [*even(48), 60]},
}
# Nobody can tell when the last one ends.
CHANCE = {
    "items of any length": {"calls": any_length(), "usual": 60},
    "a fifth failed": {"calls": failing(0.2), "usual": 60},
    "half failed": {"calls": failing(0.5), "usual": 60},
}


@pytest.mark.parametrize("name", RUNS | CHANCE)
def test_the_time_left_is_right_within_30_percent_in_the_second_half(name):
    run = Simulated(**(RUNS | CHANCE)[name])
    assert run.seconds > 50
    assert run.wrong() <= (0.1 if name in CHANCE else 0.02)


def test_no_time_is_shown_where_the_estimate_is_used_up_and_nothing_has_ended():
    spent = Standing(calls=0.0, usual=1.0, ended=[], open=[], waiting=8, rate=0.5, each=0.0)
    assert seconds_left(spent) is None
    assert seconds_left(Standing(calls=4.0, usual=1.0, ended=[], open=[], waiting=8, rate=0.5, each=0.0)) == 8
