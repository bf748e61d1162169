"""Grows one conversation tree: which calls each answer makes possible.

    user ─┬─ plain ───────────────┬─ judge, in both orders ── judge, for other personas and for nobody
          └─ observer ── aware ───┘

Other candidates than ``plain`` wait for the observer, as ``aware`` does; where it finds nothing, those that would get
the words of ``plain`` are not asked. What others would prefer is asked about replies that make a pair.

With ``coin`` the reply that continues is drawn beforehand (ALOE, arXiv 2410.03642, section 3.2), so the next user turn
is asked as soon as that reply arrives, concurrently with the observer, the other replies and the judge; see
``docs/scheduling.md``.

A message that the turn gates finally reject, or that could not be used, is lost: its branch ends (``best`` continues
with another reply), and a turn with fewer than two replies is not judged. If the observer fails, the replies that need
it are missing, and the conversation continues with another one; if the judge fails, its turn has no pair. All this
depends on places in the tree only, not on the order of answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import TypeVar

from personagen import tree
from personagen.agents import observer, user
from personagen.agents.ask import AgentContext, Answer, CallSite
from personagen.agents.replies import Spoken
from personagen.agents.reply_counts import ReplyCounts
from personagen.agents.sample import INFERENCES
from personagen.errors import PersonagenError, ReplyError, ServerError
from personagen.flows.checks import Checks
from personagen.flows.growth import drawn, preferred
from personagen.flows.messages import CHECKER, JUDGE, OBSERVER, SPEAKER, MessageLog
from personagen.flows.plan import CALLS_A_TURN, Plan, planned
from personagen.flows.verdicts import ORDERS, Verdicts
from personagen.gates import over
from personagen.pairs import comparisons, first_reason
from personagen.records import Belief, ConversationTree, Inference, Message, Node
from personagen.runs.schedule import Step

T = TypeVar("T")
WORDS = (40, 60, 80, 100, 130, 170)  # of a reply, drawn for each tree


class FailedTree(PersonagenError):
    """A step of this tree failed, at the node ``place``; other trees are not affected.

    ``unanswered`` means that the server gave no answer, rather than an unusable one.
    """

    def __init__(self, place: str, cause: PersonagenError) -> None:
        super().__init__(str(cause))
        self.place, self.cause, self.unanswered = place, cause, isinstance(cause, ServerError)


class Conversation:
    """A growing tree: each step returns the steps that its answer makes possible.

    Unusable replies are kept in ``log``, server errors, which affect only this tree, in ``failures``; any other error
    ends the run.
    """

    def __init__(self, ctx: AgentContext, plan: Plan) -> None:
        # All siblings are told the same length, so that it does not tell the assistants apart.
        words = Random(f"{plan.seed}/{plan.id}/words").choice(WORDS)
        self.ctx, self.plan = replace(ctx, counts=ReplyCounts(), words=words), plan
        self.failures: list[FailedTree] = []
        self.log = MessageLog()
        self._nodes: dict[str, Node] = {}
        self._chats: dict[str, tuple[Message, ...]] = {}
        self._beliefs: dict[str, Belief] = {}
        self._verdicts, self._checks = Verdicts(self.ctx, plan), Checks(self.ctx, plan)
        self._planned = planned(plan) if plan.grow == "all" else frozenset()

    def first(self) -> list[Step]:
        """The first steps."""
        return [partial(self._speak, tree.ROOT)]

    def tree(self) -> ConversationTree:
        """The grown tree once no step is left, or ``FailedTree``: the first server error, or why nobody answered."""
        if self.failures:
            failure = min(self.failures, key=_first)
            self.log = self.log.up_to_depth(failure.place.count("."))
            raise failure
        if len(self._nodes) < 2:
            if unusable := self.log.first_unusable():
                raise FailedTree(*unusable)
            gates = sorted({answer.objections[-1].gate for answer in self.log.answers.values() if answer.dropped})
            raise FailedTree(tree.ROOT, ReplyError(f"no exchange passed the gate {', '.join(gates)}", cause="gate"))
        return ConversationTree(
            id=self.plan.id,
            persona=self.plan.persona,
            nodes=tuple(sorted(self._nodes.values(), key=lambda node: tree.order(node.id))),
            beliefs=tuple(sorted(self._beliefs.values(), key=lambda belief: tree.order(belief.node))),
            judgments=self._verdicts.all(),
            unasked=tuple(sorted(self.log.unasked, key=tree.order)),
            **self._checks.fields(),
            grow=self.plan.grow,
            keep=self.plan.keep,
            models=dict(sorted(self.ctx.models.items())),
            prompts={name: prompt.hash for name, prompt in sorted(self.ctx.prompts.items())},
        )

    # -- the steps -------------------------------------------------------------------------------------------------

    async def _speak(self, at: str) -> list[Step]:
        plan = self.plan
        # With `all`, two equal replies must not have the same continuation.
        sample = f"{plan.repeat}.{at}" if plan.grow == "all" else str(plan.repeat)
        speak, before = self.ctx.act("user/speak", user.speak), self._chats.get(tree.parent(at) or "", ())
        site = self._site(at, sample, CALLS_A_TURN, onward=True)
        await self._add(at, "user", speak(self.ctx, plan.persona, before, tree.turn(at), plan.turns, site))
        if at not in self._nodes:
            if self.log.lost(at):
                self.log.end_branch(at)
            return []
        checks: list[Step] = [partial(self._check, at)] if self._checks.drawn(at) else []
        return [*self._replies(at, (), needs_observer=False), partial(self._observe, at), *checks]

    async def _observe(self, message: str) -> list[Step]:
        onward = self.plan.grow != "coin" or self.plan.candidate(drawn(self.plan, message)).needs_observer
        site = self._site(message, str(self.plan.repeat), CALLS_A_TURN - 1, onward=onward)
        infer = self.ctx.act("observer/infer", observer.infer)
        found = await self._asked(message, OBSERVER, infer(self.ctx, self._chats[message], site), "observer/infer")
        if found is None:
            return self._without_observer(message) if (message, OBSERVER) in self.log.unusable else []
        inferences, dropped = found.value
        self._beliefs[message] = Belief(node=message, inferences=inferences, dropped=dropped, call=found.call)
        if not inferences and self.ctx.rehearsed:  # an estimate supposes that something was revealed
            inferences = INFERENCES
        slots = () if inferences else self.plan.alike
        self.log.unasked.update(tree.child(message, slot) for slot in slots)
        settled = self._once_settled(message) if slots else []
        return [*self._replies(message, inferences, needs_observer=True), *settled]

    def _without_observer(self, message: str) -> list[Step]:
        slots = range(self.plan.candidates)
        missing = [tree.child(message, slot) for slot in slots if self.plan.candidate(slot).needs_observer]
        self.log.missing.update(missing)
        steps = [step for reply in missing if self.plan.grow == "all" for step in self._next_turn(reply)]
        return steps + self._once_settled(message) if missing else []

    def _replies(self, message: str, known: Sequence[Inference], *, needs_observer: bool) -> list[Step]:
        """Each candidate's first reply; its other ones follow, to read the prompt from the provider's cache."""
        steps: list[Step] = []
        continues, every = drawn(self.plan, message), len(self.plan.assistants)
        for first, candidate in enumerate(self.plan.assistants):
            if candidate.needs_observer is needs_observer:
                slots = [s for s in range(first, self.plan.candidates, every) if self._asks(message, s)]
                slots.sort(key=lambda slot: slot != continues)
                steps += [partial(self._reply, message, slots[0], slots[1:], known)] if slots else []
        return steps

    async def _reply(self, message: str, slot: int, others: Sequence[int], known: Sequence[Inference]) -> list[Step]:
        node, candidate, plan = tree.child(message, slot), self.plan.candidate(slot), self.plan
        onward = plan.grow != "coin" or slot == drawn(self.plan, message)
        site = self._site(node, f"{plan.repeat}.{slot}", 1, onward=onward)
        told = self.plan.told(candidate, known)
        await self._add(node, candidate.name, candidate.reply(self.ctx, self._chats[message], told, site))
        steps: list[Step] = []
        if self.log.settled(node):
            if onward and plan.grow != "best":
                steps += self._next_turn(node)
            steps += self._once_settled(message)
        return steps + [partial(self._reply, message, s, (), known) for s in others]

    def _once_settled(self, message: str) -> list[Step]:
        """The steps that need all replies to ``message``: the verdicts, and the next turn unless it has begun."""
        slots = range(self.plan.candidates)
        if not all(self.log.settled(tree.child(message, slot)) for slot in slots):
            return []
        steps: list[Step] = []
        left, continues = self._left(message), tree.child(message, drawn(self.plan, message))
        replies = [tree.child(message, slot) for slot in slots if self._asks(message, slot)]
        if self.plan.grow == "coin" and continues in self.log.missing | self.log.unasked:
            steps = self._next_turn(left[drawn(self.plan, message, len(left))] if left else replies[0])
        if len(left) < 2:
            return self._next_turn((left or replies)[0]) if self.plan.grow == "best" else steps
        # If no step waits for the verdicts, the second call reads the prompt of the first from the provider's cache.
        both = self.plan.grow == "best" or tree.turn(message) == self.plan.turns
        first = partial(self._judge, message, 0, () if both else (1,))
        return [*steps, first, partial(self._judge, message, 1)] if both else [*steps, first]

    async def _judge(self, message: str, which: int, later: Sequence[int] = ()) -> list[Step]:
        left = self._left(message)
        site = self._site(
            message, str(self.plan.repeat), len(later), onward=self.plan.grow == "best" and which < ORDERS
        )
        asked = self._verdicts.ask(which, self._chats[message], [self._nodes[reply] for reply in left], site)
        verdict = await self._asked(message, JUDGE + which, asked, "judge/prefer")
        if verdict is None and (message, JUDGE + which) not in self.log.unusable:
            return []
        self._verdicts.add(message, which, verdict.value if verdict else None)
        if which in self._verdicts.others:
            return []
        again: list[Step] = []
        if verdict and not which:
            again = [partial(self._judge_again, message, who) for who in self._checks.again(message)]
        if later:  # Without the first verdict the second makes no pair.
            return [*(partial(self._judge, message, other) for other in later if verdict), *again]
        if not self._verdicts.are_complete(message):
            return again
        others: list[Step] = [
            partial(self._judge, message, other) for other in self._verdicts.others if self._is_pair(message)
        ]
        if self.plan.grow == "best":
            others = [*self._next_turn(preferred(self.plan, message, self._verdicts.about(message), left)), *others]
        return [*others, *again]

    async def _check(self, message: str) -> list[Step]:
        site = self._site(message, str(self.plan.repeat), 0, onward=False)
        asked = self._checks.ask(message, self._chats[message], site)
        if found := await self._asked(message, CHECKER, asked, "checker/consistent"):
            self._checks.findings[message] = found.value
        return []

    async def _judge_again(self, message: str, who: int) -> list[Step]:
        site = self._checks.site(self._site(message, str(self.plan.repeat), 0, onward=False), who)
        nodes = [self._nodes[reply] for reply in self._left(message)]
        asked = self._verdicts.ask(0, self._chats[message], nodes, site)
        if verdict := await self._asked(message, who, asked, "judge/prefer"):
            self._checks.verdicts[message, who] = verdict.value
        return []

    # -- shared by the steps ---------------------------------------------------------------------------------------

    def _is_pair(self, message: str) -> bool:
        """Whether two replies to ``message`` make a pair, as an estimate supposes."""
        own = [made for made in self._verdicts.about(message) if made]
        texts = {reply: self._nodes[reply].content for reply in self._left(message)}
        belief, before = self._beliefs.get(message), self._chats[message]
        cases = comparisons(texts, own, before=before, persona=self.plan.persona, belief=belief)
        return self.ctx.rehearsed or not all(map(first_reason, cases))

    def _asks(self, message: str, slot: int) -> bool:
        return tree.child(message, slot) not in self.log.unasked

    def _left(self, message: str) -> list[str]:
        """The usable replies to ``message``."""
        replies = (tree.child(message, slot) for slot in range(self.plan.candidates))
        return [reply for reply in replies if reply in self._nodes]

    def _next_turn(self, reply: str) -> list[Step]:
        at = tree.child(reply, 0)
        ends = tree.turn(at) > self.plan.turns or (self.plan.grow == "all" and at not in self._planned)
        if not ends and (self.log.lost(reply) or (not self.ctx.rehearsed and over(self._chats[reply]))):
            self.log.end_branch(reply)
            return []
        # Nodes no deeper than a failure are still asked, so that the reported failure does not depend on arrival.
        if ends or any(failure.place.count(".") < at.count(".") for failure in self.failures):
            return []
        return [partial(self._speak, at)]

    async def _add(self, node_id: str, agent: str, awaited: Awaitable[Answer[Spoken]]) -> None:
        """Adds a node for what ``agent`` says, unless the call fails or a gate rejects the message."""
        answer = await self._asked(node_id, SPEAKER, awaited, agent)
        if answer is None:
            return
        self.log.answers[node_id] = answer
        if answer.dropped:
            return
        role = "user" if agent == "user" else "assistant"
        node = Node(id=node_id, role=role, content=answer.value.text, agent=agent, call=answer.call)
        self._nodes[node_id] = node
        before = self._chats.get(tree.parent(node_id) or "", ())
        self._chats[node_id] = (*before, Message(role=node.role, content=node.content))

    async def _asked(self, node: str, who: int, answer: Awaitable[T], name: str) -> T | None:
        """The answer, or None if it can't be used or after a server error; ``name`` is its prompt or agent."""
        try:
            return await answer
        except ReplyError as error:
            error.prompt = error.prompt or name  # a custom agent can raise one without a call
            self.log.unusable[node, who] = error
        except ServerError as error:
            self.failures.append(FailedTree(node, error))
        return None

    def _site(self, node: str, sample: str, ahead: int, *, onward: bool) -> CallSite:
        """The call site of ``node``; ``ahead`` calls of its turn follow in sequence, and if onward the later turns."""
        later = CALLS_A_TURN * (self.plan.turns - tree.turn(node)) if onward else 0
        return CallSite(f"{self.plan.id}/{node}", sample, later + ahead + 1)


def _first(failure: FailedTree) -> tuple[int, tuple[int, ...], str]:
    """Sort key by depth first: everything no deeper than a failure is asked before growth stops."""
    path = tree.order(failure.place)
    return len(path), path, str(failure)
