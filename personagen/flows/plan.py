"""Which trees ``simulate`` plans, by slot; and when so many of them failed that it gives up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from personagen.errors import QualityError, UsageError
from personagen.flows.conversation import Plan
from personagen.options import SimulateOptions
from personagen.records import Persona, content_id

TOO_MANY = 10


def check(options: SimulateOptions) -> None:
    """Refuses what can't be planned.

    Raises:
        UsageError: a tree has no room for the replies to one message.
    """
    if options.max_nodes <= options.candidates:
        raise UsageError(f"--max-nodes {options.max_nodes}: choose more than --candidates ({options.candidates})")


@dataclass(frozen=True)
class Plans:
    """The planned trees by slot: personas in a drawn order, again from the first when all had their turn."""

    options: SimulateOptions
    personas: tuple[Persona, ...]

    def __len__(self) -> int:
        return self.options.conversations or len(self.personas)

    @property
    def personas_id(self) -> str:
        """The hash of the personas."""
        return content_id([vars(p) for p in self.personas])

    def order(self) -> list[int]:
        """The places of the personas in the order in which they have their turn."""
        places = list(range(len(self.personas)))
        Random(f"{self.options.seed}/personas").shuffle(places)
        return places

    def __iter__(self) -> Iterator[tuple[int, Plan]]:
        o, order = self.options, self.order()
        for slot in range(len(self)):
            repeat, place = divmod(slot, len(order))
            persona = self.personas[order[place]]
            yield (
                slot,
                Plan(
                    id=f"{persona.id}-{repeat}",
                    persona=persona,
                    repeat=repeat,
                    turns=o.turns,
                    candidates=o.candidates,
                    grow=o.grow,
                    max_nodes=o.max_nodes,
                    seed=o.seed,
                ),
            )


@dataclass
class Outcomes:
    """Which slots failed and why.

    Whether replies are too bad to go on is decided in slot order, whichever tree ends first: the same replies, the same
    decision. A server that has gone is no such thing, and costs time and money until it is noticed: it counts at once.
    """

    total: int
    grown: set[int]
    failures: dict[int, str] = field(default_factory=dict)
    _next: int = 0
    _failed: Counter[str] = field(default_factory=Counter)
    _unanswered: Counter[str] = field(default_factory=Counter)

    def failed(self) -> Counter[str]:
        """The failures by reason."""
        return Counter(self.failures[slot] for slot in sorted(self.failures))

    def add(self, slot: int, failure: str = "", *, unanswered: bool = False) -> None:
        """Notes that the tree of ``slot`` is grown, or has failed, ``unanswered`` if its server gave no answer.

        Raises:
            QualityError: of the trees up to some slot at least ``TOO_MANY``, and more than half, have failed; or so
                many have ended unanswered since one was grown.
        """
        if failure:
            self.failures[slot] = failure
            self._unanswered[failure] += unanswered
        else:
            self.grown.add(slot)
            self._unanswered.clear()
        if self._unanswered.total() >= TOO_MANY:
            raise _too_many(self._unanswered, self._unanswered.total())
        while self._next in self.grown or self._next in self.failures:
            if self._next in self.failures:
                self._failed[self.failures[self._next]] += 1
            self._next += 1
            if self._failed.total() >= TOO_MANY and self._failed.total() > self._next / 2:
                raise _too_many(self._failed, self._next)

    def close(self) -> None:
        """All trees have ended.

        Raises:
            QualityError: more than half of them have failed.
        """
        if len(self.failures) > self.total / 2:
            raise _too_many(self.failed(), self.total)


def _too_many(failures: Counter[str], tried: int) -> QualityError:
    reason, times = failures.most_common(1)[0]
    return QualityError(
        f"{failures.total()} of {tried} conversations failed, {times} of them because {reason};"
        " see rejections.jsonl, mend the cause and run the same command to go on"
    )
