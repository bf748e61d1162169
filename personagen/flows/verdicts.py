"""The judge's verdicts on the replies of one tree, by user message and by the order in which the replies were shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from personagen import tree
from personagen.agents import judge
from personagen.agents.ask import AgentContext, Answer, CallSite
from personagen.agents.reception import Reception
from personagen.errors import ConfigError
from personagen.flows.plan import Plan
from personagen.pairs import comparisons, first_reason
from personagen.personas.lines import lines as lines_of
from personagen.records import Judgment, Message, Node, Persona

ORDERS = 2  # of the user's own verdicts


@dataclass
class Verdicts:
    """The verdicts so far; one that could not be used is None."""

    ctx: AgentContext
    plan: Plan
    by_message: dict[str, dict[int, Judgment | None]] = field(default_factory=dict)

    @property
    def others(self) -> range:
        """The verdicts that tell a preference other than the user's: of other personas, and last of nobody."""
        return range(ORDERS, ORDERS + len(self.plan.others) + 1) if self.plan.counterfactual else range(0)

    async def ask(
        self, which: int, conversation: Sequence[Message], nodes: Sequence[Node], site: CallSite
    ) -> Answer[Judgment]:
        """The verdict ``which`` on ``nodes``: the user's own on them as they are (0), or reversed (1), or ``others``.

        Each of the others sees one order, which is drawn.
        """
        persona, turned = self.plan.persona, bool(which)
        if which >= ORDERS:
            persona = (*self.plan.others, judge.NOBODY)[which - ORDERS]
            site = replace(site, option=site.option or "--counterfactual")
            turned = Random(f"{self.plan.seed}/{self.plan.id}/{nodes[0].id}/{persona.id}").random() < 1 / ORDERS
        shown = list(nodes[::-1] if turned else nodes)
        prefer = self.ctx.act("judge/prefer", judge.prefer)
        answer = await prefer(self.ctx, persona, conversation, [node.content for node in shown], site)
        made = _judgment([node.id for node in shown], persona, answer)
        return Answer(made.model_copy(update={"persona": persona.id}) if which >= ORDERS else made, answer.call)

    def add(self, message: str, which: int, verdict: Judgment | None) -> None:
        """Keeps the verdict about the replies to ``message``."""
        self.by_message.setdefault(message, {})[which] = verdict

    def about(self, message: str) -> list[Judgment | None]:
        """The user's own verdicts about the replies to ``message`` so far, in the order shown."""
        made = self.by_message.get(message, {})
        return [made[which] for which in range(ORDERS) if which in made]

    def are_complete(self, message: str) -> bool:
        """Whether both orders are judged."""
        return len(self.about(message)) == ORDERS

    def reception(self, reply: str | None) -> Reception | None:
        """How ``reply`` served the user: ``good`` or ``poor`` if all own verdicts rank it first or last, else None."""
        verdicts = self.about(tree.parent(reply) or "") if reply else []
        if not verdicts or not all(verdict and not verdict.tie for verdict in verdicts):
            return None
        rankings = [verdict.ranking for verdict in verdicts if verdict]
        if all(ranking[0] == reply for ranking in rankings):
            return "good"
        return "poor" if all(ranking[-1] == reply for ranking in rankings) else None

    def make_pair(self, message: str, texts: Mapping[str, str], before: Sequence[Message]) -> bool:
        """Whether two of the replies ``texts`` to ``message``, by node id, make a pair, as an estimate supposes.

        What the observer found may not be there yet, so the gates that need it do not count.
        """
        own = [made for made in self.about(message) if made]
        cases = comparisons(texts, own, before=before, persona=self.plan.persona)
        return self.ctx.rehearsed or not all(map(first_reason, cases))

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
