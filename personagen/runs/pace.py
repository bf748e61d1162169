"""How fast a run is now, and the seconds that it still takes."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from statistics import fmean

WINDOW_SECONDS, WINDOW_CALLS = 60.0, 50  # the speed is measured over both, but ...
WINDOW_SHARE, MIN_WINDOW_SECONDS = 0.25, 2.0  # ... over no more seconds than this share of the run
DOUBT = 3  # so many ended items count as much as the estimate
RECENT = 200  # ended items tell of the others


@dataclass(frozen=True)
class Standing:
    """What is known of a run: ``calls`` left by its estimate, and ``usual`` calls of an item.

    ``ended`` has the calls of each of the ``RECENT`` items that ended last, failed or not, ``open`` those so far of the
    items under way; ``waiting`` ones have not begun. ``rate`` is in calls a second, ``each`` too, of one open item.
    """

    calls: float
    usual: float
    ended: Sequence[float]
    open: Sequence[float]
    waiting: int
    rate: float
    each: float


def seconds_left(standing: Standing) -> float | None:
    """The seconds until the last item ends; None while no call is answered.

    None also where the estimate is used up and no item has ended: what is known then says nothing of the rest.

    The calls of ended items correct the estimate, the more of them the more. However fast the calls are, the last item
    needs its own time: its calls follow one another.
    """
    if standing.rate <= 0:
        return None
    ended = sorted(standing.ended)
    sums = [0.0, *accumulate(ended)]
    mean = fmean(standing.ended) if standing.ended else standing.usual
    one_of = len(standing.open) + 1  # the longest of the open ones is about the longest of so many

    def rests(calls: float) -> tuple[float, float]:
        """The calls that an open item still makes, by those ended that made more: the mean, and if it is the last."""
        first = bisect_right(ended, calls)
        longer = len(ended) - first
        if not longer:
            return (max(1.0, standing.usual - calls),) * 2
        return (sums[-1] - sums[first]) / longer - calls, ended[first + longer * (one_of - 1) // one_of] - calls

    usual, long = zip(*map(rests, standing.open), strict=True) if standing.open else ((), ())
    trust = len(standing.ended) / (len(standing.ended) + DOUBT)
    calls: float = trust * (sum(usual) + standing.waiting * mean) + (1 - trust) * max(standing.calls, len(usual))
    if not calls and standing.waiting:
        return None
    last = _last(sorted(usual), max(long, default=0.0), standing.waiting, mean, rests(0)[1])
    alone = last / standing.each if standing.each > 0 else 0.0
    return max(calls / standing.rate, alone)


def _last(rests: Sequence[float], longest: float, waiting: int, mean: float, whole: float) -> float:
    """The calls one after another until the last item ends, if a waiting one begins whenever an open one ends."""
    if not rests:
        return 0.0
    rounds, more = divmod(waiting, len(rests))
    return rounds * mean + max(longest, rests[more - 1] + whole if more else 0.0)


@dataclass
class Pace:
    """Measures the speed of a run in the recent past: of all calls, and of one item.

    ``at_once`` is the mean number of calls of an item in flight at a time, where none waits.
    """

    at_once: float = 1.0
    rate: float = 0.0
    each: float = 0.0
    _samples: deque[tuple[float, int, float, float]] = field(default_factory=lambda: deque(maxlen=5000))
    _began: float = 0.0

    def measure(self, now: float, calls: int, open_items: int, in_flight: int) -> None:
        """Takes in that ``calls`` were answered by the second ``now``, and what is under way."""
        samples = self._samples
        if not samples:
            self._began = now
            samples.append((now, calls, 0.0, 0.0))
            return
        seconds = min(WINDOW_SECONDS, max(MIN_WINDOW_SECONDS, WINDOW_SHARE * (now - self._began)))
        last, _, opened, flown = samples[-1]
        samples.append((now, calls, opened + (now - last) * open_items, flown + (now - last) * in_flight))
        while len(samples) > 2 and now - samples[1][0] >= seconds and calls - samples[1][1] >= WINDOW_CALLS:
            samples.popleft()
        passed, answered, opened, flown = (end - begin for end, begin in zip(samples[-1], samples[0], strict=True))
        self.rate = answered / passed if passed else 0.0
        alone = max(1 / opened if opened else 0.0, self.at_once / flown if flown else 0.0)  # if no other item was open
        self.each = min(self.rate, answered * alone)
