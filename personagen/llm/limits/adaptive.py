"""How many calls may be in flight at one endpoint and when the next may start, learnt from its answers alone.

Without refusals: slow start (Jacobson 1988). The limit doubles each round until twice as many calls in flight take
nearly twice as long each: more would only queue there. From the first 429 on, limit and rate are kept apart, since
servers refuse for either. Between two refusals a server granted what it could: calls a second are set just below what
it granted, calls in flight to those it was serving when it refused one; both are then tried upwards again, little by
little, then faster while nothing is refused (as TCP CUBIC does, RFC 9438).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from random import Random

FIRST, MOST = 16, 512
LONGEST_PAUSE = 120.0  # seconds that a server may ask for
SHORTEST_PAUSE, LONGEST_BLIND = 0.02, 15.0  # where it does not say how long
SOON = 3  # calls after a pause
ALIKE = 4  # refusals in a row with as many in flight: that is the limit
CUT_EVERY = 2.0
CUT, CUT_SOON = 0.7, 0.5
BELOW = 0.95  # of the rate that was granted
STEP = 0.05
RATE_STEP = 0.01
SLOWEST = 0.1  # calls a second
FULL_AT, FULL = 0.9, 0.8  # of the limit in flight, in this share of a round's calls: the round used it
ROUND = 20  # calls, at least
SMALLEST = 3  # bits: below eight others, calls count as one load
ENOUGH, SURE = 8, 32  # calls under a load, to doubt and to be sure
QUEUED = 0.55
LOST = 0.2  # of a round's calls timed out: too many for the server
SLACK = 0.002  # seconds that a late start may make up for
LATER = 5.0  # seconds until a limit that a queue has shown is tried again


@dataclass(slots=True)
class Permit:
    """A call in flight: when it was sent, with how many others in flight, as which since the last pause.

    Calls of a ``kind`` take about as long.
    """

    at: float
    others: int
    number: int
    kind: str


class _Load:
    """What calls took that were sent with about as many others in flight: seconds and number, by kind."""

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
        """Calls in flight, on average."""
        return 1 + self.others / self.calls

    def slower(self, below: _Load) -> float:
        """How many times as long calls took as under the load ``below``, kind by kind; 1 if that can't be told."""
        known = [(sums, below.kinds[kind]) for kind, sums in self.kinds.items() if kind in below.kinds]
        expected = sum(n * before / count for (_, n), (before, count) in known)
        if not expected or sum(n for (_, n), _ in known) < 0.5 * self.calls:
            return 1.0
        return sum(seconds for (seconds, _), _ in known) / expected

    def queued(self, below: _Load) -> float:
        """0 if the calls more in flight were served at once, 1 if they only waited for others."""
        return (self.slower(below) - 1) / (self.level / below.level - 1)


