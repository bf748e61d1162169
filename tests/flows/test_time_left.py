"""The time left, as the scheduler plays conversations on a clock that costs no time."""

from __future__ import annotations

from collections import Counter

import pytest

from personagen.flows.shape import calls_at_once
from personagen.runs.pace import Pace, Standing, seconds_left
from tests.flows.test_waiting import TURNS, Run
from tests.runs.test_pace import BLUR


def shown(run):
    """Every half second: the seconds that are left, and those that were shown."""
    calls = [(begin, end, call.place.partition("/")[0]) for begin, end, call in run.spans]
    began = {item: min(b for b, _, i in calls if i == item) for item in {item for _, _, item in calls}}
    ended = {item: max(e for _, e, i in calls if i == item) for item in began}
    pace, usual = Pace(calls_at_once(run.plans[0])), 6 * TURNS
    for tick in range(int(2 * run.seconds)):
        now = tick / 2
        made = Counter(item for _, end, item in calls if end <= now)
        over = [made[item] for item in began if ended[item] <= now]
        opened = [made[item] for item in began if began[item] <= now < ended[item]]
        pace.measure(now, made.total(), len(opened), sum(begin <= now < end for begin, end, _ in calls))
        waiting = len(began) - len(over) - len(opened)
        left = usual * len(began) - made.total()
        yield run.seconds - now, seconds_left(Standing(left, usual, over, opened, waiting, pace.rate, pace.each))


@pytest.mark.slow
@pytest.mark.parametrize(("conversations", "slots"), [(40, 16), (6, 16), (3, 2), (10, 4), (2, 1)])
def test_the_time_left_of_conversations_is_right_within_30_percent_in_the_second_half(conversations, slots):
    run = Run(conversations, slots)
    late = [(true, left) for true, left in shown(run) if true <= run.seconds / 2]
    assert [(true, left) for true, left in late if abs(left - true) > 0.3 * true + BLUR] == []
