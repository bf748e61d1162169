"""Whether a server refuses calls (429) because of what is sent to it, or whatever is sent.

Shared quotas and gateways refuse now and then, whatever one client sends. Slowing down for them helps nobody, so three
questions are asked before: is the share of refused calls higher than usual (``Rise``), is it lower at a lower rate
(``Trial``), and are just those calls refused that are one too many in flight (``Crowd``)?
"""

from __future__ import annotations

from math import inf, log

from personagen.llm.limits.ramp import Permit

USUAL_SHARE, MIN_USUAL_SHARE = 0.05, 0.01  # of refused calls: until another is known, and where none was refused
FIRST_CALLS, MAX_CALM_CALLS = 40, 500  # that USUAL_SHARE counts for, and that are remembered
RISE_THRESHOLD = 6.0  # log-likelihood ratio: a usual share looks so by chance once in 400 calls at most
RISE_ODDS = 4.0  # the odds of a refusal are so many times as high: the rise to look for
ALL_SHARE = 0.95  # of calls that are refused: all
ALL_THRESHOLD = 9.0  # as RISE_THRESHOLD, on top of a first refusal: by chance once in 8,000 refusals
TRIAL_THRESHOLD = 3.0  # log-likelihood ratio at which a trial is decided: it errs in one of 20
MIN_TRIAL_SHARE = 0.2  # at least so many are refused in a trial, if not the usual share
MIN_CROWD = 3  # with fewer calls at once a bucket that is empty for a moment looks the same
NEAR_LIMIT_SHARE = 0.8  # of the limit in flight: near it
LIKELY_SHARE = 0.6  # of a threshold is reached: likely
MIN_TRIAL_CALLS, MAX_TRIAL_CALLS = 16, 64
MIN_CALLS_TO_MEASURE, MIN_GRANTED_SHARE = 20, 0.8  # calls of a rise that tell what is granted: so much at least
MIN_SAME_CALLS = 24  # of a second trial, before its share counts as that of the first
MAX_LOWERING = 0.04  # of a rate, with fewer calls: a trial follows
LONGEST_SHARE = 0.4  # a higher share of refused calls is never taken for usual
SAME_SHARE = 0.65  # of the share before the last decrease: it did not fall


def risen(usual: float) -> float:
    """The share to look for where the ``usual`` one has risen."""
    odds = RISE_ODDS * usual / (1 - usual)
    return odds / (1 + odds)


class Rise:
    """Whether the share of refused calls has risen from ``usual`` to ``raised`` (CUSUM, Page 1954)."""

    def __init__(self, usual: float, raised: float, threshold: float = RISE_THRESHOLD) -> None:
        self.total = 0.0
        self.threshold = threshold
        self.calls = self.refusals = 0  # since it was last zero
        self._up, self._down = log(raised / usual), log((1 - usual) / (1 - raised))

    def refused(self, accepted: int) -> bool:
        """Records a refusal after ``accepted`` calls that were not refused; whether the share has risen."""
        self.total -= accepted * self._down
        if self.total <= 0:
            self.total, self.calls, self.refusals = 0.0, 0, 0
            accepted = 0
        self.calls += accepted + 1
        self.refusals += 1
        self.total = min(self.total, self.threshold) + self._up
        return self.total > self.threshold

    @property
    def sample(self) -> tuple[float, int]:
        """The calls since the share may have risen, and how many of them were refused."""
        return float(self.calls), self.refusals

    @property
    def share(self) -> float:
        """The share of refused calls since it may have risen."""
        return self.refusals / max(self.calls, self.refusals)


def rise(usual: float) -> Rise:
    """A watch for more refusals than the ``usual`` share."""
    return Rise(usual, risen(usual))


def all_refused(usual: float) -> Rise:
    """A watch for a server that refuses everything."""
    return Rise(usual, ALL_SHARE, ALL_THRESHOLD + log(ALL_SHARE / usual))


class Trial:
    """Calls sent at a lower rate from ``serial`` on: is the ``usual`` share of them refused, or that ``before``?"""

    def __init__(
        self, serial: int, now: float, usual: float, before: tuple[float, int] | None = None, *, is_first: bool = True
    ) -> None:
        self.serial, self.began, self.before, self.is_first = serial, now, before, is_first
        self.was_closed = False  # everything was refused for a time: the share says little
        self.sent = self.refused = 0  # of calls that were not refused before: a backlog is no fair sample
        high = max(MIN_TRIAL_SHARE, risen(usual))
        self._up, self._down = log(high / usual), log((1 - usual) / (1 - high))

    def known(self, now: float, refusal_seconds: float) -> float:
        """The calls of which it is known whether they are refused, which takes ``refusal_seconds``."""
        return max(float(self.refused), self.sent * (1 - refusal_seconds / (now - self.began)))

    def share(self, calls: float) -> float:
        """The share of refused calls."""
        return self.refused / max(calls, self.refused, 1)

    def fell(self, calls: float) -> bool | None:
        """Whether no more than the usual share of ``calls`` was refused; None while that is open."""
        ratio = self.refused * self._up - (calls - self.refused) * self._down
        if ratio <= -TRIAL_THRESHOLD:
            return True
        if ratio >= TRIAL_THRESHOLD and calls >= (MIN_SAME_CALLS if self.before else MIN_TRIAL_CALLS):
            return False
        return ratio < 0 if calls >= MAX_TRIAL_CALLS else None

    def is_same(self, calls: float) -> bool:
        """Whether the share is still that before the last decrease."""
        before = self.before[1] / self.before[0] if self.before and not self.was_closed else inf
        return SAME_SHARE * before <= self.share(calls) <= LONGEST_SHARE


