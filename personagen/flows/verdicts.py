"""The judge's verdicts on the replies of one tree, by user message and by the order in which the replies were shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from personagen import tree
from personagen.agents import judge
from personagen.agents.ask import AgentContext, Answer, CallSite
from personagen.errors import ConfigError
from personagen.flows.plan import Plan
from personagen.personas.lines import lines as lines_of
from personagen.records import Judgment, Message, Node, Persona

ORDERS = 2


@dataclass
class Verdicts:
    """The verdicts so far; one that could not be used is None."""

    ctx: AgentContext
    plan: Plan
    by_message: dict[str, dict[int, Judgment | None]] = field(default_factory=dict)

    async def ask(
        self, which: int, conversation: Sequence[Message], nodes: Sequence[Node], site: CallSite
    ) -> Answer[Judgment]:
        """The user's own verdict on ``nodes``, shown in the order ``which``: 0 as they are, 1 reversed."""
        shown = list(nodes[::-1] if which else nodes)
        prefer = self.ctx.act("judge/prefer", judge.prefer)
        answer = await prefer(self.ctx, self.plan.persona, conversation, [node.content for node in shown], site)
        return Answer(_judgment([node.id for node in shown], self.plan.persona, answer), answer.call)

    def add(self, message: str, which: int, verdict: Judgment | None) -> None:
        """Keeps the verdict about the replies to ``message``."""
        self.by_message.setdefault(message, {})[which] = verdict

    def about(self, message: str) -> list[Judgment | None]:
        """The verdicts about the replies to ``message`` so far."""
        return [*self.by_message.get(message, {}).values()]

    def are_complete(self, message: str) -> bool:
        """Whether both orders are judged."""
        return len(self.about(message)) == ORDERS

    def all(self) -> tuple[Judgment, ...]:
        """All usable verdicts, in path order."""
        places = sorted(self.by_message, key=tree.order)
        return tuple(made for place in places for _, made in sorted(self.by_message[place].items()) if made)


def _judgment(order: Sequence[str], persona: Persona, verdict: Answer[judge.Ranking]) -> Judgment:
    said, shown = verdict.value, dict(zip(judge.LABELS, order, strict=False))
    if sorted(said.ranking) != sorted(shown):  # only a custom judge can do this
        raise ConfigError(f"the judge ranked {', '.join(said.ranking)}, not {', '.join(shown)}")
    lines = lines_of(persona)
    grounds = [number for number in said.because or () if 1 <= number <= len(lines)]
    return Judgment(
        node=tree.parent(order[0]) or "",
        order=tuple(order),
        ranking=tuple(shown[label] for label in said.ranking),
        tie=said.tie,
        reason=said.reason,
        scores=said.scores if len(said.scores) == len(order) else (),
        confidence=said.confidence,
        because=tuple(lines[number - 1] for number in grounds),
        lines=0 if said.because is None else len(lines),
        call=verdict.call,
    )
