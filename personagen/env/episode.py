"""One conversation of the environment: a persona speaks, somebody replies, the reply gets its reward."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypedDict, TypeVar, cast

from personagen.agents import observer
from personagen.agents.ask import AgentContext, CallSite
from personagen.agents.replies import Spoken, speech
from personagen.errors import ReplyError, UsageError
from personagen.flows.cases import Case
from personagen.flows.dialogue import Dialogue
from personagen.metrics.beliefs import Beliefs, lines_of
from personagen.ratings import Rating
from personagen.records import Message, Persona

T = TypeVar("T")
U = TypeVar("U")
COMPONENTS = ("judge", "belief", "final")
WORST, BEST = 1, 5  # scores of the judge
MIDDLE = 0.5  # the reward of a reply that the judge gave no usable score


class Info(TypedDict):
    """What a step says besides the reward.

    ``components`` are those of the reward before they are weighted. ``score``, from 1 to 5, ``criteria`` and ``reason``
    are the judge's, ``score`` None if it was not asked or gave none. ``learned`` are the persona's lines that the
    observer has learned so far. ``ended`` says why the conversation is over: ``turns``, ``left`` (the user stopped), or
    the gate that rejected the user's message; empty while it goes on. ``usage`` counts all calls of the environment.
    """

    persona: str
    turn: int
    components: dict[str, float]
    score: int | None
    criteria: dict[str, int]
    reason: str
    learned: list[str]
    ended: str
    usage: dict[str, float | None]


class Step(NamedTuple):
    """The user's next message, the reward of the reply, whether the conversation is over, and more about it.

    At the end the message is empty, or what the user said to take leave.
    """

    message: str
    reward: float
    done: bool
    info: Info


class Episode:
    """A conversation with one persona; made by ``Environment.reset``.

    Components of the reward of the reply at turn k, each asked for only if its weight is not 0:

    ``judge``: (score - 1) / 4, the judge's score from 1 to 5 of how well the reply fits this person (ALOE, arXiv
    2410.03642); 0.5 if it gave no usable one.

    ``belief``: what the observer learns from the user's message k + 1, which the reply drew out, by
    ``metrics.beliefs.Beliefs.gain``: (lines of the persona newly learned - newly inferred falsehoods) / lines of the
    persona. What the user's first message says is known before and pays nothing; nor does the last reply, which has no
    answer. The sum over a conversation depends only on what was inferred by its end, so that a policy can't gain by
    learning in another order (potential-based shaping, Ng et al. 1999; curiosity about the user, arXiv 2504.03206).

    ``final``: 0 until the conversation is over, then the mean of ``judge`` over its turns.
    """

    def __init__(
        self, ctx: AgentContext, case: Case, weights: Mapping[str, float], usage: Callable[[], dict[str, float | None]]
    ) -> None:
        self.persona: Persona = case.persona
        self.turn = 0
        self.done = False
        self._dialogue = Dialogue(ctx, case)
        self._ctx, self._case, self._weights, self._usage = ctx, case, weights, usage
        self._beliefs = Beliefs(lines_of(case.persona))
        self._judged: list[float] = []
        self._stepping = False

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation so far."""
        return self._dialogue.messages

    @property
    def reply(self) -> str:
        """The last reply as the user saw it: without reasoning; empty before the first."""
        replies = [message.content for message in self.messages if message.role == "assistant"]
        return replies[-1] if replies else ""

    async def begin(self) -> str:
        """The user's first message.

        Raises:
            ReplyError: no usable first message came.
            PersonagenError: a call failed for good, or the budget is spent.
        """
        message, goes_on = await self._dialogue.asks(1)
        if not goes_on:
            raise ReplyError(f"the user {self.persona.id} began no conversation: {self._dialogue.ended}")
        if self._weights["belief"]:
            await self._learn()
        self.turn = 1
        return message

    async def step(self, reply: str) -> Step:
        """Answers ``reply``: judge and user are asked at the same time, then the observer.

        Raises:
            UsageError: the conversation is over, or has not begun, or the reply is empty (without its reasoning).
            PersonagenError: a call failed for good, or the budget is spent; then the conversation is over.
        """
        if self._stepping:
            raise UsageError("a step of this conversation is being taken: await it first")
        spoken = _spoken(reply, self)
        self._stepping = self.done = True
        try:
            return await self._step(spoken)
        finally:
            self._stepping = False

    async def _step(self, spoken: Spoken) -> Step:
        turn, dialogue = self.turn, self._dialogue
        dialogue.replied(turn, spoken)
        judging = bool(self._weights["judge"] or self._weights["final"])
        rated, (message, goes_on) = await _both(
            dialogue.rated(turn) if judging else _nothing(),
            dialogue.asks(turn + 1) if turn < self._case.turns else _silence(),
        )
        gain = await self._learn() if self._weights["belief"] and message else 0.0
        self.turn, self.done = turn + 1, not goes_on
        if judging:
            self._judged.append((rated.score - WORST) / (BEST - WORST) if rated else MIDDLE)
        final = math.fsum(self._judged) / len(self._judged) if self.done and self._judged else 0.0
        components = {"judge": self._judged[-1] if judging else 0.0, "belief": gain, "final": final}
        reward = math.fsum(self._weights[name] * value for name, value in components.items())
        return Step(message, reward, self.done, self._info(turn, components, rated))

    async def _learn(self) -> float:
        """The gain in belief by the last message of the user."""
        infer = self._ctx.act("observer/infer", observer.infer)
        try:
            answer = await infer(self._ctx, list(self.messages), CallSite(f"{self._case.id}/belief"))
        except ReplyError:
            return 0.0
        return self._beliefs.gain(inference.fact for inference in answer.value[0])

    def _info(self, turn: int, components: dict[str, float], rated: Rating | None) -> Info:
        ended = (self._dialogue.ended or "turns") if self.done else ""
        criteria = {name: getattr(rated, name) for name in ("style", "content", "quality")} if rated else {}
        return Info(
            persona=self.persona.id,
            turn=turn,
            components=components,
            score=rated.score if rated else None,
            criteria=criteria,
            reason=rated.reason if rated else "",
            learned=[line for line in self._beliefs.lines if line in self._beliefs.learned],
            ended=ended,
            usage=self._usage(),
        )


def _spoken(reply: str, episode: Episode) -> Spoken:
    if episode.done:
        raise UsageError("the conversation is over: call reset to begin another one")
    if not episode.turn:
        raise UsageError("the conversation has not begun: call reset first")
    try:
        return speech(reply, "assistant")
    except ReplyError as error:
        raise UsageError(f"the reply of turn {episode.turn} can't be used: {error}; give a text") from None


async def _both(rating: Awaitable[T], asking: Awaitable[U]) -> tuple[T, U]:
    """Both results; an error is raised once neither is in flight."""
    rated, asked = await asyncio.gather(rating, asking, return_exceptions=True)
    for found in (rated, asked):
        if isinstance(found, BaseException):
            raise found
    return cast("T", rated), cast("U", asked)


async def _nothing() -> None:
    return None


async def _silence() -> tuple[str, bool]:
    return "", False
