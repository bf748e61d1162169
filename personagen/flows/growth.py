"""Which replies of a tree continue.

``coin`` draws one beforehand and ``all`` takes all that are planned: their next turns begin as soon as they are there.
``best``, ``best-hard`` and ``beam:B`` wait for the verdicts, ``information`` for what the user answers. A beam and
``information`` compare the turns of one depth, so they wait for all of these. Every choice depends on places and
answers, and draws decide between equals, so that the order of arrival changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from random import Random

from personagen import tree
from personagen.agents.observer import Guess, verified
from personagen.flows.plan import Plan
from personagen.flows.shape import forked_turns, planned
from personagen.options.growth import beam_width
from personagen.records import Inference, Judgment, Message
from personagen.trajectories import scores_of, value


def drawn(plan: Plan, message: str, sides: int = 0) -> int:
    """Which of ``sides`` replies to ``message`` is drawn; by default of all its slots."""
    return Random(f"{plan.seed}/{plan.id}/{message}").randrange(sides or plan.candidates)


def preferred(plan: Plan, message: str, verdicts: Sequence[Judgment | None], replies: Sequence[str]) -> str:
    """The one of ``replies`` that both verdicts rank first, else a drawn one."""
    firsts = {made.ranking[0] if made and not made.tie else "" for made in verdicts}
    if len(firsts) == 1 and "" not in firsts:
        return firsts.pop()
    return replies[drawn(plan, message, len(replies))]


def news(inferences: Sequence[Inference], before: Sequence[Message]) -> int:
    """How many of ``inferences`` have a quote that is in none of the user's messages in ``before``.

    The observer may word what it knew already in a new way, so quotes are compared and not statements.
    """
    guesses = [Guess(fact=one.fact, quote=one.quote, kind=one.kind) for one in inferences]
    return len(inferences) - len(verified(guesses, before)[0])


class Growth:
    """The choices of one tree. ``is_immediate`` growths need nothing but the reply; ``explores`` is ``information``."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.is_immediate = plan.grow in ("coin", "all")
        self.explores = plan.grow == "information"
        self.waits_for_verdicts = not (self.is_immediate or self.explores)
        self._planned = planned(plan) if plan.grow == "all" else frozenset()
        self._forks = forked_turns(plan) if plan.grow == "best-hard" else frozenset()
        self._open: set[str] = set()  # user turns of the deepest level that are not over
        self._level: dict[str, int] = {}  # those that are over, and how much each revealed
        self._scores: dict[str, float] = {}
        self._left: list[str] = []
        self._trunk = tree.ROOT
        self._moved: dict[str, str] = {}  # replies that continue in place of others, and the places of those

    def may_continue(self, reply: str) -> bool:
        """Whether ``reply`` can be one that continues, by what is known before it is there."""
        if self.plan.grow == "coin":
            message, _, slot = reply.rpartition(".")
            return int(slot) == drawn(self.plan, message)
        return self.plan.grow != "all" or self._planned_place(reply) in self._planned

    def instead(self, message: str, left: Sequence[str], absent: Set[str]) -> Sequence[str]:
        """With ``all``, the replies that continue in place of planned ones that are ``absent``: others of ``left``.

        What was planned after those then follows these, so that no branch ends where nothing is known of the user yet
        and only one reply is asked for. A planned reply is in its own place if no other one is left.
        """
        if self.plan.grow != "all":
            return ()
        gone = [reply for reply in absent if tree.parent(reply) == message and self.may_continue(reply)]
        gone.sort(key=tree.order)
        free = [reply for reply in left if not self.may_continue(reply)]
        places = [self._planned_place(reply).rpartition(".")[0] for reply in gone]
        self._moved |= dict(zip(free, places, strict=False))
        return [*free, *gone[len(free) :]][: len(gone)]

    def _planned_place(self, reply: str) -> str:
        """The planned user turn that answers ``reply``."""
        steps = reply.split(".")
        place = tree.ROOT
        for at in range(1, len(steps)):
            place = self._moved.get(".".join(steps[: at + 1]), f"{place}.{steps[at]}")
        return tree.child(place, 0)

    def begins(self, message: str) -> None:
        """Notes that the user turn ``message`` is asked."""
        self._open.add(message)

    def over(
        self, message: str, left: Sequence[str], verdicts: Sequence[Judgment | None], revealed: int
    ) -> Sequence[str]:
        """The replies that continue now that the turn of ``message`` is over.

        ``left`` are its usable replies, and ``revealed`` is how much the observer knew. A beam gives none until all
        turns of this depth are over.
        """
        self._scores |= scores_of(verdicts)
        if beam_width(self.plan.grow):
            self._left += left
            return self._beam() if self._is_last(message, revealed) else ()
        if not left:
            return ()
        first = preferred(self.plan, message, verdicts, left)
        if message != self._trunk:
            return (first,)
        self._trunk = tree.child(first, 0)
        others = [reply for reply in left if reply != first]
        if tree.turn(message) not in self._forks or not others:
            return (first,)
        return first, self._best(others, lambda reply: (value(self._scores, [reply]),))

    def explored(self, message: str, revealed: int) -> str:
        """The user turn that is answered, of those that answer the replies to one message, or none yet.

        ``revealed`` is the number of new inferences from ``message``, and negative if it is lost. It is the one that
        reveals most, as in CURIO (arXiv 2504.03206), whose reward is how much better the user is known after a turn.
        """
        if not self._is_last(message, revealed):
            return ""
        level, self._level = self._level, {}
        known = [at for at, count in level.items() if count >= 0]
        return self._best(known, lambda at: (level[at],)) if known else ""

    def _is_last(self, message: str, revealed: int) -> bool:
        self._open.discard(message)
        self._level[message] = revealed
        return not self._open

    def _best(self, places: Sequence[str], worth: Callable[[str], tuple[float, ...]]) -> str:
        return max(sorted(places, key=tree.order), key=lambda at: (*worth(at), self._draw(at)))

    def _draw(self, place: str) -> float:
        return Random(f"{self.plan.seed}/{self.plan.id}/{place}").random()

    def _beam(self) -> Sequence[str]:
        """The branches that are kept, in path order.

        By the mean score of a branch's replies, then by what its last message revealed. No agent gets more than its
        share of the replies at the first fork, nor of the last ones, as long as others are left: a beam whose branches
        all began with one agent has nothing to compare.
        """
        (level, self._level), (replies, self._left) = (self._level, {}), (self._left, [])

        def worth(reply: str) -> tuple[float, int, float]:
            steps = reply.split(".")
            branch = [".".join(steps[: at + 1]) for at in range(1, len(steps), 2)]
            return value(self._scores, branch), level[tree.parent(reply) or ""], self._draw(reply)

        ranked = sorted(sorted(replies, key=tree.order), key=worth, reverse=True)
        width = beam_width(self.plan.grow)
        share = -(-width // len({self._agent(reply, -1) for reply in ranked} or {""}))
        first = _first_fork(replies)
        kept: list[str] = []
        for ends in ((first, -1), (first,), ()):  # both shares, that of the first replies, none
            for reply in ranked:
                counts = {end: Counter(self._agent(other, end) for other in kept) for end in ends}
                if reply not in kept and len(kept) < width and self._has_room(reply, counts, share):
                    kept.append(reply)
        return sorted(kept, key=tree.order)

    def _has_room(self, reply: str, counts: Mapping[int, Counter[str]], share: int) -> bool:
        return all(count[self._agent(reply, end)] < share for end, count in counts.items())

    def _agent(self, reply: str, end: int) -> str:
        """The agent of the reply at step ``end`` of the branch to ``reply``."""
        return self.plan.candidate(int(reply.split(".")[end])).name


def _first_fork(replies: Sequence[str]) -> int:
    """The first step at which the branches to ``replies`` differ; the last if they do not."""
    alike = [len(set(steps)) == 1 for steps in zip(*(reply.split(".") for reply in replies), strict=True)]
    return alike.index(False) if False in alike else -1
