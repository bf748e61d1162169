"""Stops a run after too many failures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from personagen.errors import QualityError

MIN_FAILURES = 10


@dataclass
class FailurePolicy:
    """Which slots are done, which failed and why; gives up after too many failures.

    Unusable replies are counted in slot order, so the same replies give the same decision in whatever order items end.
    Unanswered items are counted at once, since a server that is down costs time and money.
    """

    unit: str
    total: int
    done: set[int]
    failures: dict[int, str] = field(default_factory=dict)
    _next: int = 0
    _failed: Counter[str] = field(default_factory=Counter)
    _unanswered: Counter[str] = field(default_factory=Counter)

    def by_reason(self) -> Counter[str]:
        """The failures by reason."""
        return Counter(self.failures[slot] for slot in sorted(self.failures))

    def add(self, slot: int, failure: str = "", *, unanswered: bool = False) -> None:
        """Records that the item in ``slot`` is done or failed, ``unanswered`` if its server gave no answer.

        Raises:
            QualityError: at least ``MIN_FAILURES`` and more than half of the items up to a slot failed; or
                ``MIN_FAILURES`` ended unanswered since the last one was done.
        """
        if failure:
            self.failures[slot] = failure
            self._unanswered[failure] += unanswered
        else:
            self.done.add(slot)
            self._unanswered.clear()
        if self._unanswered.total() >= MIN_FAILURES:
            raise self._too_many(self._unanswered, self._unanswered.total())
        while self._next in self.done or self._next in self.failures:
            if self._next in self.failures:
                self._failed[self.failures[self._next]] += 1
            self._next += 1
            if self._failed.total() >= MIN_FAILURES and self._failed.total() > self._next / 2:
                raise self._too_many(self._failed, self._next)

    def close(self) -> None:
        """Raises ``QualityError`` if more than half of all items failed."""
        if len(self.failures) > self.total / 2:
            raise self._too_many(self.by_reason(), self.total)

    def _too_many(self, failures: Counter[str], tried: int) -> QualityError:
        reason, times = failures.most_common(1)[0]
        return QualityError(
            f"{failures.total()} of {tried} {self.unit} failed, {times} of them because {reason};"
            " see rejections.jsonl, correct the cause and run the same command to resume"
        )
