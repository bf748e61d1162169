"""The trees that ``simulate`` plans, by slot, and the shape of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from personagen import tree
from personagen.agents.assistant import CANDIDATES, Candidate
from personagen.errors import UsageError
from personagen.options import Grow, SimulateOptions, checked_texts
from personagen.records import Persona, content_id
from personagen.runs.workflow import at_most

# Sequential calls from a user turn to the next one: user, observer and the aware reply.
CALLS_A_TURN = 3


@dataclass(frozen=True)
class Plan:
    """A planned tree. ``repeat`` numbers the conversations of one persona; ``seed`` determines what is drawn.

    Each user turn gets ``candidates`` replies, from ``assistants`` in turn. ``topics`` are what users may open with.
    """

    id: str
    persona: Persona
    repeat: int
    turns: int
    candidates: int
    grow: Grow
    max_nodes: int
    seed: int
    assistants: tuple[Candidate, ...] = tuple(CANDIDATES.values())
    topics: tuple[str, ...] = ()

    def candidate(self, slot: int) -> Candidate:
        """The assistant that replies in ``slot``."""
        return self.assistants[slot % len(self.assistants)]


def check(options: SimulateOptions) -> None:
    """Raises ``UsageError`` for options that do not fit each other."""
    if options.max_nodes <= options.candidates:
        raise UsageError(f"--max-nodes {options.max_nodes}: choose more than --candidates ({options.candidates})")
    given = len(checked_texts(options.candidate))
    if given > options.candidates:
        raise UsageError(
            f"--candidate is given {given} times and --candidates (replies per turn) is"
            f" {options.candidates}: choose at least as many"
        )


@dataclass(frozen=True)
class Plans:
    """The planned trees by slot: personas in a random order, repeated from the first as needed.

    The order of two personas does not depend on the others, so that most are picked again from a larger pool.
    """

    options: SimulateOptions
    personas: tuple[Persona, ...]
    assistants: tuple[Candidate, ...]
    topics: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.options.conversations or len(self.personas)

    def described(self, left: int) -> str:
        """``left`` conversations in words, with the number of personas if some are played again."""
        said = f"{left:,} conversations x {self.options.turns} turns"
        most = -(-len(self) // len(self.personas))
        again = f"; the {len(self.personas):,} personas are played up to {most:,} times each"
        return said + again if most > 1 else said

    def __iter__(self) -> Iterator[Plan]:
        o = self.options
        order = sorted(self.personas, key=lambda persona: content_id(o.seed, "personas", persona.id))
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
                topics=self.topics,
            )

    def personas_id(self, count: int) -> str:
        """The hash of the first ``count`` personas."""
        return content_id([{k: v for k, v in vars(persona).items() if k != "run"} for persona in self.personas[:count]])

    def at_size(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of these plans with as many conversations, turns and personas as ``before``."""
        now = {"conversations": len(self), "turns": self.options.turns, "pool": len(self.personas)}
        smaller = at_most(before, now, *now)
        return smaller | {"personas": self.personas_id(smaller["pool"])} if "pool" in smaller else smaller


def calls_at_once(plan: Plan) -> float:
    """The mean number of calls of the tree in flight at a time, if none waits for a permit."""
    user_turns = len(planned(plan)) if plan.grow == "all" else plan.turns
    waiting = sum(plan.candidate(slot).needs_observer for slot in range(plan.candidates)) / plan.candidates
    sequential = {"coin": CALLS_A_TURN - 1 + waiting, "best": CALLS_A_TURN + 1, "all": CALLS_A_TURN}[plan.grow]
    return user_turns * (plan.candidates + 4) / (plan.turns * sequential + 1)


def levels(plan: Plan) -> list[int]:
    """The number of user turns at each depth."""
    if plan.grow != "all":
        return [1] * plan.turns
    counts = Counter(tree.turn(at) for at in planned(plan))
    return [counts[turn] for turn in sorted(counts)]


def planned(plan: Plan) -> frozenset[str]:
    """The user turns of a tree in which every reply continues: level by level, while a whole turn fits."""
    level, places = [tree.ROOT], list[str]()
    for _ in range(plan.turns):
        level = level[: max(0, plan.max_nodes // (1 + plan.candidates) - len(places))]
        places += level
        level = [f"{at}.{slot}.0" for at in level for slot in range(plan.candidates)]
    return frozenset(places)
