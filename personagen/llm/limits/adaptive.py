"""Adaptive concurrency limit and request rate of one endpoint, learned from its answers alone.

Without refusals: slow start (Jacobson 1988), see ``ramp.py``. Refusals (429) that are no more than usual say nothing
about us: just that call waits. If there are more, rate and limit are set just below what was granted, and only if the
share of refused calls then falls do they stay there (``evidence.py``); they then grow again, slowly at first, then
faster while no more than usual is refused (as TCP CUBIC does, RFC 9438). docs/rate-limits.md explains it.
"""

from __future__ import annotations

from math import inf
from random import Random

from personagen.llm.limits.evidence import LONGEST_SHARE, Trial, Watch
from personagen.llm.limits.growth import MIN_CALLS_PER_ROUND, Growth
from personagen.llm.limits.ramp import INITIAL_LIMIT, MAX_LIMIT, Permit, Ramp

MAX_PAUSE_SECONDS = 120.0  # cap on a server's Retry-After
MIN_PAUSE_SECONDS, MAX_GUESSED_PAUSE_SECONDS = 0.1, 15.0  # of the endpoint, without a Retry-After or if it is wrong
FIRST_RETRY_SECONDS, RETRY_FACTOR = 0.1, 1.3  # of a refused call without a Retry-After
SHORT_SECONDS = 2.0  # a shorter Retry-After is not waited for in full where refusals are sporadic
MAX_DESCENTS = 2  # so often refused at rates that were granted: there is no such limit
PAUSE_CALLS = 2.0  # calls of the known rate that a refusal costs
LONG_PAUSE_SECONDS = 0.5  # a trial begins anew after it
CONFIRM_CALLS = 100  # a second rise within so many calls confirms a limit
TRIAL_PAUSE_CALLS = 5  # calls of the new rate that are not sent before a trial
SKIPPED_CALLS = 3  # of a trial: a server that was just overloaded refuses its first calls
GRANTED_RATE_SHARE = 0.95  # of the granted rate is used after a decrease
FIRST_TRIAL_CALLS = 100  # before them only a high share of refusals begins a trial: at low concurrency it takes long
TRIAL_RATE_SHARE = 0.6  # of the granted rate in a trial, while none is known; as many refusals there are chance
FIRST_LOWERING = 0.9  # of a rate, at most: without spare half the calls are refused at a rate slightly too high
RELEASE_FACTOR = 1.5  # a rate so far above the refused one: there is no such limit any more, the rate just spaces calls
MIN_RATE = 0.1  # calls a second
FULL_SHARE = 0.9  # of the limit in flight: it is used
MAX_TIMEOUT_SHARE = 0.2  # of a round's calls
SLOW_SHARE = 0.25  # of the time-out: answers that take longer say that calls queue
MAX_CATCH_UP_SECONDS = 0.002  # that a late start may make up for


