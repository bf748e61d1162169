"""The trees that ``simulate`` plans, by slot, and the shape of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from personagen.agents.assistant import CANDIDATES, Candidate
from personagen.errors import UsageError
from personagen.options import SimulateOptions, checked_texts
from personagen.records import Memory, Persona, content_id
from personagen.runs.workflow import at_most

# Sequential calls from a user turn to the next one: user, observer and the aware reply.
CALLS_A_TURN = 3


@dataclass(frozen=True)
class Plan:
    """A planned tree. ``repeat`` numbers the conversations of one persona; ``seed`` determines the drawn replies.

    Each user turn gets ``candidates`` replies, from ``assistants`` in turn. It is number ``session`` (from 0) of a series
    of ``sessions``, and begins with ``memory``. In session ``change_at`` (from 1) a trait of the persona becomes one of
    ``other_traits``; ``changed`` says which did.
    """

    id: str
    persona: Persona
    repeat: int
    turns: int
    candidates: int
    grow: str
    max_nodes: int
    seed: int
    assistants: tuple[Candidate, ...] = tuple(CANDIDATES.values())
    sessions: int = 1
    session: int = 0
    memory: Memory = Memory()
    change_at: int = 0
    other_traits: tuple[str, ...] = ()
    changed: str = ""

    def candidate(self, slot: int) -> Candidate:
        """The assistant that replies in ``slot``."""
        return self.assistants[slot % len(self.assistants)]


def check(options: SimulateOptions) -> None:
    """Raises ``UsageError`` for options that do not fit each other."""
    least = options.turns * (1 + options.candidates)
    if options.grow in ("all", "best-hard") and options.max_nodes < least:
        raise UsageError(
            f"--max-nodes {options.max_nodes}: one branch of --turns {options.turns} takes {least:,} messages, so choose"
            f" at least {least:,} with --grow {options.grow}"
        )
    sessions, planned = options.sessions, options.conversations or options.sessions
    if planned % sessions:
        fits = planned - planned % sessions
        raise UsageError(
            f"--conversations {planned} is not a multiple of --sessions {sessions}: choose"
            f" {f'{fits:,} or ' if fits else ''}{fits + sessions:,}"
        )
    if options.change_at and options.change_at > sessions:
        raise UsageError(f"--change-at {options.change_at}: there is no such session with --sessions {sessions}")
    given = len(checked_texts(options.candidate))
    if given > options.candidates:
        raise UsageError(
            f"--candidate is given {given} times and --candidates (replies per turn) is"
            f" {options.candidates}: choose at least as many"
        )


@dataclass(frozen=True)
class Plans:
    """The planned trees by slot: personas in a random order, repeated from the first as needed; or series of trees.

    The order of two personas does not depend on the others, so that most are picked again from a larger pool.
    """

    options: SimulateOptions
    personas: tuple[Persona, ...]
    assistants: tuple[Candidate, ...]

    def __len__(self) -> int:
        return (self.options.conversations or 0) // self.options.sessions or len(self.personas)

    @property
    def conversations(self) -> int:
        """The number of trees."""
        return len(self) * self.options.sessions

    def described(self, left: int) -> str:
        """``left`` slots in words, with the number of personas if some are played again."""
        sessions = self.options.sessions
        series = f" in {left:,} series of {sessions}" if sessions > 1 else ""
        said = f"{left * sessions:,} conversations{series} x {self.options.turns} turns"
        most = -(-len(self) // len(self.personas))
        again = f"; the {len(self.personas):,} personas are played up to {most:,} times each"
        return said + again if most > 1 else said

    def __iter__(self) -> Iterator[Plan]:
        o = self.options
        order = sorted(self.personas, key=lambda persona: content_id(o.seed, "personas", persona.id))
        traits = tuple(sorted({trait for one in self.personas for trait in one.traits})) if o.change_at else ()
        for slot in range(len(self)):
            repeat, index = divmod(slot, len(order))
            persona = order[index]
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
                sessions=o.sessions,
                change_at=o.change_at or 0,
                other_traits=traits,
            )

    def personas_id(self, count: int) -> str:
        """The hash of the first ``count`` personas."""
        return content_id([{k: v for k, v in vars(persona).items() if k != "run"} for persona in self.personas[:count]])

    def at_size(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of these plans with as many conversations, turns and personas as ``before``."""
        now = {"conversations": self.conversations, "turns": self.options.turns, "pool": len(self.personas)}
        smaller = at_most(before, now, *now)
        return smaller | {"personas": self.personas_id(smaller["pool"])} if "pool" in smaller else smaller
