"""The trees that ``simulate`` plans, by slot."""

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
    """Checks options that depend on each other.

    Raises:
        UsageError: a candidate is invalid, or a tree has no room for the replies to one message.
    """
    if options.max_nodes <= options.candidates:
        raise UsageError(f"--max-nodes {options.max_nodes}: choose more than --candidates ({options.candidates})")
    if len(options.candidate) > options.candidates:
        raise UsageError(
            f"--candidate is given {len(options.candidate)} times and --candidates (replies per turn) is"
            f" {options.candidates}: choose at least as many"
        )
    candidates(options.candidate)


@dataclass(frozen=True)
class Plans:
    """The planned trees by slot: personas in a random order, repeated from the first as needed."""

    options: SimulateOptions
    personas: tuple[Persona, ...]

    def __len__(self) -> int:
        return self.options.conversations or len(self.personas)

    @property
    def personas_id(self) -> str:
        """The hash of the personas."""
        return content_id([vars(p) for p in self.personas])

    def order(self) -> list[int]:
        """The indices of the personas in the random order."""
        indices = list(range(len(self.personas)))
        Random(f"{self.options.seed}/personas").shuffle(indices)
        return indices

    @property
    def first(self) -> Plan:
        """The first planned tree."""
        return next(iter(self))

    def __iter__(self) -> Iterator[Plan]:
        o, order, assistants = self.options, self.order(), candidates(self.options.candidate)
        for slot in range(len(self)):
            repeat, index = divmod(slot, len(order))
            persona = self.personas[order[index]]
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
