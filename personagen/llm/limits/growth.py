"""How a known limit is tested: rate and concurrency grow, slowly, then faster (as TCP CUBIC does, RFC 9438)."""

from __future__ import annotations

from math import inf

LIMIT_INCREASE = 0.05  # after a clean round; doubles each time
RATE_INCREASE, MAX_RATE_INCREASE = 0.005, 0.32  # a second; doubles every six times
FAST_START = 12  # of the increases are left out where the granted rate was only guessed
USED_RATE_SHARE = 0.7  # of the rate is used: it may hold calls back
FULL_CALLS_SHARE = 0.8  # of a round's calls that saw the limit used: the round may raise it
MIN_CALLS_PER_ROUND = 20
MAX_ROUNDS = 16  # between two increases of the limit


class Growth:
    """When rate and limit grow, and by how much."""

    def __init__(self) -> None:
        self.checked_at, self._checked, self._rate_increases = -inf, 0, 0  # the time, and the calls sent by then
        self._calls = self._full_calls = self._limit_increases = 0
        self._rounds = 1

    def restart(self, now: float, sent: int, *, fast: bool) -> None:
        """Begins again, slowly unless ``fast``; ``sent`` calls were sent so far."""
        self.checked_at, self._checked, self._rate_increases = now, sent, FAST_START if fast else 0
        self._calls = self._full_calls = self._limit_increases = 0

    def refused(self) -> None:
        """The limit was one too many: an increase that is refused at once delays the next one."""
        self._rounds = min(MAX_ROUNDS, 2 * self._rounds) if self._limit_increases == 1 else 1
        self._calls = self._full_calls = self._limit_increases = 0

    def rate(self, now: float, sent: int, rate: float) -> float:
        """The rate after an answer: more once a second if it held calls back."""
        passed = now - self.checked_at
        if passed >= max(1.0, 10 / rate):
            if sent - self._checked >= USED_RATE_SHARE * rate * passed:
                rate *= 1 + min(MAX_RATE_INCREASE, RATE_INCREASE * 2.0 ** (self._rate_increases // 6))
                self._rate_increases += 1
            self.checked_at, self._checked = now, sent
        return rate

    def limit(self, limit: float, *, full: bool) -> float:
        """The limit after an answer: more after a clean round that used it."""
        self._calls += 1
        self._full_calls += full
        if self._calls >= self._rounds * max(int(limit), MIN_CALLS_PER_ROUND):
            if self._full_calls >= FULL_CALLS_SHARE * self._calls:
                limit += max(1.0, min(1.0, LIMIT_INCREASE * 2**self._limit_increases) * limit)
                self._limit_increases += 1
                self._rounds = 1 if self._limit_increases > 1 else self._rounds
            self._calls = self._full_calls = 0
        return limit
