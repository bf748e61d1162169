"""One conversation of ``evaluate``: user, model under test, user, ...; the judge rates each reply.

    user ── reply ─┬─ user ── reply ─┬─ ...
                   └─ judge          └─ judge

Nothing waits for a rating, so the critical path is two calls a turn. What the user lets show is drawn by persona and
turn, not by model or condition, so that users of several runs differ only as the replies make them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from personagen import tree as paths
from personagen.agents import rater, target, user
from personagen.agents.ask import AgentContext, Answer, CallSite
from personagen.agents.brief import Brief, brief_of, style_of
from personagen.agents.judge import NOBODY
from personagen.agents.replies import Spoken
from personagen.agents.reply_counts import ReplyCounts
from personagen.errors import PersonagenError, ReplyError, ServerError
from personagen.flows.cases import Case
from personagen.flows.messages import RATER, SPEAKER, FailedTree, MessageLog, rejection
from personagen.flows.probing import PROBES, Probing
from personagen.metrics.disclosure import is_told
from personagen.ratings import OTHER, PERSONA, REMINDER, Rating, Repeat
from personagen.records import ConversationTree, Inference, Memory, Message, Node
from personagen.runs.schedule import Result, Step

TARGETS: Mapping[str, target.Target] = {PERSONA: target.informed, OTHER: target.informed, REMINDER: target.reminded}
CALLS_A_TURN = 2  # in sequence
TREES, RATINGS, REJECTIONS = RESULTS = ("trees.jsonl", "ratings.jsonl", "rejections.jsonl")


class Dialogue:
    """A growing conversation: each step returns the steps that its answer makes possible."""

    def __init__(self, ctx: AgentContext, case: Case) -> None:
        self.ctx, self.case = replace(ctx, counts=ReplyCounts()), case
        self.log = MessageLog()
        self.failure: FailedTree | None = None
        self.style = style_of(case.persona, f"{case.seed}/{case.persona.id}")
        self._nodes: list[Node] = []
        self._ratings: list[Rating] = []
        self._probing = Probing(self.ctx, case, self._asked)

    def first(self) -> list[Step]:
        """The first step."""
        return [partial(self._speak, 1)]

    # -- the steps -------------------------------------------------------------------------------------------------

    async def _speak(self, turn: int) -> list[Step]:
        at = _place(turn)
        if not await self._add(at, "user", self._message(turn)):
            return []
        return [partial(self._reply, turn)]

    async def _reply(self, turn: int) -> list[Step]:
        at, case = paths.child(_place(turn), 0), self.case
        reply = TARGETS.get(case.condition, target.bare)
        shown = case.other if case.condition == OTHER else case.user(turn)
        site = self._site(at, ahead=1, turn=turn)
        if not await self._add(at, case.condition, reply(self.ctx, self._chat(), shown, site)):
            return []
        rated = [partial(self._rate, at, judge, "", "") for judge in case.panel]
        rated += [partial(self._rate, at, judge, "nobody", "") for judge in case.panel if case.generic]
        if self.ctx.rehearsed or Random(f"{case.seed}/{case.id}/{at}/again").random() < case.repeat_rate:
            rated += [partial(self._rate, at, "judge", "", repeat) for repeat in ("again", "reordered")]
        onward = [partial(self._speak, turn + 1)] if turn < case.turns else []
        return [*onward, *rated, *self._probing.steps(turn, self._chat())]

    async def _rate(self, at: str, judge: str, who: str, repeat: Repeat) -> list[Step]:
        case, turn = self.case, paths.turn(at)
        *before, reply = self._until(at)
        sample = repeat if repeat == "again" else ""
        share = case.repeat_rate if repeat else 1.0
        option = "--repeat-rate" if repeat else "--generic" if who else ""
        site = CallSite(
            f"{case.id}/{at}", sample, 1, role="" if judge == "judge" else judge, share=share, option=option
        )
        persona = NOBODY if who else case.user(turn)
        rate = self.ctx.act("judge/rate", rater.rate)
        asked = rate(self.ctx, persona, before, reply.content, repeat == "reordered", site)
        answer = await self._asked(at, RATER, asked, "judge/rate")
        if answer is not None:
            scores = {name: getattr(answer.value, name) for name in (*rater.SCORES, "reason")}
            self._ratings.append(
                Rating(
                    tree=case.id,
                    node=at,
                    turn=turn,
                    persona=case.persona.id,
                    condition=case.condition,
                    judge=judge,
                    model=self.ctx.models[judge],
                    rater=who,
                    repeat=repeat,
                    call=answer.call,
                    **scores,
                )
            )
        return []

    # -- turn by turn, where the caller gives the replies -------------------------------------------------------------

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation so far."""
        return tuple(self._chat())

    @property
    def ended(self) -> str:
        """The gate that ended the conversation early, ``left`` if the user did, else empty."""
        return next(iter(self.log.ended.values()), "")

    async def asks(self, turn: int) -> tuple[str, bool]:
        """What the user says at ``turn``, and whether the conversation goes on; without a message it is empty.

        Raises:
            ServerError: the user's model gave no answer.
        """
        before = len(self._nodes)
        goes_on = await self._add(_place(turn), "user", self._message(turn))
        self._check()
        return (self._nodes[-1].content if len(self._nodes) > before else ""), goes_on

    def replied(self, turn: int, spoken: Spoken) -> None:
        """Adds the reply of ``turn``, which was made elsewhere."""
        at = paths.child(_place(turn), 0)
        self.log.answers[at] = Answer(spoken)
        self._nodes.append(Node(id=at, role="assistant", content=spoken.text, agent=self.case.condition))

    async def rated(self, turn: int) -> Rating | None:
        """The judge's rating of the reply of ``turn``; None if it gave none that can be used.

        Raises:
            ServerError: the judge's model gave no answer.
        """
        at = paths.child(_place(turn), 0)
        await self._rate(at, "judge", "", "")
        self._check()
        return next((rating for rating in self._ratings if rating.node == at), None)

    def _check(self) -> None:
        if self.failure:
            raise self.failure.cause

    # -- shared by the steps ---------------------------------------------------------------------------------------

    def _message(self, turn: int) -> Awaitable[Answer[Spoken]]:
        case = self.case
        if case.replayed:
            return _said(case.replayed[turn - 1])
        begins = case.second_at if case.second_at and turn >= case.second_at else 1
        own = self._chat()[2 * (begins - 1) :]
        persona, at = case.user(turn), f"{case.seed}/{case.persona.id}/{begins}"
        brief = brief_of(persona, own, self.style, at, case.topics)
        ctx = replace(self.ctx, brief=self._kept_open(brief, turn), memory=self._memory(begins))
        speak = self.ctx.act("user/speak", user.speak)
        site = self._site(_place(turn), ahead=2, turn=turn)
        return speak(ctx, persona, own, turn - begins + 1, case.turns - begins + 1, site)

    def _kept_open(self, brief: Brief, turn: int) -> Brief:
        """``brief`` of a user who does not leave, and from ``test_from`` on lets nothing new show."""
        brief = replace(brief, aim="ask") if brief.aim == "close" else brief
        if not self.case.test_from or turn < self.case.test_from:
            return brief
        return replace(brief, facts=(), traits=(), show=False)

    def _memory(self, begins: int) -> Memory:
        """What the user remembers of the conversation before the one that ``begins`` at this turn."""
        if begins == 1:
            return Memory()
        before = [message.content for message in self._chat()[: 2 * (begins - 1)] if message.role == "user"]
        revealed = (fact for fact in self.case.persona.facts if is_told(fact, before))
        return Memory(
            topics=(before[0],), inferences=tuple(Inference(fact=one, quote="", kind="profile") for one in revealed)
        )

    def _site(self, at: str, ahead: int, turn: int) -> CallSite:
        later = CALLS_A_TURN * (self.case.turns - turn)
        return CallSite(f"{self.case.id}/{at}", "", later + ahead)

    def _chat(self) -> list[Message]:
        return [Message(role=node.role, content=node.content) for node in self._nodes]

    def _until(self, at: str) -> list[Message]:
        """The messages of the conversation that the node ``at`` is in, up to it."""
        start = self.case.second_at if self.case.second_at and paths.turn(at) >= self.case.second_at else 1
        return self._chat()[2 * (start - 1) : at.count(".") + 1]

    async def _add(self, at: str, agent: str, awaited: Awaitable[Answer[Spoken]]) -> bool:
        """Adds a node for what ``agent`` says; False if the conversation ends here."""
        answer = await self._asked(at, SPEAKER, awaited, agent)
        if answer is None:
            if not self.failure:
                self.log.end_branch(at)
            return False
        if self.ctx.rehearsed:
            answer = replace(answer, value=replace(answer.value, text=answer.value.text or ".", ended=False))
        self.log.answers[at] = answer
        if self.log.lost(at):
            self.log.end_branch(at)
            return False
        role = "user" if agent == "user" else "assistant"
        self._nodes.append(Node(id=at, role=role, content=answer.value.text, agent=agent, call=answer.call))
        if self.log.left(at):
            self.log.end_branch(at)
            return False
        return True

    async def _asked(self, at: str, who: int, awaited: Awaitable[Answer[Any]], name: str) -> Answer[Any] | None:
        try:
            return await awaited
        except ReplyError as error:
            error.prompt = error.prompt or name
            self.log.unusable[at, who] = error
        except ServerError as error:
            self.failure = self.failure or FailedTree(at, error)
        return None

    # -- the result ------------------------------------------------------------------------------------------------

    def result(self) -> Result:
        """The lines of the finished conversation for the result files, or why it failed.

        It is barren if no reply has a rating because what the judge said could not be used.
        """
        answered = any(node.role == "assistant" for node in self._nodes)
        failure = self.failure or (None if answered else self.log.without_exchange())
        if failure:
            return self._failed(failure)
        ratings = sorted(self._ratings, key=lambda r: (paths.order(r.node), r.judge, r.rater, r.repeat))
        rejections = self.log.rejections(self.case.id)
        counts = {
            "conversations": 1,
            "answered": sum(node.role == "assistant" for node in self._nodes),
            "rated": len({rating.node for rating in ratings if rating.counts}),
            **self.log.counts(),
            **self.ctx.counts.by_name(),
        }
        lines = {TREES: self._tree().line() + b"\n", RATINGS: _lines(ratings), REJECTIONS: _lines(rejections)}
        if self.case.probes:
            lines[PROBES] = _lines(self._probing.rows())
        unusable = self.log.first_unusable()
        if not unusable or counts["rated"]:
            return Result(lines, counts)
        return Result(lines, counts, str(unusable[1]), kind=_kind(unusable[1]), barren=True)

    def _tree(self) -> ConversationTree:
        return ConversationTree(
            id=self.case.id,
            persona=self.case.persona,
            nodes=tuple(self._nodes),
            grow="best",
            changed=self.case.changed,
            style=self.style,
            models=dict(sorted(self.ctx.models.items())),
            prompts={name: prompt.hash for name, prompt in sorted(self.ctx.prompts.items())},
        )

    def _failed(self, failure: FailedTree) -> Result:
        row = rejection(f"{self.case.id}/{failure.place}", "failed", failure.cause)
        kept = {at: error for at, error in self.log.unusable.items() if error is not failure.cause}
        lines = {REJECTIONS: _lines([*replace(self.log, unusable=kept).rejections(self.case.id), row])}
        counts = {**self.log.counts(), **self.ctx.counts.by_name()}
        return Result(lines, counts, str(failure), kind=_kind(failure.cause), unanswered=failure.unanswered)


def _kind(error: PersonagenError) -> str:
    return f"{error.prompt} {error.cause}" if isinstance(error, ReplyError) and error.prompt else ""


def _place(turn: int) -> str:
    """The id of the user's node at ``turn``."""
    return ".".join("0" * (2 * turn - 1))


async def _said(text: str) -> Answer[Spoken]:
    return Answer(Spoken(text))


def _lines(records: Sequence[Any]) -> bytes:
    return b"".join(record.line() + b"\n" for record in records)
