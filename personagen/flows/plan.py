"""The trees that ``simulate`` plans, by slot, and the shape of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from random import Random
from typing import Any

from personagen import tree
from personagen.agents.ask import CallSite
from personagen.agents.assistant import CANDIDATES, Candidate
from personagen.errors import UsageError
from personagen.options import Keep, SimulateOptions, checked_texts
from personagen.personas.distance import farthest
from personagen.records import Inference, Memory, Persona, Twin, content_id
from personagen.runs.workflow import at_most

# Sequential calls from a user turn to the next one: user, observer and the aware reply.
CALLS_A_TURN = 3
EARLIEST_TWIN = 2  # the first turn whose pair has a twin: before it, the user has said nothing else
TWINNED = 0.15  # conversations as long as the longest twin that get one, as an estimate supposes
SAMPLED = 32  # personas from which those to compare with are taken


@dataclass(frozen=True)
class Plan:
    """A planned tree. ``repeat`` numbers the conversations of one persona; ``seed`` determines what is drawn.

    Each user turn gets ``candidates`` replies, from ``assistants`` in turn; ``topics`` are what users may open with.
    The preference of ``counterfactual`` other personas, from ``pool``, and of nobody is asked too; ``keep`` says which
    pairs are kept, ``check_rate`` the share of user messages that are checked. The tree is number ``session`` (from 0)
    of a series of ``sessions``, and begins with ``memory``. In session ``change_at`` (from 1) a trait of the persona
    becomes one of the ``pool``; ``changed`` says which did. With ``twins`` a pair of it gets a ``twin``.
    """

    id: str
    persona: Persona
    repeat: int
    turns: int
    candidates: int
    grow: str
    max_nodes: int
    seed: int
    assistants: tuple[Candidate, ...] = (CANDIDATES["aware"], CANDIDATES["plain"])
    counterfactual: int = 0
    keep: Keep = "all"
    pool: tuple[Persona, ...] = ()
    sessions: int = 1
    session: int = 0
    memory: Memory = field(default_factory=Memory)
    change_at: int = 0
    changed: str = ""
    topics: tuple[str, ...] = ()
    check_rate: float = 0.0
    twins: bool = False
    twin: Twin | None = None

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

    @property
    def sample(self) -> str:
        """What distinguishes the questions of this conversation from equal ones of the persona's other ones."""
        return f"{self.repeat}.s{self.session}" if self.session else str(self.repeat)

    def site(self, node: str, sample: str, ahead: int, *, onward: bool) -> CallSite:
        """The call site of ``node``; ``ahead`` calls of its turn follow in sequence, and if onward the later turns."""
        later = CALLS_A_TURN * (self.turns - tree.turn(node)) if onward else 0
        share, option = (TWINNED, "--twins") if self.twin else (1.0, "")
        return CallSite(f"{self.id}/{node}", sample, later + ahead + 1, share=share, option=option)

    @property
    def recorded(self) -> dict[str, Any]:
        """The fields of a ``ConversationTree`` that say how it was planned."""
        return {name: getattr(self, name) for name in ("grow", "keep", "session", "memory", "changed", "twin")}

    def candidate(self, slot: int) -> Candidate:
        """The assistant that replies in ``slot``."""
        return self.assistants[slot % len(self.assistants)]


def check(options: SimulateOptions) -> None:
    """Raises ``UsageError`` for options that do not fit each other."""
    replies, given = candidates_of(options), len(checked_texts(options.candidate))
    least = options.turns * (1 + replies)
    if options.grow in ("all", "best-hard") and options.max_nodes < least:
        raise UsageError(
            f"--max-nodes {options.max_nodes}: one branch of --turns {options.turns} takes {least:,} messages, so"
            f" choose at least {least:,} with --grow {options.grow}"
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
    if given > replies:
        raise UsageError(
            f"--candidate is given {given} times and --candidates (replies per turn) is {replies}: choose more"
        )
    for asked, name in ((options.keep == "personal", "--keep personal"), (options.twins, "--twins")):
        if asked and not options.counterfactual:
            raise UsageError(f"{name} needs the verdicts of other personas: choose --counterfactual 1 or more")
    if options.twins and (options.turns < EARLIEST_TWIN or sessions > 1):
        raise UsageError(f"--twins needs --turns {EARLIEST_TWIN} or more, and does not go with --sessions")


def candidates_of(options: SimulateOptions) -> int:
    """The replies per turn: as many as there are candidates, and at least 2."""
    return options.candidates or max(2, len(checked_texts(options.candidate)))


def alone(options: SimulateOptions) -> tuple[str, ...]:
    """What a pool of one persona can't give, as notes, or ``UsageError`` where it is asked for."""
    told = [entry for entry in checked_texts(options.candidate) if (known := CANDIDATES.get(entry)) and known.told]
    needs = {
        "--keep personal": options.keep == "personal",
        "--twins": options.twins,
        f"--change-at {options.change_at}": options.change_at,
    }
    if wanting := [f"--candidate {name}" for name in told] + [what for what, is_asked in needs.items() if is_asked]:
        what = wanting[0]
        raise UsageError(f"{what} needs a second persona, and {options.personas} has one")
    return ("there is one persona, so no other one is asked what it prefers",) if options.counterfactual else ()


@dataclass(frozen=True)
class Plans:
    """The planned trees by slot: personas in a random order, repeated from the first as needed; or series of trees.

    The order of two personas does not depend on the others, so that most are picked again from a larger pool.
    """

    options: SimulateOptions
    personas: tuple[Persona, ...]
    assistants: tuple[Candidate, ...]
    topics: tuple[str, ...] = ()

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
        count = len(self.personas)
        who = f"{count:,} personas are played up to {most:,} times each"
        again = f"; the {who if count > 1 else f'one persona is played {most:,} times'}"
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
                sessions=o.sessions,
                change_at=o.change_at or 0,
                topics=self.topics,
                check_rate=o.check_rate,
                twins=o.twins,
            )

    def personas_id(self, count: int) -> str:
        """The hash of the first ``count`` personas."""
        return content_id([{k: v for k, v in vars(persona).items() if k != "run"} for persona in self.personas[:count]])

    def at_size(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of these plans with as many conversations, turns and personas as ``before``."""
        now = {"conversations": self.conversations, "turns": self.options.turns, "pool": len(self.personas)}
        smaller = at_most(before, now, *now)
        if self.options.twins and "twins" in before:  # they are added to what is there
            smaller["twins"] = before["twins"]
        return smaller | {"personas": self.personas_id(smaller["pool"])} if "pool" in smaller else smaller


def _after(order: Sequence[Persona], index: int) -> tuple[Persona, ...]:
    """Up to ``SAMPLED`` personas that follow the one at ``index`` in ``order``, and from the start after the last.

    Most stay the same when the pool grows a little, since the order of two personas does not depend on the others.
    """
    end = index + 1 + min(SAMPLED, len(order) - 1)
    return (*order[index + 1 : end], *order[: max(0, end - len(order))])
