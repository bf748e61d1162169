"""The checks of a sample of user messages: consistency with the persona, and verdicts that are asked for again.

Nothing waits for them: a message that turns out to contradict the persona makes no pairs, nor do those after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from personagen import tree
from personagen.agents import checker
from personagen.agents.ask import AgentContext, Answer, CallSite
from personagen.errors import ConfigError
from personagen.flows.messages import AGAIN, CHECKER, SECOND
from personagen.flows.plan import Plan
from personagen.personas.lines import lines
from personagen.records import Check, Judgment, Message

ROLE = "checker"


@dataclass
class Checks:
    """The findings so far by user message, and the repeated verdicts by message and by who was asked."""

    ctx: AgentContext
    plan: Plan
    findings: dict[str, Check] = field(default_factory=dict)
    verdicts: dict[tuple[str, int], Judgment] = field(default_factory=dict)

    def drawn(self, message: str) -> bool:
        """Whether ``message`` is in the sample; for an estimate each is, with its share (``site``)."""
        rate = self.plan.check_rate
        return rate > 0 and (
            self.ctx.rehearsed or Random(f"{self.plan.seed}/{self.plan.id}/{message}/check").random() < rate
        )

    def again(self, message: str) -> list[int]:
        """Who is asked again for the first verdict on the replies to ``message``: the judge, and another model."""
        if not self.drawn(message):
            return []
        models = self.ctx.models
        other = "judge/prefer" not in self.ctx.acts and models.get(ROLE) != models.get("judge")
        return [AGAIN, SECOND] if other else [AGAIN]

    def add(self, message: str, who: int, found: Check | Judgment) -> None:
        """Keeps what ``who`` found about ``message``."""
        if isinstance(found, Check):
            self.findings[message] = found
        else:
            self.verdicts[message, who] = found

    def site(self, site: CallSite, who: int = CHECKER) -> CallSite:
        """``site`` for a check, or for ``who`` is asked again: another sample, or another role's model."""
        sample = f"{site.sample}.again" if who == AGAIN else site.sample
        share, option = site.share * self.plan.check_rate, site.option or "--check-rate"
        return replace(site, sample=sample, role=ROLE if who == SECOND else "", share=share, option=option)

    async def ask(self, message: str, conversation: tuple[Message, ...], site: CallSite) -> Answer[Check]:
        """Which lines of the persona ``message``, the last of ``conversation``, contradicts."""
        consistent = self.ctx.act("checker/consistent", checker.consistent)
        answer = await consistent(self.ctx, self.plan.persona, conversation, site)
        known = lines(self.plan.persona)
        if any(not 1 <= number <= len(known) for number in answer.value.contradicted):  # only a custom checker can
            raise ConfigError(f"the checker names a line that the persona has not: it has {len(known)} lines")
        contradicted = tuple(known[number - 1] for number in answer.value.contradicted)
        return Answer(Check(node=message, contradicted=contradicted, reason=answer.value.reason, call=answer.call))

    def fields(self) -> dict[str, Any]:
        """The fields of a tree: its ``checks``, ``repeated`` and ``seconded`` verdicts, in path order."""
        places = sorted(self.verdicts, key=lambda place: tree.order(place[0]))
        return {
            "checks": tuple(self.findings[at] for at in sorted(self.findings, key=tree.order)),
            "repeated": tuple(self.verdicts[place] for place in places if place[1] == AGAIN),
            "seconded": tuple(self.verdicts[place] for place in places if place[1] == SECOND),
        }
