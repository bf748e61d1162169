"""The trees that ``simulate`` plans, by slot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from personagen.agents.assistant import Candidate
from personagen.errors import UsageError
from personagen.flows.conversation import Plan
from personagen.options import SimulateOptions
from personagen.records import Persona


def check(options: SimulateOptions) -> None:
    """Raises ``UsageError`` for options that do not fit each other."""
    if options.max_nodes <= options.candidates:
        raise UsageError(f"--max-nodes {options.max_nodes}: choose more than --candidates ({options.candidates})")
    if len(options.candidate) > options.candidates:
        raise UsageError(
            f"--candidate is given {len(options.candidate)} times and --candidates (replies per turn) is"
            f" {options.candidates}: choose at least as many"
        )


@dataclass(frozen=True)
class Plans:
    """The planned trees by slot: personas in a random order, repeated from the first as needed."""

    options: SimulateOptions
    personas: tuple[Persona, ...]
    assistants: tuple[Candidate, ...]

    def __len__(self) -> int:
        return self.options.conversations or len(self.personas)

    def __iter__(self) -> Iterator[Plan]:
        o, order = self.options, list(range(len(self.personas)))
        Random(f"{o.seed}/personas").shuffle(order)
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
                assistants=self.assistants,
            )
