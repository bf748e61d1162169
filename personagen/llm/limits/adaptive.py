"""Adaptive concurrency limit and request rate of one endpoint, learned from its answers alone.

Without refusals: slow start (Jacobson 1988). The limit doubles each round until twice the calls in flight take nearly
twice as long each: more would only queue at the server. From the first 429 on, limit and rate adapt separately, since
servers refuse for either. A refusal sets the rate just below what the server granted since the previous refusal, and
the limit to the calls it was serving; both then grow again, slowly at first, then faster while nothing is refused (as
TCP CUBIC does, RFC 9438).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from random import Random

INITIAL_LIMIT, MAX_LIMIT = 16, 512
MAX_PAUSE_SECONDS = 120.0  # cap on a server's Retry-After
MIN_PAUSE_SECONDS, MAX_GUESSED_PAUSE_SECONDS = 0.02, 15.0  # without a Retry-After
CALLS_JUST_AFTER_PAUSE = 3
REFUSALS_TO_FIND_LIMIT = 4  # consecutive refusals at the same concurrency
COOLDOWN_SECONDS = 2.0  # between two decreases
DECREASE_FACTOR, DECREASE_FACTOR_AFTER_PAUSE = 0.7, 0.5
GRANTED_RATE_SHARE = 0.95
LIMIT_INCREASE = 0.05
RATE_INCREASE = 0.01
MIN_RATE = 0.1  # calls a second
FULL_SHARE = 0.9  # of the limit in flight: it is used
FULL_CALLS_SHARE = 0.8  # of a round's calls that saw the limit used: the round may raise it
MIN_CALLS_PER_ROUND = 20
MIN_LOAD_BITS = 3  # calls with fewer than eight others in flight count as one load
MIN_CALLS_TO_SUSPECT_QUEUE, MIN_CALLS_TO_JUDGE_QUEUE = 8, 32
QUEUED_SHARE = 0.55  # of the added calls only waited: the server queues
MAX_TIMEOUT_SHARE = 0.2  # of a round's calls
MAX_CATCH_UP_SECONDS = 0.002  # that a late start may make up for
RAMP_AGAIN_SECONDS = 5.0


@dataclass(slots=True)
class Permit:
    """A call in flight: when it was sent, the ``others`` then in flight, its ``number`` since the last pause.

    Calls of one ``kind`` have similar latency.
    """

    at: float
    others: int
    number: int
    kind: str


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
        return 1 + self.others / self.calls

    def slower(self, below: _Load) -> float:
        """Latency as a multiple of that under the load ``below``, compared kind by kind; 1 if unknown."""
        known = [(sums, below.kinds[kind]) for kind, sums in self.kinds.items() if kind in below.kinds]
        expected = sum(n * before / count for (_, n), (before, count) in known)
        if not expected or sum(n for (_, n), _ in known) < 0.5 * self.calls:
            return 1.0
        return sum(seconds for (seconds, _), _ in known) / expected

    def queued(self, below: _Load) -> float:
        """0 if the server served the added calls at once, 1 if they only waited for others."""
        return (self.slower(below) - 1) / (self.level / below.level - 1)


class AdaptiveLimit:
    """The limit of one endpoint. It does no I/O; the caller passes times in seconds of a monotonic clock.

    ``max_in_flight`` is the cap and the initial limit; None searches the limit, up to ``MAX_LIMIT``. The caller asks
    ``wait``, then calls ``start``, and ends each permit with one of ``answered``, ``refused`` (429) and ``failed``.
    """

    def __init__(self, max_in_flight: int | None = None, rng: Random | None = None) -> None:
        self.max_in_flight = MAX_LIMIT if max_in_flight is None else max_in_flight
        self.in_flight = 0
        self.highest = 0
        self.refusals = 0
        self._limit = float(INITIAL_LIMIT if max_in_flight is None else max_in_flight)
        self._rng = rng or Random()
        self._ramping = max_in_flight is None  # slow start
        self._decreased_at: float | None = None
        self._opens_at = -inf  # nothing starts before; when it was last opened again
        self._pause_seconds = 0.0
        self._rate = inf  # calls a second
        self._next_start = -inf
        self._latency: float | None = None
        self._starts_since, self._counted_from = 0, inf
        self._started = 0  # since it was opened
        self._refused_rate = inf  # the rate when it was refused
        self._rate_checked_at, self._rate_checked_started, self._rate_increases = -inf, 0, 0
        self._clean_calls = self._full_calls = self._limit_increases = 0
        self._clean_rounds_needed = 1
        self._in_flight_when_refused: list[int] = []
        self._ended_calls = self._timeouts = 0
        self._loads: dict[int, _Load] = {}  # by the bits of the others in flight, in 16ths of where it began
        self._queue_suspected, self._load_base = False, INITIAL_LIMIT
        self._ramp_again_at, self._ramp_again_seconds = inf, RAMP_AGAIN_SECONDS

    @property
    def limit(self) -> int:
        """The number of calls that may be in flight now, at least 1."""
        return int(self._limit)

    def wait(self, now: float) -> float:
        """Seconds until a call may start: 0 at once, infinity while the limit is reached."""
        if self.in_flight >= int(self._limit):
            return inf
        if now < self._opens_at:
            return self._opens_at - now
        if now < self._next_start:
            return self._next_start - now
        return 0.0

    def start(self, now: float, kind: str = "") -> Permit:
        """Records that a call is sent."""
        permit = Permit(now, self.in_flight, self._started, kind)
        self.in_flight += 1
        self.highest = max(self.highest, self.in_flight)
        self._started += 1
        self._starts_since += 1
        if self._counted_from == inf:
            self._counted_from = now
        gap = self._gap(now)
        if gap:
            self._next_start = (self._next_start if now - self._next_start <= MAX_CATCH_UP_SECONDS else now) + gap
        return permit

    def answered(self, permit: Permit, now: float) -> None:
        """Records that the call was answered."""
        full = self.in_flight + 1 >= FULL_SHARE * self._limit
        self.in_flight -= 1
        self._ended(timed_out=False)
        took = now - permit.at
        self._latency = took if self._latency is None else self._latency + 0.1 * (took - self._latency)
        if self._ramping:
            self._ramp(permit, now, full, took)
        elif self._decreased_at is not None:
            self._increase(now, full)
        elif full and now > self._ramp_again_at:
            self._ramp_again()

    def failed(self, now: float, *, timed_out: bool = False) -> None:
        """Records a failure other than a rate limit; ``timed_out`` if no answer came in time."""
        self.in_flight -= 1
        self._ended(timed_out)
        if self._timeouts > MAX_TIMEOUT_SHARE * max(MIN_CALLS_PER_ROUND, int(self._limit)):
            self._ended_calls = self._timeouts = 0
            self._end_ramp(now, 1, self._limit / 2)

    def refused(self, permit: Permit, now: float, retry_after: float | None = None) -> None:
        """Records a rate-limit refusal (429); ``retry_after`` is the server's Retry-After in seconds."""
        self.in_flight -= 1
        self.refusals += 1
        if self._decreased_at is None or permit.at >= self._decreased_at:
            self._adjust(permit, now)
        if retry_after:  # 0 may be a date in the past
            self.hold(now + min(retry_after, MAX_PAUSE_SECONDS))
        elif permit.at >= self._opens_at:
            first = min(1.0, max(MIN_PAUSE_SECONDS, 2 / self._rate))
            longer = min(2 * self._pause_seconds, MAX_GUESSED_PAUSE_SECONDS)
            self._pause_seconds = longer if self._is_just_after_pause(permit) else first
            self.hold(now + self._pause_seconds * self._rng.uniform(0.8, 1.2))

    def hold(self, until: float) -> None:
        """Starts no call before ``until``."""
        if until > self._opens_at:
            self._opens_at = until
            self._started = self._rate_checked_started = 0
            self._rate_checked_at = until

    def _ended(self, timed_out: bool) -> None:
        self._ended_calls += 1
        self._timeouts += timed_out
        if self._ended_calls > max(MIN_CALLS_PER_ROUND, int(self._limit)):
            self._ended_calls = self._timeouts = 0

    def _gap(self, now: float) -> float:
        """Seconds between two starts: by the rate, else half a round's spacing where a whole round would burst."""
        if self._rate < inf:
            return 1 / self._rate
        if self._latency and (self._ramping or now < self._opens_at + self._latency):
            return self._latency / (2 * self._limit)
        return 0.0

    def _is_just_after_pause(self, permit: Permit) -> bool:
        """Whether the call was among the first after a pause, so that the pause did not help."""
        return self._decreased_at is not None and permit.number < CALLS_JUST_AFTER_PAUSE

    def _adjust(self, permit: Permit, now: float) -> None:
        """Adjusts rate and limit to a refusal; decreases them at most once in ``COOLDOWN_SECONDS``."""
        self._starts_since -= 1
        granted = self._starts_since / max(1.0, now - self._counted_from)
        if self._latency:
            granted = max(granted, permit.others / self._latency)  # Little's law
        if permit.others:
            self._in_flight_when_refused = [*self._in_flight_when_refused[1 - REFUSALS_TO_FIND_LIMIT :], permit.others]
        seen = self._in_flight_when_refused
        spread = max(seen, default=0) - min(seen, default=0)
        same = len(seen) == REFUSALS_TO_FIND_LIMIT and spread <= 0.05 * max(seen)
        crowded = permit.others + 1 >= FULL_SHARE * self._limit and (same or len(seen) < REFUSALS_TO_FIND_LIMIT)
        if self._decreased_at is None or now - self._decreased_at >= COOLDOWN_SECONDS:
            self._decrease(permit, now, granted, crowded, same)
        elif now - self._counted_from >= 1.0 and permit.number:
            self._rate = min(self._rate, max(1.1 * granted, DECREASE_FACTOR_AFTER_PAUSE * self._rate))
        self._rate = max(self._rate, MIN_RATE)
        if crowded or same:
            self._limit = max(1.0, min(self._limit, permit.others if crowded else max(seen)))

    def _decrease(self, permit: Permit, now: float, granted: float, crowded: bool, same: bool) -> None:
        first, soon = self._decreased_at is None, self._is_just_after_pause(permit)
        share = DECREASE_FACTOR_AFTER_PAUSE if soon else DECREASE_FACTOR
        if first:
            self._rate = GRANTED_RATE_SHARE * granted
        elif crowded and not soon:
            self._rate = min(self._rate, (1.5 if same else 1.1) * granted)
        elif permit.number:  # a refusal of the first call only says that the pause was too short
            self._rate = min(max(GRANTED_RATE_SHARE * granted, share * self._rate), 0.97 * self._rate)
        if first or (soon and permit.others):
            self._limit = max(1.0, share * self._limit, min(self._limit, permit.others))
        if not soon:
            self._refused_rate = self._rate / GRANTED_RATE_SHARE
            self._counted_from, self._starts_since = now, 0
        # Each increase that is refused at once delays the next one.
        self._clean_rounds_needed = min(8, 2 * self._clean_rounds_needed) if self._limit_increases == 1 else 1
        self._ramping = False
        self._decreased_at = self._rate_checked_at = now
        self._rate_checked_started = self._started
        self._clean_calls = self._full_calls = self._limit_increases = self._rate_increases = 0

    def _increase(self, now: float, full: bool) -> None:
        """Raises the limit after a clean round that used it, and the rate if it held calls back."""
        self._clean_calls += 1
        self._full_calls += full
        passed = now - self._rate_checked_at
        if passed >= max(1.0, 10 / self._rate):
            if self._started - self._rate_checked_started >= FULL_SHARE * self._rate * passed:
                far = self._rate < 0.9 * self._refused_rate
                self._rate *= 1.1 if far else 1 + min(0.1, RATE_INCREASE * 2.0 ** (self._rate_increases // 4))
                self._rate_increases += not far
            self._rate_checked_at, self._rate_checked_started = now, self._started
        if self._clean_calls >= self._clean_rounds_needed * max(int(self._limit), MIN_CALLS_PER_ROUND):
            if self._full_calls >= FULL_CALLS_SHARE * self._clean_calls:
                step = min(1.0, LIMIT_INCREASE * 2**self._limit_increases) * self._limit
                self._limit = min(self.max_in_flight, self._limit + max(1.0, step))
                self._limit_increases += 1
                self._clean_rounds_needed = 1 if self._limit_increases > 1 else self._clean_rounds_needed
            self._clean_calls = self._full_calls = 0

    def _ramp(self, permit: Permit, now: float, full: bool, took: float) -> None:
        """Slow start: raises the limit by one per answered call while latency does not grow with it."""
        if full and not self._queue_suspected and self._limit < 2 * (permit.others + 1):
            self._limit = min(self.max_in_flight, self._limit + 1)
        size = max(MIN_LOAD_BITS, (INITIAL_LIMIT * permit.others // self._load_base).bit_length())
        load = self._loads.setdefault(size, _Load())
        load.add(permit, took)
        below = self._loads.get(size - 1)
        if below is None or load.calls < MIN_CALLS_TO_SUSPECT_QUEUE or below.calls < MIN_CALLS_TO_SUSPECT_QUEUE:
            return
        queued, is_sure = load.queued(below), load.calls >= MIN_CALLS_TO_JUDGE_QUEUE
        if queued > QUEUED_SHARE and is_sure:
            self._end_ramp(now, max(INITIAL_LIMIT, below.level), load.level / load.slower(below))
        elif is_sure and min(self._limit, 2 * permit.others) >= self.max_in_flight:
            self._end_ramp(now, self.max_in_flight, self.max_in_flight)
        elif 2 * permit.others >= int(self._limit):
            self._queue_suspected = queued > QUEUED_SHARE

    def _end_ramp(self, now: float, least: float, limit: float) -> None:
        """Ends slow start at ``limit``; a limit found by queueing is probed again later, at growing intervals."""
        self._ramping = False
        self._limit = max(1.0, least, min(self._limit, limit))
        later = max(self._ramp_again_seconds, 8 * (self._latency or 0.0))
        self._ramp_again_at = now + later if self._limit < self.max_in_flight else inf
        self._ramp_again_seconds *= 2

    def _ramp_again(self) -> None:
        self._ramping, self._queue_suspected, self._loads = True, False, {}
        self._load_base, self._ramp_again_at = int(self._limit), inf
