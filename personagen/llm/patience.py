"""How long a request may take: longer for a longer reply, and longer after a request that was given too little."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from personagen.call import Call
from personagen.errors import ServerError

TOKENS_IN_TIMEOUT = 1200  # of a reply, for which the time-out is added once more: with 120 seconds, 10 tokens a second
MAX_DOUBLINGS = 2


class Patience:
    """The seconds that calls are given, from ``timeout``, which is for a reply of no length."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._late: dict[str, int] = {}

    @contextmanager
    def given(self, call: Call) -> Iterator[float]:
        """The seconds for the next request of ``call``: twice as many after each request that used them up."""
        late = self._late.get(call.key, 0)
        base = self._timeout * (1 + ((call.sampling.max_tokens or 0) + call.room) / TOKENS_IN_TIMEOUT)
        try:
            yield base * 2 ** min(late, MAX_DOUBLINGS)
        except ServerError as error:
            if error.waited:
                self._late[call.key] = late + 1
            raise
        if late:
            del self._late[call.key]