class Crowd:
    """Whether all calls above some concurrency are refused."""

    def __init__(self, usual: float, known: float = inf) -> None:
        self.level, self._known = inf, known
        self.sent = 0  # calls sent at that level since the last refusal there
        self._usual, self._rise = usual, all_refused(usual)

    def refused(self, others: int) -> bool:
        """Records a refusal with ``others`` in flight; whether that is one too many."""
        if not others:
            return False
        accepted, self.sent = max(0, self.sent - 1), 0
        is_full = others >= self.level and self._rise.refused(accepted) and self.level >= MIN_CROWD
        if others < self.level or self._rise.refusals <= 1:
            self.level, self.sent, self._rise = others, 0, all_refused(self._usual)
            self._rise.refused(0)
            if others >= self._known:
                self._rise.refused(0)
        return is_full

    @property
    def is_likely(self) -> bool:
        """Whether most of the evidence is there."""
        return self.level >= MIN_CROWD and self._rise.total >= LIKELY_SHARE * self._rise.threshold


class Watch:
    """The usual share of refused calls, and whether more are refused: ``rise``, ``all`` or above a ``crowd``."""

    def __init__(self) -> None:
        self.calm: tuple[float, float] = (FIRST_CALLS, USUAL_SHARE * FIRST_CALLS)  # calls before a rise, refused ones
        self.known_crowd = inf  # so many others in flight were too many before
        self._since, self._refusals, self._last = 0, 0, -1
        self.restart(0)

    def restart(self, sent: int) -> None:
        """Looks for more refusals than are usual by now, after ``sent`` calls."""
        self.usual = max(MIN_USUAL_SHARE, self.calm[1] / self.calm[0])
        self._since, self._refusals = sent, 0
        self.rise, self.crowd = rise(self.usual), Crowd(self.usual, self.known_crowd)
        self._all = all_refused(self.usual)
        self._rise_from = self._rise_to = 0.0  # when its first and last refused calls were sent

    def refused(self, permit: Permit, rate: float, limit: float) -> tuple[bool, bool, bool]:
        """Records a refusal; whether the share has risen, everything is refused, and it was one too many in flight.

        With a known ``rate`` it is one too many only near the ``limit``.
        """
        self._refusals += 1
        accepted = max(-1, permit.serial - self._last - 1)  # -1: it was taken for accepted
        self._last = max(self._last, permit.serial)
        has_risen, is_closed = self.rise.refused(accepted), self._all.refused(accepted)
        self._rise_from, self._rise_to = permit.at if self.rise.refusals == 1 else self._rise_from, permit.at
        is_full = self.crowd.refused(permit.others)
        if rate < inf:
            is_full = is_full and self.crowd.level >= NEAR_LIMIT_SHARE * limit
        else:
            is_full = is_full or (has_risen and self.crowd.is_likely)
        return has_risen, is_closed, is_full

    def granted(self, rate: float) -> float:
        """Calls a second that were granted at ``rate`` since the share rose: what an empty bucket is given."""
        seconds, calls = self._rise_to - self._rise_from, self.rise.calls - self.rise.refusals
        if calls < MIN_CALLS_TO_MEASURE or seconds <= 0:
            return (1 - min(MAX_LOWERING, self.rise.share)) * rate
        return min(rate, max(MIN_GRANTED_SHARE * rate, calls / seconds))

    def learn(self, sent: int, *, limited: bool) -> None:
        """Learns the usual share from the calls since the last time, without those of the rise.

        With a known limit only a lower share is learned: what is refused may be its doing.
        """
        calls, refused = sent - self._since - self.rise.calls, self._refusals - self.rise.refusals
        if calls > 0:
            kept = min(1.0, MAX_CALM_CALLS / self.calm[0])
            most = min(self.usual, USUAL_SHARE) * calls if limited else calls
            self.calm = (kept * self.calm[0] + calls, kept * self.calm[1] + max(0, min(refused, most)))
