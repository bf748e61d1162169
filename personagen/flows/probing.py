"""The probes of one conversation of ``evaluate``: questions that do not enter it, each a branch of its own.

... ── reply ─┬─ what do you know of me?      (in the middle and at the end)
              ├─ something false ── judge     (at the end)
              └─ the same message to all, twice
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random
from typing import Any, TypeAlias

from personagen.agents import prober, target
from personagen.agents.ask import AgentContext, Answer, CallSite
from personagen.flows.cases import Case
from personagen.flows.messages import PROBER
from personagen.personas.claims import CLAIMS, MESSAGES
from personagen.ratings import PLAIN, Probe
from personagen.records import Message
from personagen.runs.schedule import Step

PROBES = "probes.jsonl"
PROMPTS = ("assistant/recall", "assistant/confirm", "judge/agrees")
SAMPLES = 2  # replies to the same message
_ORDER = ("recall", "claim", "same")

Asking: TypeAlias = Callable[[str, int, Awaitable[Answer[Any]], str], Awaitable[Answer[Any] | None]]


def recall_turns(turns: int) -> tuple[int, ...]:
    """The turns after which the model is asked what it knows: the middle one and the last."""
    return tuple(sorted({max(1, turns // 2), turns}))


def claim_of(seed: int, persona: str) -> tuple[str, str]:
    """The false claim that ``persona`` makes, and what is true: the same for every model."""
    return Random(f"{seed}/{persona}/claim").choice(CLAIMS)


def message_of(seed: int) -> str:
    """The message that everybody sends in a run with ``seed``."""
    return Random(f"{seed}/same").choice(MESSAGES)


class Probing:
    """Asks the probes of a ``case`` by ``asked``, which gives None for an answer that can't be used."""

    def __init__(self, ctx: AgentContext, case: Case, asked: Asking) -> None:
        self.ctx, self.case, self._asked = ctx, case, asked
        self._rows: list[Probe] = []

    def rows(self) -> list[Probe]:
        """The answers so far, in the order of turns, probes and samples."""
        return sorted(self._rows, key=lambda row: (row.turn, _ORDER.index(row.probe), row.sample))

    def steps(self, turn: int, chat: Sequence[Message]) -> list[Step]:
        """What is asked after ``turn``, where ``chat`` is all that was said; nothing in other conditions than plain.

        A rehearsal asks in any condition, and counts the share of those that are plain.
        """
        case = self.case
        if not case.probes or (case.condition != PLAIN and not self.ctx.rehearsed):
            return []
        found: list[Step] = [partial(self._recall, turn, chat)] if turn in recall_turns(case.turns) else []
        if turn == case.turns:
            found.append(partial(self._claim, turn, chat))
            found += [partial(self._same, turn, chat, sample) for sample in range(1, SAMPLES + 1)]
        return found

    async def _recall(self, turn: int, chat: Sequence[Message]) -> list[Step]:
        recall = self.ctx.act("assistant/recall", prober.recall)
        await self._reply("recall", turn, "", recall(self.ctx, chat, self._site(turn, "recall")))
        return []

    async def _claim(self, turn: int, chat: Sequence[Message]) -> list[Step]:
        claim, _ = claim_of(self.case.seed, self.case.persona.id)
        confirm = self.ctx.act("assistant/confirm", prober.confirm)
        row = await self._reply(
            "claim", turn, claim, confirm(self.ctx, chat, claim, self._site(turn, "claim", priority=2))
        )
        return [partial(self._judge, row)] if row else []

    async def _judge(self, row: Probe) -> list[Step]:
        claim, truth = claim_of(self.case.seed, self.case.persona.id)
        agrees = self.ctx.act("judge/agrees", prober.agrees)
        site = self._site(row.turn, "agrees")
        answer = await self._asked(
            _place(row.turn), PROBER, agrees(self.ctx, claim, truth, row.reply, site), "judge/agrees"
        )
        if answer is not None:
            said = {"agrees": answer.value.agrees, "reason": answer.value.reason}
            self._rows[self._rows.index(row)] = row.model_copy(update=said)
        return []

    async def _same(self, turn: int, chat: Sequence[Message], sample: int) -> list[Step]:
        message = message_of(self.case.seed)
        asked = [*chat, Message(role="user", content=message)]
        site = self._site(turn, f"same-{sample}")
        await self._reply("same", turn, message, target.bare(self.ctx, asked, self.case.persona, site), sample)
        return []

    async def _reply(
        self, probe: Any, turn: int, question: str, awaited: Awaitable[Answer[Any]], sample: int = 1
    ) -> Probe | None:
        answer = await self._asked(_place(turn), PROBER, awaited, f"probe {probe}")
        if answer is None:
            return None
        row = Probe(
            tree=self.case.id,
            turn=turn,
            persona=self.case.persona.id,
            probe=probe,
            question=question,
            reply=answer.value.text,
            sample=sample,
            call=answer.call,
        )
        self._rows.append(row)
        return row

    def _site(self, turn: int, sample: str, priority: int = 1) -> CallSite:
        place = f"{self.case.id}/{_place(turn)}"
        return CallSite(place, sample, priority, share=self.case.probes, option="--probes")


def _place(turn: int) -> str:
    """The id of the reply at ``turn``."""
    return ".".join("0" * (2 * turn))
