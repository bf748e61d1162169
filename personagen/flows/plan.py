"""The trees that ``simulate`` plans, by slot, and the shape of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from random import Random
from typing import Any

from personagen import tree
from personagen.agents.assistant import CANDIDATES, Candidate
from personagen.errors import UsageError
from personagen.options import Grow, Keep, SimulateOptions, checked_texts
from personagen.personas.distance import farthest
from personagen.records import Inference, Persona, content_id
from personagen.runs.workflow import at_most

# Sequential calls from a user turn to the next one: user, observer and the aware reply.
CALLS_A_TURN = 3
SAMPLED = 32  # personas from which those to compare with are taken


@dataclass(frozen=True)
class Plan:
    """A planned tree. ``repeat`` numbers the conversations of one persona; ``seed`` determines the drawn replies.

    Each user turn gets ``candidates`` replies, from ``assistants`` in turn. The preference of ``counterfactual`` other
    personas, from ``pool``, and of nobody is asked too; ``keep`` says which pairs are kept. ``check_rate`` is the share
    of user messages that are checked.
    """

    id: str
    persona: Persona
    repeat: int
    turns: int
    candidates: int
    grow: Grow
    max_nodes: int
    seed: int
    assistants: tuple[Candidate, ...] = (CANDIDATES["aware"], CANDIDATES["plain"])
    counterfactual: int = 0
    keep: Keep = "all"
    pool: tuple[Persona, ...] = ()
    check_rate: float = 0.0

    @cached_property
    def others(self) -> tuple[Persona, ...]:
        """The ``counterfactual`` other personas, or fewer: the farthest of ``pool``, then drawn ones."""
        if not self.pool or not self.counterfactual:
            return ()
        far = self.far
        key = partial(content_id, self.seed, self.persona.id)
        drawn = sorted((one for one in self.pool if one.id != far.id), key=lambda one: key(one.id))
        return (far, *drawn)[: self.counterfactual]

    @cached_property
    def far(self) -> Persona:
        """The persona of ``pool`` that is farthest from this one."""
        return farthest(self.persona, self.pool)

    @cached_property
    def alike(self) -> tuple[int, ...]:
        """The slots whose replies are not asked for where nothing is known: they would get the words of ``plain``.

        Without ``plain`` the first of them is asked.
        """
        same = tuple(slot for slot in range(self.candidates) if self.candidate(slot).tailors)
        return same if any(one.name == "plain" for one in self.assistants) else same[1:]

    def told(self, candidate: Candidate, known: Sequence[Inference]) -> Sequence[Inference]:
        """What ``candidate`` gets as inferences where ``known`` are those of the observer."""
        if candidate.told is None or not known:
            return known
        return candidate.told(known, self.far, Random(f"{self.seed}/{self.id}/{candidate.name}"))

    def candidate(self, slot: int) -> Candidate:
        """The assistant that replies in ``slot``."""
        return self.assistants[slot % len(self.assistants)]


def check(options: SimulateOptions) -> None:
    """Raises ``UsageError`` for options that do not fit each other."""
    replies, given = candidates_of(options), len(checked_texts(options.candidate))
    if options.max_nodes <= replies:
        raise UsageError(f"--max-nodes {options.max_nodes}: choose more than --candidates ({replies})")
    if given > replies:
        raise UsageError(
            f"--candidate is given {given} times and --candidates (replies per turn) is {replies}: choose more"
        )
    if options.keep == "personal" and not options.counterfactual:
        raise UsageError("--keep personal needs the verdicts of other personas: choose --counterfactual 1 or more")


def candidates_of(options: SimulateOptions) -> int:
    """The replies per turn: as many as there are candidates, and at least 2."""
    return options.candidates or max(2, len(checked_texts(options.candidate)))


def alone(options: SimulateOptions) -> tuple[str, ...]:
    """What a pool of one persona can't give, as notes, or ``UsageError`` where it is asked for."""
    told = [entry for entry in checked_texts(options.candidate) if (known := CANDIDATES.get(entry)) and known.told]
    if told or options.keep == "personal":
        what = f"--candidate {told[0]}" if told else "--keep personal"
        raise UsageError(f"{what} needs a second persona, and {options.personas} has one")
    return ("there is one persona, so no other one is asked what it prefers",) if options.counterfactual else ()


@dataclass(frozen=True)
class Plans:
    """The planned trees by slot: personas in a random order, repeated from the first as needed.

    The order of two personas does not depend on the others, so that most are picked again from a larger pool.
    """

    options: SimulateOptions
    personas: tuple[Persona, ...]
    assistants: tuple[Candidate, ...]

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
                candidates=candidates_of(o),
                grow=o.grow,
                max_nodes=o.max_nodes,
                seed=o.seed,
                assistants=self.assistants,
                counterfactual=o.counterfactual,
                keep=o.keep,
                pool=_after(order, index),
                check_rate=o.check_rate,
            )

    def personas_id(self, count: int) -> str:
        """The hash of the first ``count`` personas."""
        return content_id([{k: v for k, v in vars(persona).items() if k != "run"} for persona in self.personas[:count]])

    def at_size(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of these plans with as many conversations, turns and personas as ``before``."""
        now = {"conversations": len(self), "turns": self.options.turns, "pool": len(self.personas)}
        smaller = at_most(before, now, *now)
        return smaller | {"personas": self.personas_id(smaller["pool"])} if "pool" in smaller else smaller


def _after(order: Sequence[Persona], index: int) -> tuple[Persona, ...]:
    """Up to ``SAMPLED`` personas that follow the one at ``index`` in ``order``, and from the start after the last.

    Most stay the same when the pool grows a little, since the order of two personas does not depend on the others.
    """
    end = index + 1 + min(SAMPLED, len(order) - 1)
    return (*order[index + 1 : end], *order[: max(0, end - len(order))])


def calls_at_once(plan: Plan) -> float:
    """The mean number of calls of the tree in flight at a time, if none waits for a permit."""
    user_turns = len(planned(plan)) if plan.grow == "all" else plan.turns
    waiting = sum(plan.candidate(slot).needs_observer for slot in range(plan.candidates)) / plan.candidates
    sequential = {"coin": CALLS_A_TURN - 1 + waiting, "best": CALLS_A_TURN + 1, "all": CALLS_A_TURN}[plan.grow]
    others = plan.counterfactual and plan.counterfactual + 1
    checks = 2 * plan.check_rate
    return user_turns * (plan.candidates + 4 + others + checks) / (plan.turns * sequential + 1)


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
