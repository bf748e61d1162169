"""Stops a run after too many failures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from personagen.errors import QualityError

MIN_FAILURES = 10
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass
class FailurePolicy:
    """Which slots are done, which failed and why; gives up after too many failures.

    ``barren`` slots are done but brought nothing because of unusable replies, and count like failed ones. Both are
    counted in slot order, so the same replies give the same decision in whatever order items end. Unanswered items are
    counted at once, since a server that is down costs time and money.
    """

    unit: str
    total: int
    done: set[int]
    failures: dict[int, str] = field(default_factory=dict)
    barren: dict[int, str] = field(default_factory=dict)
    _kinds: dict[str, str] = field(default_factory=dict)
    _next: int = 0
    _failed: set[int] = field(default_factory=set)
    _unanswered: set[int] = field(default_factory=set)

    def by_reason(self) -> Counter[str]:
        """The failures by reason; of one kind, the first reason counts for all."""
        return self._counted(self.failures)

    def _counted(self, reasons: Mapping[int, str]) -> Counter[str]:
        first: dict[str, str] = {}
        for slot in sorted(reasons):
            first.setdefault(self._kind(reasons[slot]), reasons[slot])
        return Counter(first[self._kind(reasons[slot])] for slot in sorted(reasons))

    def _kind(self, reason: str) -> str:
        return self._kinds.get(reason) or _NUMBER.sub("N", reason)

    def add(
        self, slot: int, failure: str = "", *, kind: str = "", barren: bool = False, unanswered: bool = False
    ) -> None:
        """Records that the item in ``slot`` is done, or failed for the reason ``failure``.

        Reasons of one ``kind`` are counted together, and so are those that differ in numbers only. With ``barren`` the
        item is done, but brought nothing for that reason; ``unanswered`` means that its server gave no answer.

        Raises:
            QualityError: at least ``MIN_FAILURES`` and more than half of the items up to a slot failed; or
                ``MIN_FAILURES`` ended unanswered since the last one was done.
        """
        if kind:
            self._kinds[failure] = kind
        if failure:
            (self.barren if barren else self.failures)[slot] = failure
        if unanswered and failure:
            self._unanswered.add(slot)
        if barren or not failure:
            self.done.add(slot)
            self._unanswered.clear()
        if len(self._unanswered) >= MIN_FAILURES:
            raise self._too_many(self._unanswered, len(self._unanswered))
        while self._next in self.done or self._next in self.failures:
            if self._next in self.failures or self._next in self.barren:
                self._failed.add(self._next)
            self._next += 1
            if len(self._failed) >= MIN_FAILURES and len(self._failed) > self._next / 2:
                raise self._too_many(self._failed, self._next)

    def close(self) -> None:
        """Raises ``QualityError`` if more than half of all items failed."""
        lost = {*self.failures, *self.barren}
        if len(lost) > self.total / 2:
            raise self._too_many(lost, self.total)

    def _too_many(self, slots: set[int], tried: int) -> QualityError:
        reasons = {**self.barren, **self.failures}
        [(reason, times)] = self._counted({slot: reasons[slot] for slot in slots}).most_common(1)
        what = "failed or came to nothing" if slots & self.barren.keys() else "failed"
        return QualityError(f"{len(slots)} of {tried} {self.unit} {what}, {times} of them because {reason}")