class AdaptiveLimit:
    """The limit of one endpoint. It does no I/O; the caller passes times in seconds of a monotonic clock.

    ``max_in_flight`` is the cap and the initial limit; None searches the limit; ``most`` caps both. The caller asks
    ``wait``, then calls ``start``, and ends each permit with one of ``answered``, ``refused`` (429) and ``failed``.
    """

    def __init__(self, max_in_flight: int | None = None, rng: Random | None = None, most: int | None = None) -> None:
        self.max_in_flight = min(max_in_flight or MAX_LIMIT, most or max_in_flight or MAX_LIMIT)
        self.in_flight = self.highest = self.refusals = self._serial = 0
        self._limit = float(min(max_in_flight or INITIAL_LIMIT, self.max_in_flight))
        self._rng = rng or Random()
        self._ramp = Ramp(self.max_in_flight, going=max_in_flight is None)
        self._limited = False  # a limit of the server is known
        self._opens_at = -inf  # nothing starts before; when it was last opened again
        self._rate, self._next_start = inf, -inf  # calls a second; when the next may start
        self._latency: float | None = None
        self._refusal_seconds = self._pause_seconds = 0.0  # from sending a call to its refusal; of the last pause
        self._watch, self._growth = Watch(), Growth()
        self._descents = 0  # suspicions in sequence at a rate that was granted before
        self._trial: Trial | None = None
        self._full_serial = -inf
        self._confirmed_until = -1  # a call sent before that suspects again confirms a limit
        self._limit_before, self._rate_before = self._limit, inf  # before the trial
        self._granted_since, self._granted_from = 0, inf
        self._started = self._refused_since = 0  # since it was opened
        self._refused_rate = inf  # the rate that was granted when more was refused
        self._ended_calls = self._timeouts = 0
        self._halved_at = -inf  # after time-outs

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

    def start(self, now: float, kind: str = "", refusals: int = 0) -> Permit:
        """Records that a call is sent that was refused ``refusals`` times before."""
        permit = Permit(now, self.in_flight, self._started, self._serial, kind, refusals)
        self._watch.crowd.sent += permit.others >= self._watch.crowd.level
        self.in_flight += 1
        self.highest = max(self.highest, self.in_flight)
        self._serial += 1
        self._started += 1
        self._granted_since += 1
        if self._granted_from == inf:
            self._granted_from = now
        gap = self._gap(now)
        if gap:
            self._next_start = (self._next_start if now - self._next_start <= MAX_CATCH_UP_SECONDS else now) + gap
        if self._started == 1 and now < self._opens_at + 1.0:  # the first one after a pause goes alone
            self._next_start = max(self._next_start, now + 2 * self._refusal_seconds)
        if self._trial and permit.serial >= self._trial.serial:
            self._trial.sent += 1
            self._judge(now)
        return permit

    def answered(self, permit: Permit, now: float) -> None:
        """Records that the call was answered."""
        full = self.in_flight + 1 >= FULL_SHARE * self._limit
        self.in_flight -= 1
        self._ended(timed_out=False)
        took = now - permit.at
        self._latency = took if self._latency is None else self._latency + 0.1 * (took - self._latency)
        if self._rate < inf and not self._trial:
            self._rate = self._growth.rate(now, self._serial, self._rate)
        if self._limited and not self._trial:
            self._limit = min(self.max_in_flight, self._growth.limit(self._limit, full=full))
            if inf > self._rate > RELEASE_FACTOR * self._refused_rate:
                self._limited = False
                self._ramp.again(self._limit)
        else:
            self._limit = self._ramp.answered(permit, now, self._limit, full=full)

    def failed(self, permit: Permit, now: float, *, timed_out: bool = False) -> None:
        """Records a failure other than a rate limit; ``timed_out`` if no answer came in time."""
        self.in_flight -= 1
        self._ended(timed_out)
        is_slow = timed_out and (self._latency is None or self._latency > SLOW_SHARE * (now - permit.at))
        many = self._timeouts > MAX_TIMEOUT_SHARE * max(MIN_CALLS_PER_ROUND, int(self._limit))
        if many or (is_slow and permit.at >= self._halved_at):
            self._ended_calls = self._timeouts = 0
            self._halved_at = now
            self._limit = self._ramp.end(now, max(1.0, self._limit / 2), now - permit.at)

    def refused(self, permit: Permit, now: float, retry_after: float | None = None) -> float:
        """Records a rate-limit refusal (429); ``retry_after`` is the server's Retry-After in seconds.

        Returns the seconds after which this call may be sent again.
        """
        self.in_flight -= 1
        self.refusals += 1
        self._granted_since -= 1
        self._refusal_seconds = max(0.9 * self._refusal_seconds, now - permit.at)
        has_risen, is_closed, is_full = self._watch.refused(permit, self._rate, self._limit)
        if permit.at >= self._opens_at:
            self._refused_since += 1
        wish = min(retry_after or 0.0, MAX_PAUSE_SECONDS)  # 0 may be a date in the past
        was_full = self._serial < self._full_serial + max(MIN_CALLS_PER_ROUND, int(self._limit))
        if self._latency is None:
            if wish > SHORT_SECONDS or is_closed:
                self._close(permit, now, wish)
        elif is_full and not self._trial and (self._measures or not was_full):
            if was_full:
                self._suspect(permit, now)  # a lower limit did not help
            else:
                self._full_at(int(self._watch.crowd.level))
        elif is_closed and permit.at >= self._opens_at:
            self._close(permit, now, wish)
        elif self._trial:
            self._judge(now, permit)
        elif has_risen and (self._serial >= FIRST_TRIAL_CALLS or self._watch.rise.share > LONGEST_SHARE):
            self._suspect(permit, now)
        if self._rate < inf:
            self._next_start = max(self._next_start, now) + PAUSE_CALLS / self._rate
        guess = FIRST_RETRY_SECONDS * RETRY_FACTOR**permit.refusals * self._rng.uniform(0.5, 1.5)
        is_sporadic = not self._limited and wish <= SHORT_SECONDS
        return min(wish or MAX_GUESSED_PAUSE_SECONDS, guess) if is_sporadic or not wish else wish

    def hold(self, now: float, seconds: float) -> None:
        """Starts no call for ``seconds``."""
        added = now + seconds - max(now, self._opens_at)
        if added > 0:
            self._opens_at = now + seconds
            self._started = self._refused_since = 0
            self._growth.checked_at += added
            if self._trial:
                self._trial.began += added

    @property
    def _measures(self) -> bool:
        """Whether what is granted can be measured: a rate is known, or calls were granted since the last trial."""
        return self._rate < inf or self._granted_since > self.in_flight

    def _ended(self, timed_out: bool) -> None:
        self._ended_calls += 1
        self._timeouts += timed_out
        if self._ended_calls > max(MIN_CALLS_PER_ROUND, int(self._limit)):
            self._ended_calls = self._timeouts = 0

    def _gap(self, now: float) -> float:
        """Seconds between two starts: by the rate, else half a round's spacing where a whole round would burst."""
        if self._rate < inf:
            return 1 / self._rate
        if self._latency is None and self.refusals:
            return FIRST_RETRY_SECONDS
        if self._latency and (self._ramp.going or now < self._opens_at + self._latency):
            return self._latency / (2 * self._limit)
        return 0.0

    def _close(self, permit: Permit, now: float, wish: float) -> None:
        """Pauses the endpoint: the server refuses everything."""
        is_soon = permit.number < self._refused_since  # all calls since the last pause were refused
        if self._trial:
            self._trial.was_closed = True
            self._judge(now, permit)
        elif self._latency is not None and self._measures:
            self._suspect(permit, now)
        longer = min(2 * self._pause_seconds, MAX_GUESSED_PAUSE_SECONDS) if is_soon else 0.0
        self._pause_seconds = max(longer, wish) or min(1.0, max(MIN_PAUSE_SECONDS, 2 / self._rate))
        wish = wish if wish == self._pause_seconds else self._pause_seconds * self._rng.uniform(0.8, 1.2)
        self.hold(now, wish)
        if self._trial and wish > LONG_PAUSE_SECONDS:
            self._trial = Trial(self._serial + SKIPPED_CALLS, now + wish, self._watch.usual, self._trial.before)

    def _suspect(self, permit: Permit, now: float) -> None:
        """Sets rate and limit just below what was granted, and begins a trial."""
        self._watch.learn(self._serial, limited=self._limited)
        if self._rate < inf:
            self._descents = self._descents + 1 if self._rate < self._refused_rate else 0
            if self._descents >= MAX_DESCENTS:
                self._descents = 0
                self._release()
                self._settle(now)
                return
        self._limit_before, self._rate_before = self._limit, self._rate
        share, before = GRANTED_RATE_SHARE, None
        if self._rate < inf:
            granted = self._watch.granted(self._rate)
        else:
            share, before = TRIAL_RATE_SHARE, self._watch.rise.sample
            granted = self._granted_since / max(1.0, now - self._granted_from)
            if self._latency:
                granted = max(granted, permit.others / self._latency)  # Little's law
            self._limit = max(1.0, min(self._limit, max(self._watch.crowd.level, 0.7 * self._limit)))
        self._refused_rate, self._rate = granted, max(MIN_RATE, share * granted)
        self._ramp.going = False
        self._trial = Trial(self._serial + SKIPPED_CALLS, now, self._watch.usual, before)
        self.hold(now, TRIAL_PAUSE_CALLS / self._rate)

    def _judge(self, now: float, refused: Permit | None = None) -> None:
        """Ends the trial once it is clear whether the share of refused calls has fallen."""
        trial = self._trial
        assert trial
        if now <= trial.began or (refused and refused.serial < trial.serial):
            return
        trial.refused += refused is not None
        calls = trial.known(now, self._refusal_seconds)
        fell = trial.fell(calls)
        if fell is None:
            return
        if fell:
            self._limited = self._limited or trial.serial < self._confirmed_until or self._rate_before < inf
            self._confirmed_until = self._serial + CONFIRM_CALLS
            if trial.is_first and self._rate_before == inf:
                self._rate = max(MIN_RATE, GRANTED_RATE_SHARE * self._refused_rate)
        elif trial.is_same(calls) and self._rate < TRIAL_RATE_SHARE * self._rate_before:
            self._limited = False
            assert trial.before
            self._watch.calm = (calls + trial.before[0], float(trial.refused + trial.before[1]))
        else:
            self._lower(trial, calls, now)
            return
        if not self._limited:
            self._release()
        self._settle(now)

    def _lower(self, trial: Trial, calls: float, now: float) -> None:
        """Begins another trial at a lower rate."""
        factor = max(0.1, GRANTED_RATE_SHARE * (1 - trial.share(calls)))
        used = min(self._rate, (self._serial - trial.serial + SKIPPED_CALLS) / (now - trial.began))
        if self._rate_before < inf and trial.is_first:
            factor, used = max(FIRST_LOWERING, factor), self._rate
        self._refused_rate = min(self._refused_rate, used)
        self._rate = max(MIN_RATE, factor * used)
        before = None if trial.was_closed else (calls, trial.refused)
        self._trial = Trial(self._serial + SKIPPED_CALLS, now, self._watch.usual, before, is_first=False)
        self.hold(now, TRIAL_PAUSE_CALLS / self._rate)

    def _release(self) -> None:
        """Searches for the limit again."""
        self._rate, self._limited = inf, False
        self._limit = max(self._limit, self._limit_before)
        self._ramp.again(self._limit)

    def _settle(self, now: float) -> None:
        """Ends a trial; what was refused in it is usual from now on."""
        self._trial = None
        self._watch.restart(self._serial)
        self._granted_from, self._granted_since = now, 0
        self._growth.restart(now, self._serial, fast=self._rate_before == inf)

    def _full_at(self, others: int) -> None:
        """Sets the limit to the calls that the server takes at once."""
        self._watch.learn(self._serial, limited=self._limited)
        self._limited = True
        self._ramp.stop()
        self._full_serial = self._serial
        self._limit = max(1.0, min(self._limit, others))
        self._watch.known_crowd = others
        self._watch.restart(self._serial)
        self._growth.refused()
