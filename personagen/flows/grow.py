"""One conversation tree: what may happen at once does, and nothing waits for what it does not need.

    user ─┬─ plain ───────────────┬─ judge, in both orders
          └─ observer ── aware ───┘

With ``coin`` the sibling that continues is drawn beforehand, so the next user turn starts as soon as that one reply is
there; observing, the other replies and the judging go on beside it (ALOE, arXiv 2410.03642, section 3.2, draws it so).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from personagen import tree
from personagen.agents import assistant, judge, observer, user
from personagen.agents.ask import Stage
from personagen.errors import PersonagenError, ReplyError, ServerError
from personagen.options import Grow
from personagen.records import Belief, ConversationTree, Inference, Judgment, Message, Node, Persona

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """What a tree is to become. ``repeat`` tells apart the conversations of one persona; ``seed`` draws the coins."""

    id: str
    persona: Persona
    repeat: int
    turns: int
    candidates: int
    grow: Grow
    max_nodes: int
    seed: int


class FailedTree(PersonagenError):
    """A step of this tree failed for good, at the node ``place``; other trees are not concerned."""

    def __init__(self, place: str, cause: PersonagenError) -> None:
        super().__init__(str(cause))
        self.place = place


@dataclass
class _Sprout:
    """A tree while it grows."""

    plan: Plan
    stage: Stage
    nodes: dict[str, Node] = field(default_factory=dict)
    beliefs: dict[str, Belief] = field(default_factory=dict)
    judgments: dict[str, tuple[Judgment, ...]] = field(default_factory=dict)
    failures: list[FailedTree] = field(default_factory=list)
    beside: list[asyncio.Task[Any]] = field(default_factory=list)

    def add(self, node_id: str, content: str, agent: str, call: str) -> Node:
        role = "user" if agent == "user" else "assistant"
        node = Node(id=node_id, role=role, content=content, agent=agent, call=call)
        self.nodes = tree.add(self.nodes, node)
        return node

    def place(self, node_id: str) -> str:
        return f"{self.plan.id}/{node_id}"


async def grow(stage: Stage, plan: Plan) -> ConversationTree:
    """Grows the tree ``plan`` describes.

    Raises:
        FailedTree: a step failed for good. Of several, the first in the tree is told, not the first in time.
        PersonagenError: the run as a whole can't go on (key, budget, disk, interruption).
    """
    sprout = _Sprout(plan, stage)
    stops: list[BaseException] = []
    try:
        await _FORMS[plan.grow](sprout)
    except FailedTree:
        pass  # noted in sprout.failures where it happened
    except asyncio.CancelledError:
        for task in sprout.beside:
            task.cancel()
        raise
    except Exception as error:
        stops.append(error)
    stops += await _drained(sprout)
    if stops:
        raise stops[0]
    if sprout.failures:
        raise min(sprout.failures, key=_first)
    return _grown(sprout)


async def _by_coin(sprout: _Sprout) -> None:
    at = tree.ROOT
    for _ in range(sprout.plan.turns):
        said = await _user_turn(sprout, at)
        replies = _compete(sprout, said)
        sprout.beside.append(asyncio.create_task(_judged(sprout, said, replies)))
        slot = _coin(sprout.plan, said)
        await replies[slot]
        at = tree.child(tree.child(said, slot), 0)


async def _by_verdict(sprout: _Sprout) -> None:
    at = tree.ROOT
    for _ in range(sprout.plan.turns):
        said = await _user_turn(sprout, at)
        ranked = await _judged(sprout, said, _compete(sprout, said))
        chosen = ranked or tree.child(said, _coin(sprout.plan, said))
        at = tree.child(chosen, 0)


async def _everywhere(sprout: _Sprout) -> None:
    plan = sprout.plan
    level, planned = [tree.ROOT], 0
    for _ in range(plan.turns):
        level = level[: max(0, (plan.max_nodes - planned) // (1 + plan.candidates))]
        planned += len(level) * (1 + plan.candidates)
        turns = [asyncio.create_task(_whole_turn(sprout, at)) for at in level]
        sprout.beside += turns
        for turn in turns:
            await turn
        level = [f"{at}.{slot}.0" for at in level for slot in range(plan.candidates)]


async def _whole_turn(sprout: _Sprout, at: str) -> None:
    said = await _user_turn(sprout, at)
    await _judged(sprout, said, _compete(sprout, said))


async def _user_turn(sprout: _Sprout, at: str) -> str:
    """The user speaks at ``at``; returns that node's id."""
    plan = sprout.plan
    if sprout.failures:
        raise sprout.failures[0]
    above = tree.parent(at)
    conversation = tree.messages(sprout.nodes, above) if above else ()
    said = await _step(
        sprout,
        at,
        user.speak(
            sprout.stage,
            plan.persona,
            conversation,
            tree.turn(at),
            plan.turns,
            place=sprout.place(at),
            # Where every branch grows on, two equal replies would have the same continuation twice.
            sample=f"{plan.repeat}.{at}" if plan.grow == "all" else str(plan.repeat),
        ),
    )
    sprout.add(at, said.value, "user", said.call)
    return at


