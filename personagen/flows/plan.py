"""Which trees ``simulate`` plans, by slot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from personagen.agents.custom import candidates
from personagen.errors import UsageError
from personagen.flows.conversation import Plan
from personagen.options import SimulateOptions
from personagen.records import Persona, content_id


def check(options: SimulateOptions) -> None:
    """Refuses what can't be planned.

    Raises:
        UsageError: candidates are wrong, or a tree has no room for the replies to one message.
    """
    if options.max_nodes <= options.candidates:
        raise UsageError(f"--max-nodes {options.max_nodes}: choose more than --candidates ({options.candidates})")
    if len(options.candidate) > options.candidates:
        named = f"--candidate names {len(options.candidate)} of them"
        raise UsageError(
            f"{named} and --candidates {options.candidates} are the replies a turn: choose at least as many"
        )
    candidates(options.candidate)


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

    @property
    def first(self) -> Plan:
        """The first of them."""
        return next(iter(self))

    def __iter__(self) -> Iterator[Plan]:
        o, order, assistants = self.options, self.order(), candidates(self.options.candidate)
        for slot in range(len(self)):
            repeat, place = divmod(slot, len(order))
            persona = self.personas[order[place]]
            yield Plan(
                id=f"{persona.id}-{repeat}",
                persona=persona,
                repeat=repeat,
                turns=o.turns,
                candidates=o.candidates,
                grow=o.grow,
                max_nodes=o.max_nodes,
                seed=o.seed,
                assistants=assistants,
            )
