"""Slow start of a concurrency limit: it doubles until answers take nearly twice as long with twice the calls.

Past eight calls in flight it waits for a few answers at each load, and grows faster where those show no queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

INITIAL_LIMIT, MAX_LIMIT = 4, 512
MIN_LOAD_BITS = 2  # calls with fewer than four others in flight count as one load
GROWTH_FACTOR, FAST_FACTOR = 2, 3  # a round, while it is open whether the server queues, and where it clearly does not
MIN_CALLS_TO_SUSPECT_QUEUE, MIN_CALLS_TO_JUDGE_QUEUE = 8, 32
MIN_CALLS_BELOW = 4  # at the lower load that these are compared with
QUEUED_SHARE, CLEAR_SHARE = 0.55, 0.2  # of the added calls only waited: the server queues; less: it does not
RAMP_AGAIN_SECONDS = 5.0  # until the first new attempt after queueing was found; it doubles each time


@dataclass(slots=True)
class Permit:
    """A call in flight: when it was sent, the ``others`` then in flight, its ``number`` since the last pause.

    ``serial`` counts all calls sent, ``refusals`` those of this call. Calls of one ``kind`` have similar latency.
    """

    at: float
    others: int
    number: int
    serial: int
    kind: str
    refusals: int = 0


class _Load:
    """Total latency and number, by kind, of the calls sent at about the same concurrency."""

    def __init__(self) -> None:
        self.calls = self.others = 0
        self.kinds: dict[str, list[float]] = {}

    def add(self, permit: Permit, seconds: float) -> None:
        self.calls += 1
        self.others += permit.others
        sums = self.kinds.setdefault(permit.kind, [0.0, 0.0])
        sums[0] += seconds
        sums[1] += 1

    @property
    def level(self) -> float:
        """Mean number of calls in flight."""
        return max(INITIAL_LIMIT, 1 + self.others / self.calls)

    def slower(self, below: _Load) -> float:
        """Latency as a multiple of that under the load ``below``, compared kind by kind; 1 if unknown."""
        known = [(sums, below.kinds[kind]) for kind, sums in self.kinds.items() if kind in below.kinds]
        expected = sum(n * before / count for (_, n), (before, count) in known)
        if not expected or sum(n for (_, n), _ in known) < 0.5 * self.calls:
            return 1.0
        return sum(seconds for (seconds, _), _ in known) / expected

    def queued(self, below: _Load) -> float:
        """0 if the server served the added calls at once, 1 if they only waited for others."""
        more = self.level / below.level - 1
        return (self.slower(below) - 1) / more if more > 0 else 0.0


class Ramp:
    """The slow start of a limit with the cap ``highest``; with ``going`` False it stands still.

    A limit found by queueing is tried again later, at growing intervals.
    """

    def __init__(self, highest: int, *, going: bool) -> None:
        self.going = going
        self._highest = highest
        self._base = INITIAL_LIMIT
        self._loads: dict[int, _Load] = {}  # by the bits of the others in flight, in 4ths of where it began
        self._again_at, self._again_seconds = inf, RAMP_AGAIN_SECONDS

    def answered(self, permit: Permit, now: float, limit: float, *, full: bool) -> float:
        """The limit after an answer; ``full`` if the limit was in use."""
        if not self.going:
            if full and now > self._again_at:
                self.again(limit)
            return limit
        size = max(MIN_LOAD_BITS, (INITIAL_LIMIT * permit.others // self._base).bit_length())
        load = self._loads.setdefault(size, _Load())
        load.add(permit, now - permit.at)
        below = self._loads.get(size - 1)
        if below is None and size == MIN_LOAD_BITS:
            return self._more(permit, limit, GROWTH_FACTOR) if full else limit
        if below is None or load.calls < MIN_CALLS_TO_SUSPECT_QUEUE or below.calls < MIN_CALLS_BELOW:
            return limit
        queued, is_sure = load.queued(below), load.calls >= MIN_CALLS_TO_JUDGE_QUEUE
        if queued > QUEUED_SHARE and is_sure:
            found = max(float(INITIAL_LIMIT), below.level, load.level / load.slower(below))
            return self.end(now, min(limit, found), now - permit.at)
        if is_sure and min(limit, 2 * permit.others) >= self._highest:
            return self.end(now, self._highest, 0.0)
        if not full or queued > QUEUED_SHARE:
            return limit
        return self._more(permit, limit, FAST_FACTOR if queued < CLEAR_SHARE else GROWTH_FACTOR)

    def _more(self, permit: Permit, limit: float, factor: int) -> float:
        """A higher limit after an answer: after a round, ``factor`` times the calls that were in flight in it."""
        return max(limit, min(self._highest, limit + factor - 1, factor * (permit.others + 1)))

    def end(self, now: float, limit: float, latency: float) -> float:
        """Ends slow start at ``limit``."""
        self.going = False
        self._again_at = now + max(self._again_seconds, 8 * latency) if limit < self._highest else inf
        self._again_seconds *= 2
        return limit

    def again(self, limit: float) -> None:
        """Begins slow start again, from ``limit``."""
        self.going, self._loads = True, {}
        self._base, self._again_at = max(1, int(limit)), inf

    def stop(self) -> None:
        """Ends slow start for good: something else limits."""
        self.going, self._again_at = False, inf