class AdaptiveLimit:
    """The limit of one endpoint. It does no I/O: times are seconds of any clock that does not go back, passed in.

    ``most`` caps it and is where it starts; None finds it, up to ``MOST``. The caller asks ``wait``, then calls
    ``start``, and ends each permit with exactly one of ``answered``, ``refused`` (429) and ``failed``.
    """

    def __init__(self, most: int | None = None, rng: Random | None = None) -> None:
        self.most = MOST if most is None else most
        self.in_flight = 0
        self.highest = 0
        self.refusals = 0
        self._limit = float(FIRST if most is None else most)
        self._rng = rng or Random()
        self._ramping = most is None  # slow start
        self._cut_at: float | None = None
        self._opens = self._opened = -inf  # nothing starts before; when it was last opened again
        self._pause = 0.0
        self._rate = inf  # calls a second
        self._next = -inf
        self._latency: float | None = None
        self._granted, self._since = 0, inf
        self._let_out = 0  # since it was opened
        self._ceiling = inf  # the rate when it was refused
        self._rate_at, self._rate_from, self._calm = -inf, 0, 0
        self._clean = self._used = self._streak = 0
        self._patience = 1
        self._refused_at: list[int] = []
        self._ends = self._late = 0
        self._loads: dict[int, _Load] = {}  # by the bits of the others in flight, in 16ths of where it began
        self._doubtful, self._base = False, FIRST
        self._again, self._later = inf, LATER

    @property
    def limit(self) -> int:
        """How many calls may be in flight now, at least 1."""
        return int(self._limit)

    def wait(self, now: float) -> float:
        """Seconds until a call may start: 0 at once, infinity while as many are in flight as may be."""
        if self.in_flight >= int(self._limit):
            return inf
        if now < self._opens:
            return self._opens - now
        if now < self._next:
            return self._next - now
        return 0.0

    def start(self, now: float, kind: str = "") -> Permit:
        """A call is sent."""
        permit = Permit(now, self.in_flight, self._let_out, kind)
        self.in_flight += 1
        self.highest = max(self.highest, self.in_flight)
        self._let_out += 1
        self._granted += 1
        if self._since == inf:
            self._since = now
        gap = self._gap(now)
        if gap:
            self._next = (self._next if now - self._next <= SLACK else now) + gap
        return permit

    def answered(self, permit: Permit, now: float) -> None:
        """The call was answered."""
        full = self.in_flight + 1 >= FULL_AT * self._limit
        self.in_flight -= 1
        self._ended(late=False)
        took = now - permit.at
        self._latency = took if self._latency is None else self._latency + 0.1 * (took - self._latency)
        if self._ramping:
            self._ramp(permit, now, full, took)
        elif self._cut_at is not None:
            self._recover(now, full)
        elif full and now > self._again:
            self._try_again()

    def failed(self, now: float, *, late: bool = False) -> None:
        """The call failed for another reason than a limit; ``late``: it had no answer in time."""
        self.in_flight -= 1
        self._ended(late)
        if self._late > LOST * max(ROUND, int(self._limit)):
            self._ends = self._late = 0
            self._settle(now, 1, self._limit / 2)

    def refused(self, permit: Permit, now: float, retry_after: float | None = None) -> None:
        """The call was refused because of a limit (429); the server may say in how many seconds to come back."""
        self.in_flight -= 1
        self.refusals += 1
        if self._cut_at is None or permit.at >= self._cut_at:
            self._learn(permit, now)
        if retry_after:  # a wait of none, or until a time that is past, says nothing
            self.hold(now + min(retry_after, LONGEST_PAUSE))
        elif now >= self._opens and permit.at >= self._opened:
            first = min(1.0, max(SHORTEST_PAUSE, 2 / self._rate))
            self._pause = min(2 * self._pause, LONGEST_BLIND) if self._soon(permit) else first
            self.hold(now + self._pause * self._rng.uniform(0.8, 1.2))

    def hold(self, until: float) -> None:
        """Nothing starts before ``until``."""
        if until > self._opens:
            self._opens = self._opened = until
            self._let_out = self._rate_from = 0
            self._rate_at = until

    def _ended(self, late: bool) -> None:
        self._ends += 1
        self._late += late
        if self._ends > max(ROUND, int(self._limit)):
            self._ends = self._late = 0

    def _gap(self, now: float) -> float:
        """Seconds between two starts: by the rate; else half a round, where a whole one would be sent in a burst."""
        if self._rate < inf:
            return 1 / self._rate
        if self._latency and (self._ramping or now < self._opened + self._latency):
            return self._latency / (2 * self._limit)
        return 0.0

    def _soon(self, permit: Permit) -> bool:
        """Whether the call was among the first after a pause: that has not changed anything."""
        return self._cut_at is not None and permit.number < SOON

    def _learn(self, permit: Permit, now: float) -> None:
        """Sets rate and limit by a refusal that tells something new; cuts them at most every ``CUT_EVERY`` seconds."""
        self._granted -= 1
        granted = self._granted / max(1.0, now - self._since)
        if self._latency:
            granted = max(granted, permit.others / self._latency)  # Little's law
        if permit.others:
            self._refused_at = [*self._refused_at[1 - ALIKE :], permit.others]
        seen = self._refused_at
        spread = max(seen, default=0) - min(seen, default=0)
        same = len(seen) == ALIKE and spread <= 0.05 * max(seen)
        crowded = permit.others + 1 >= FULL_AT * self._limit and (same or len(seen) < ALIKE)
        if self._cut_at is None or now - self._cut_at >= CUT_EVERY:
            self._cut(permit, now, granted, crowded, same)
        elif now - self._since >= 1.0 and permit.number:
            self._rate = min(self._rate, max(1.1 * granted, CUT_SOON * self._rate))
        self._rate = max(self._rate, SLOWEST)
        if crowded or same:
            self._limit = max(1.0, min(self._limit, permit.others if crowded else max(seen)))

    def _cut(self, permit: Permit, now: float, granted: float, crowded: bool, same: bool) -> None:
        first, soon = self._cut_at is None, self._soon(permit)
        share = CUT_SOON if soon else CUT
        if first:
            self._rate = BELOW * granted
        elif crowded and not soon:
            self._rate = min(self._rate, (1.5 if same else 1.1) * granted)
        elif permit.number:  # for the first one after a pause, that was too short
            self._rate = min(max(BELOW * granted, share * self._rate), 0.97 * self._rate)
        if first or (soon and permit.others):
            self._limit = max(1.0, share * self._limit, min(self._limit, permit.others))
        if not soon:
            self._ceiling = self._rate / BELOW
            self._since, self._granted = now, 0
        # A try upwards that failed at once is tried again later each time.
        self._patience = min(8, 2 * self._patience) if self._streak == 1 else 1
        self._ramping = False
        self._cut_at = self._rate_at = now
        self._rate_from = self._let_out
        self._clean = self._used = self._streak = self._calm = 0

    def _recover(self, now: float, full: bool) -> None:
        """Tries upwards after a clean round: the limit where calls fill it, the rate where it held calls back."""
        self._clean += 1
        self._used += full
        passed = now - self._rate_at
        if passed >= max(1.0, 10 / self._rate):
            if self._let_out - self._rate_from >= FULL_AT * self._rate * passed:
                far = self._rate < 0.9 * self._ceiling
                self._rate *= 1.1 if far else 1 + min(0.1, RATE_STEP * 2.0 ** (self._calm // 4))
                self._calm += not far
            self._rate_at, self._rate_from = now, self._let_out
        if self._clean >= self._patience * max(int(self._limit), ROUND):
            if self._used >= FULL * self._clean:
                step = min(1.0, STEP * 2**self._streak) * self._limit
                self._limit = min(self.most, self._limit + max(1.0, step))
                self._streak += 1
                self._patience = 1 if self._streak > 1 else self._patience
            self._clean = self._used = 0

    def _ramp(self, permit: Permit, now: float, full: bool, took: float) -> None:
        """Slow start: one more for each call that ends, while more in flight do not take as much longer."""
        if full and not self._doubtful and self._limit < 2 * (permit.others + 1):
            self._limit = min(self.most, self._limit + 1)
        size = max(SMALLEST, (FIRST * permit.others // self._base).bit_length())
        load = self._loads.setdefault(size, _Load())
        load.add(permit, took)
        below = self._loads.get(size - 1)
        if below is None or load.calls < ENOUGH or below.calls < ENOUGH:
            return
        queued = load.queued(below)
        if queued > QUEUED and load.calls >= SURE:
            self._settle(now, max(FIRST, below.level), load.level / load.slower(below))
        elif self._limit >= self.most and 2 * permit.others >= self.most and load.calls >= SURE:
            self._settle(now, self.most, self.most)
        elif 2 * permit.others >= int(self._limit):
            self._doubtful = queued > QUEUED

    def _settle(self, now: float, least: float, limit: float) -> None:
        """The end of slow start; a limit that a queue has shown is tried again later, and then later still."""
        self._ramping = False
        self._limit = max(1.0, least, min(self._limit, limit))
        later = max(self._later, 8 * (self._latency or 0.0))
        self._again = now + later if self._limit < self.most else inf
        self._later *= 2

    def _try_again(self) -> None:
        self._ramping, self._doubtful, self._loads = True, False, {}
        self._base, self._again = int(self._limit), inf