def _compete(sprout: _Sprout, said: str) -> list[asyncio.Task[Node]]:
    """Starts the competing replies to the user node ``said``: aware in the even slots, plain in the odd ones."""
    conversation = tree.messages(sprout.nodes, said)
    observed = asyncio.create_task(_observed(sprout, said, conversation))
    tasks = [
        asyncio.create_task(_reply(sprout, said, slot, conversation, observed if slot % 2 == 0 else None))
        for slot in range(sprout.plan.candidates)
    ]
    sprout.beside += [observed, *tasks]
    return tasks


async def _observed(sprout: _Sprout, said: str, conversation: tuple[Message, ...]) -> tuple[Inference, ...]:
    found = await _step(
        sprout,
        said,
        observer.infer(sprout.stage, conversation, place=sprout.place(said), sample=str(sprout.plan.repeat)),
    )
    inferences, dropped = found.value
    sprout.beliefs[said] = Belief(node=said, inferences=inferences, dropped=dropped, call=found.call)
    return inferences


async def _reply(
    sprout: _Sprout,
    said: str,
    slot: int,
    conversation: tuple[Message, ...],
    observed: asyncio.Task[tuple[Inference, ...]] | None,
) -> Node:
    node = tree.child(said, slot)
    known = await observed if observed else None
    sample = f"{sprout.plan.repeat}.{slot}"
    made = await _step(
        sprout,
        node,
        assistant.reply(sprout.stage, conversation, known, place=sprout.place(node), sample=sample),
    )
    return sprout.add(node, made.value, "plain" if known is None else "aware", made.call)


async def _judged(sprout: _Sprout, said: str, replies: list[asyncio.Task[Node]]) -> str | None:
    """Judges the replies in both orders; the node both verdicts put first, or None."""
    nodes = [await reply for reply in replies]
    first = asyncio.create_task(_verdict(sprout, said, nodes))
    sprout.beside.append(first)
    # Where the tree does not wait for both, the second finds the prompt of the first in the server's cache.
    if sprout.plan.grow != "best":
        await first
    second = asyncio.create_task(_verdict(sprout, said, nodes[::-1]))
    sprout.beside.append(second)
    judgments = (await first, await second)
    sprout.judgments[said] = judgments
    firsts = {judgment.ranking[0] for judgment in judgments}
    tied = any(judgment.tie for judgment in judgments)
    return None if tied or len(firsts) > 1 else firsts.pop()


async def _verdict(sprout: _Sprout, said: str, order: list[Node]) -> Judgment:
    conversation = tree.messages(sprout.nodes, said)
    texts = [node.content for node in order]
    sample = str(sprout.plan.repeat)
    verdict = await _step(
        sprout,
        said,
        judge.prefer(sprout.stage, sprout.plan.persona, conversation, texts, place=sprout.place(said), sample=sample),
    )
    shown = dict(zip(judge.LABELS, (node.id for node in order), strict=False))
    return Judgment(
        node=said,
        order=tuple(node.id for node in order),
        ranking=tuple(shown[label] for label in verdict.value.ranking),
        tie=verdict.value.tie,
        reason=verdict.value.reason,
        call=verdict.call,
    )


async def _step(sprout: _Sprout, node: str, answer: Awaitable[T]) -> T:
    """``answer``, with a failure that concerns this tree alone noted and told as such."""
    try:
        return await answer
    except (ReplyError, ServerError) as error:
        failure = FailedTree(node, error)
        sprout.failures.append(failure)
        raise failure from error


async def _drained(sprout: _Sprout) -> list[BaseException]:
    """Waits for everything that was begun; returns what stops the run.

    Nothing begun is cut off: so the failure that is told does not depend on the order of arrival.
    """
    stops: list[BaseException] = []
    done = 0
    while done < len(sprout.beside):
        begun = sprout.beside[done:]
        done += len(begun)
        results = await asyncio.gather(*begun, return_exceptions=True)
        stops += [r for r in results if isinstance(r, BaseException) and not isinstance(r, FailedTree)]
    return stops


def _first(failure: FailedTree) -> tuple[int, tuple[int, ...], str]:
    """Sorts failures by depth first: whatever is not deeper was begun before a failure stops the growth."""
    path = tree.order(failure.place)
    return len(path), path, str(failure)


def _coin(plan: Plan, said: str) -> int:
    return Random(f"{plan.seed}/{plan.id}/{said}").randrange(plan.candidates)


def _grown(sprout: _Sprout) -> ConversationTree:
    plan, prompts, models = sprout.plan, sprout.stage.prompts, sprout.stage.models
    places = sorted(sprout.judgments, key=tree.order)
    return ConversationTree(
        id=plan.id,
        persona=plan.persona,
        nodes=tuple(sorted(sprout.nodes.values(), key=lambda node: tree.order(node.id))),
        beliefs=tuple(sorted(sprout.beliefs.values(), key=lambda belief: tree.order(belief.node))),
        judgments=tuple(judgment for place in places for judgment in sprout.judgments[place]),
        grow=plan.grow,
        models=dict(sorted(models.items())),
        prompts={name: prompt.hash for name, prompt in sorted(prompts.items())},
    )


_FORMS = {"coin": _by_coin, "best": _by_verdict, "all": _everywhere}
