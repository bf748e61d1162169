"""Grows one conversation tree: which calls each answer makes possible.

    user ─┬─ plain ───────────────┬─ judge, in both orders ── judge, for other personas and for nobody
          └─ observer ── aware ───┘

Other candidates than ``plain`` wait for the observer, as ``aware`` does; where it finds nothing, those that would get
the words of ``plain`` are not asked. What others would prefer is asked about replies that make a pair.

With ``coin`` the reply that continues is drawn beforehand (ALOE, arXiv 2410.03642, section 3.2), so the next user turn
is asked as soon as that reply arrives, concurrently with all other calls; see ``docs/scheduling.md``.

A message that the turn gates finally reject, or that could not be used, is lost: its branch ends (``best`` continues
with another reply), and a turn with fewer than two replies is not judged. If the observer fails, the replies that need
it are missing, and the conversation continues with another one; if the judge fails, its turn has no pair.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any, TypeVar

from personagen import tree
from personagen.agents import observer, user
from personagen.agents.ask import AgentContext, Answer
from personagen.agents.brief import Brief, brief_of, style_of
from personagen.agents.replies import Spoken
from personagen.agents.reply_counts import ReplyCounts
from personagen.agents.sample import INFERENCES
from personagen.errors import ReplyError, ServerError
from personagen.flows.checks import Checks
from personagen.flows.growth import Growth, drawn, news
from personagen.flows.memory import known
from personagen.flows.messages import CHECKER, JUDGE, OBSERVER, SPEAKER, FailedTree, MessageLog, first_failure
from personagen.flows.plan import CALLS_A_TURN, Plan
from personagen.flows.verdicts import ORDERS, Verdicts
from personagen.gates import over
from personagen.records import Belief, ConversationTree, Inference, Message, Node
from personagen.runs.schedule import Step

T = TypeVar("T")
WORDS = (40, 60, 80, 100, 130, 170)  # of a reply, drawn for each tree


class Conversation:
    """A growing tree: each step returns the steps that its answer makes possible.

    Unusable replies are in ``log``, server errors, which affect this tree only, in ``failures``; others end the run.
    """

    def __init__(self, ctx: AgentContext, plan: Plan) -> None:
        # All siblings are told the same length, so that it does not tell the assistants apart.
        self._draws = f"{plan.seed}/{plan.id}"
        words = Random(f"{self._draws}/words").choice(WORDS)
        self.ctx, self.plan = replace(ctx, counts=ReplyCounts(), words=words, memory=plan.memory), plan
        self.failures: list[FailedTree] = []
        self.log = MessageLog()
        self.style = style_of(plan.persona, self._draws)
        self._nodes: dict[str, Node] = {}
        self._chats: dict[str, tuple[Message, ...]] = {}
        self._beliefs: dict[str, Belief] = {}
        self._verdicts, self._checks = Verdicts(self.ctx, plan), Checks(self.ctx, plan)
        self._growth = Growth(plan)

    def first(self) -> list[Step]:
        """The first steps."""
        self._growth.begins(tree.ROOT)
        return [partial(self._speak, tree.ROOT)]

    def tree(self) -> ConversationTree:
        """The grown tree once no step is left, or ``FailedTree``: the first server error, or why nobody answered."""
        if self.failures:
            failure = min(self.failures, key=first_failure)
            self.log = self.log.up_to_depth(failure.place.count("."))
            raise failure
        if len(self._nodes) < 2:
            raise self.log.without_exchange()
        return ConversationTree(
            id=self.plan.id,
            persona=self.plan.persona,
            nodes=tuple(sorted(self._nodes.values(), key=lambda node: tree.order(node.id))),
            beliefs=tuple(sorted(self._beliefs.values(), key=lambda belief: tree.order(belief.node))),
            judgments=self._verdicts.all(),
            unasked=tuple(sorted(self.log.unasked, key=tree.order)),
            **self._checks.fields(),
            **self.plan.recorded,
            style=self.style,
            models=dict(sorted(self.ctx.models.items())),
            prompts={name: prompt.hash for name, prompt in sorted(self.ctx.prompts.items())},
        )

    # -- the steps -------------------------------------------------------------------------------------------------

    async def _speak(self, at: str) -> list[Step]:
        plan = self.plan
        # Where several replies continue, two equal ones must not have the same continuation.
        sample = plan.sample if plan.grow in ("coin", "best") else f"{plan.sample}.{at}"
        speak, before = self.ctx.act("user/speak", user.speak), self._before(at)
        site, ctx = self.plan.site(at, sample, CALLS_A_TURN, onward=True), replace(self.ctx, brief=self._brief(at))
        await self._add(at, "user", speak(ctx, plan.persona, before, tree.turn(at), plan.turns, site))
        if at not in self._nodes:
            if not self.log.lost(at):
                return []
            self.log.end_branch(at)
            return self._explored(at) if self._growth.explores else self._over(at)
        checks: list[Step] = [partial(self._check, at)] if self._checks.drawn(at) else []
        replies = [] if self._growth.explores else self._replies(at, (), needs_observer=False)
        return [*replies, partial(self._observe, at), *checks]

    async def _observe(self, message: str) -> list[Step]:
        onward = self.plan.grow != "coin" or self.plan.candidate(drawn(self.plan, message)).needs_observer
        site = self.plan.site(message, self.plan.sample, CALLS_A_TURN - 1, onward=onward)
        infer = self.ctx.act("observer/infer", observer.infer)
        found = await self._asked(message, OBSERVER, infer(self.ctx, self._chats[message], site), "observer/infer")
        if found is None and (message, OBSERVER) not in self.log.unusable:
            return []
        if found is not None:
            new, dropped, back = (*found.value, ())[:3]
            facts = known(self.plan.memory, new, back)
            belief = Belief(node=message, inferences=facts, retracts=back, dropped=dropped, call=found.call)
            self._beliefs[message] = belief
        return self._explored(message) if self._growth.explores else self._informed_replies(message)

    def _explored(self, message: str) -> list[Step]:
        """The replies to the one turn that goes on, once it is known what each of its siblings reveals."""
        before, old = self._chats.get(message, ())[:-1], self.plan.memory.inferences
        revealed = news([one for one in self._known(message) if one not in old], before)
        answered = self._growth.explored(message, revealed if message in self._nodes else -1)
        if not answered:
            return []
        return [*self._replies(answered, (), needs_observer=False), *self._informed_replies(answered)]

    def _informed_replies(self, message: str) -> list[Step]:
        if message not in self._beliefs:
            return self._without_observer(message)
        # An estimate supposes that something was revealed.
        known = self._known(message) or (INFERENCES if self.ctx.rehearsed else ())
        slots = () if known else self.plan.alike
        self.log.unasked.update(tree.child(message, slot) for slot in slots)
        settled = self._once_settled(message) if slots else []
        return [*self._replies(message, known, needs_observer=True), *settled]

    def _known(self, message: str) -> tuple[Inference, ...]:
        return self._beliefs[message].inferences if message in self._beliefs else ()

    def _without_observer(self, message: str) -> list[Step]:
        waiting = [slot for slot in range(self.plan.candidates) if self.plan.candidate(slot).needs_observer]
        missing = [tree.child(message, slot) for slot in waiting]
        self.log.missing.update(missing)
        return self._once_settled(message) if missing else []

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
        onward = self._growth.may_continue(node)
        site = self.plan.site(node, f"{plan.sample}.{slot}", 1, onward=onward)
        told = self.plan.told(candidate, known)
        await self._add(node, candidate.name, candidate.reply(self.ctx, self._chats[message], told, site))
        steps: list[Step] = []
        if self.log.settled(node):
            if onward and self._growth.is_immediate:
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
        for reply in self._growth.instead(message, left, self.log.missing | self.log.unasked):
            steps += self._next_turn(reply) if reply not in self.log.unasked else []
        if self._growth.explores or (self._growth.waits_for_verdicts and not left):
            steps += [step for reply in left or replies[:1] for step in self._next_turn(reply)]
        if len(left) < 2:
            return [*steps, *self._over(message)]
        # If no step waits for the verdicts, the second call reads the prompt of the first from the provider's cache.
        both = self._growth.waits_for_verdicts or tree.turn(message) == self.plan.turns
        first = partial(self._judge, message, 0, () if both else (1,))
        return [*steps, first, partial(self._judge, message, 1)] if both else [*steps, first]

    async def _judge(self, message: str, which: int, later: Sequence[int] = ()) -> list[Step]:
        left = self._left(message)
        onward = self._growth.waits_for_verdicts and which < ORDERS
        site = self.plan.site(message, self.plan.sample, len(later), onward=onward)
        asked = self._verdicts.ask(which, self._chats[message], [self._nodes[reply] for reply in left], site)
        verdict = await self._asked(message, JUDGE + which, asked, "judge/prefer")
        if verdict is None and (message, JUDGE + which) not in self.log.unusable:
            return []
        self._verdicts.add(message, which, verdict.value if verdict else None)
        if which in self._verdicts.others:
            return []
        repeats = self._checks.again(message) if verdict and not which else []
        again: list[Step] = [partial(self._check, message, who) for who in repeats]
        if later:  # Without the first verdict the second makes no pair.
            return [*(partial(self._judge, message, other) for other in later if verdict), *again]
        if not self._verdicts.are_complete(message):
            return again
        others = [partial(self._judge, message, other) for other in self._verdicts.others if self._is_pair(message)]
        return [*self._over(message), *others, *again]

    async def _check(self, message: str, who: int = CHECKER) -> list[Step]:
        site = self._checks.site(self.plan.site(message, self.plan.sample, 0, onward=False), who)
        chat, nodes = self._chats[message], [self._nodes[reply] for reply in self._left(message)]
        asked: Awaitable[Answer[Any]] = (
            self._checks.ask(message, chat, site) if who == CHECKER else self._verdicts.ask(0, chat, nodes, site)
        )
        if found := await self._asked(message, who, asked, "checker/consistent" if who == CHECKER else "judge/prefer"):
            self._checks.add(message, who, found.value)
        return []

    def _over(self, message: str) -> list[Step]:
        """The next turns after that of ``message``, if they wait for its verdicts and now is known which there are."""
        if not self._growth.waits_for_verdicts:
            return []
        left, verdicts = self._left(message), self._verdicts.about(message)
        if self.log.left(message) and tree.turn(message) < self.plan.turns:
            self.log.end_branch(message)
            left = []
        continued = self._growth.over(message, left, verdicts, len(self._known(message)))
        return [step for reply in continued for step in self._next_turn(reply)]

    # -- shared by the steps ---------------------------------------------------------------------------------------

    def _before(self, at: str) -> tuple[Message, ...]:
        return self._chats.get(tree.parent(at) or "", ())

    def _brief(self, at: str) -> Brief:
        reception = self._verdicts.reception(tree.parent(at)) if self._growth.waits_for_verdicts else None
        return brief_of(self.plan.persona, self._before(at), self.style, self._draws, self.plan.topics, reception)

    def _is_pair(self, message: str) -> bool:
        texts = {reply: self._nodes[reply].content for reply in self._left(message)}
        return self._verdicts.make_pair(message, texts, self._chats[message])

    def _asks(self, message: str, slot: int) -> bool:
        return tree.child(message, slot) not in self.log.unasked

    def _left(self, message: str) -> list[str]:
        """The usable replies to ``message``."""
        replies = (tree.child(message, slot) for slot in range(self.plan.candidates))
        return [reply for reply in replies if reply in self._nodes]

    def _next_turn(self, reply: str) -> list[Step]:
        at = tree.child(reply, 0)
        ends, message = tree.turn(at) > self.plan.turns, tree.parent(reply) or ""
        if not ends and self.log.left(message):
            self.log.end_branch(message)
            return []
        if not ends and (self.log.lost(reply) or (not self.ctx.rehearsed and over(self._chats[reply]))):
            self.log.end_branch(reply)
            return []
        # Nodes no deeper than a failure are still asked, so that the reported failure does not depend on arrival.
        if ends or any(failure.place.count(".") < at.count(".") for failure in self.failures):
            return []
        self._growth.begins(at)
        return [partial(self._speak, at)]

    async def _add(self, node_id: str, agent: str, awaited: Awaitable[Answer[Spoken]]) -> None:
        """Adds a node for what ``agent`` says, unless the call fails or a gate rejects the message."""
        answer = await self._asked(node_id, SPEAKER, awaited, agent)
        if answer is None:
            return
        if self.ctx.rehearsed:  # an estimate is of whole conversations
            answer = replace(answer, value=replace(answer.value, text=answer.value.text or ".", ended=False))
        self.log.answers[node_id] = answer
        if self.log.lost(node_id):
            return
        role = "user" if agent == "user" else "assistant"
        node = Node(id=node_id, role=role, content=answer.value.text, agent=agent, call=answer.call)
        self._nodes[node_id] = node
        self._chats[node_id] = (*self._before(node_id), Message(role=node.role, content=node.content))

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
