"""Twins: a second conversation in which the reply that was rejected is the right one, and is seen to be.

Of a pair that is personal and knowable, the other person for whom the verdict flips talks about the same matter, shows
what decides it, and ends with the same question; the judge then compares the same two replies. So prompts alone tell a
learner which reply is right.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from personagen import tree as paths
from personagen.agents.ask import Answer
from personagen.agents.assistant import CANDIDATES
from personagen.agents.brief import Brief
from personagen.agents.replies import Spoken
from personagen.flows.conversation import Conversation
from personagen.flows.plan import EARLIEST_TWIN, Plan
from personagen.gates.grounds import REVEALED, coverage
from personagen.metrics.disclosure import stems
from personagen.pairs import pairs_of
from personagen.personas.lines import fact_lines, trait_lines
from personagen.records import ConversationTree, Judgment, Memory, Persona, PreferencePair, Twin
from personagen.runs.schedule import Step

SUFFIX = ".t"
COMES_LATER = "the matter behind a question that you will ask later: "
MIN_STEMS = 2  # words of the shared message that carry meaning
_QUESTION = re.compile(r"[^.!?\uff01\uff1f\u061f\u3002\u2026\n]+[?\uff1f\u061f]")


def is_twin(tree: str) -> bool:
    """Whether ``tree`` is the id of a twin."""
    return tree.endswith(SUFFIX)


class TwinConversation(Conversation):
    """The conversation of ``plan.twin``: one reply a turn, then the two replies of the original pair."""

    async def _speak(self, at: str) -> list[Step]:
        twin = self.plan.twin
        if twin is None or paths.turn(at) < self.plan.turns:
            self.log.unasked.add(paths.child(at, 1))
            return await super()._speak(at)
        said = [(at, "user", twin.message)]
        said += [(paths.child(at, slot), node.agent, node.content) for slot, node in enumerate(twin.replies)]
        for node, agent, text in said:
            await self._add(node, agent, _given(text))
        return [partial(self._observe, at)]

    async def _observe(self, message: str) -> list[Step]:
        """What the whole conversation reveals, then the verdicts; what its beginning reveals decides nothing."""
        if paths.turn(message) < self.plan.turns:
            return []
        return [*await super()._observe(message), *self._once_settled(message)]

    def _brief(self, at: str) -> Brief:
        """A brief to stay with the matter and to show what decides the verdict."""
        brief, twin = super()._brief(at), self.plan.twin
        if twin is None:
            return brief
        persona = self.plan.persona
        turn, last = paths.turn(at) - 1, self.plan.turns - 1
        facts = [line for line in fact_lines(persona) if line in twin.lines][turn::last][:2]
        traits = tuple(line for line in trait_lines(persona) if line in twin.lines)
        return replace(
            brief,
            aim="ask" if brief.aim in ("shift", "close") else brief.aim,
            mood="impatient" if brief.mood == "annoyed" else brief.mood,
            facts=tuple({"text": fact, "how": "stated"} for fact in facts) or brief.facts,
            topic=f"{COMES_LATER}{twin.message}" if brief.aim == "open" else "",
            traits=traits or brief.traits,
            show=bool(traits),
        )


async def _given(text: str) -> Answer[Spoken]:
    """A message that nobody is asked for."""
    return Answer(Spoken(text), "")


def twin_of(plan: Plan, tree: ConversationTree, *, rehearsed: bool = False) -> Plan | None:
    """The plan of a twin for one pair of ``tree``, or None if no pair can have one.

    Another person must be able to ask what the user asks; of several pairs, the one whose question says most is taken.
    An estimate (``rehearsed``) supposes a pair of the last turn, so that its bound holds.
    """
    if rehearsed:
        last = next((node.id for node in reversed(tree.nodes) if node.role == "user"), paths.ROOT)
        replies = tuple(node for node in tree.nodes if paths.parent(node.id) == last)[:2]
        twin = Twin(tree=tree.id, node=last, message=".", replies=replies)
        return answering(plan, plan.others[0], twin) if len(replies) > 1 and plan.others else None
    plans = filter(None, (_twin(plan, tree, pair) for pair in pairs_of(tree)[0]))
    return max(plans, key=lambda made: len(stems(made.twin.message)) if made.twin else 0, default=None)


def _twin(plan: Plan, tree: ConversationTree, pair: PreferencePair) -> Plan | None:
    if pair.turn < EARLIEST_TWIN or not (pair.personal and pair.knowable and pair.because):
        return None
    nodes, question = paths.by_id(tree), _question(tree, pair)
    replies = (nodes[pair.rejected_node], nodes[pair.chosen_node])
    for other in plan.others if question else ():
        verdict = next((made for made in tree.judgments if (made.node, made.persona) == (pair.node, other.id)), None)
        if verdict and verdict.because and _prefers(verdict, *(reply.id for reply in replies)):
            lines = verdict.because
            twin = Twin(tree=tree.id, node=pair.node, message=question, replies=replies, lines=lines)
            return answering(plan, other, twin)
    return None


def answering(plan: Plan, other: Persona, twin: Twin) -> Plan:
    """The plan of ``twin``, the twin of a tree of ``plan``, whose user is ``other``."""
    return replace(
        plan,
        id=f"{twin.tree}{SUFFIX}",
        persona=other,
        turns=paths.turn(twin.node),
        candidates=2,
        assistants=tuple(one for one in plan.assistants if not one.needs_observer)[:1] or (CANDIDATES["plain"],),
        grow="coin",
        keep="all",
        counterfactual=1,
        pool=(plan.persona,),
        session=0,
        memory=Memory(),
        changed="",
        twin=twin,
    )


def _prefers(verdict: Judgment, one: str, other: str) -> bool:
    return not verdict.tie and verdict.ranking.index(one) < verdict.ranking.index(other)


def _question(tree: ConversationTree, pair: PreferencePair) -> str:
    """A question in the user's last message that another person can ask: it stands alone and reveals nothing."""
    belief = next((one for one in tree.beliefs if one.node == pair.node), None)
    before = frozenset[str]().union(*(stems(one.content) for one in pair.prompt[:-1] if one.role == "assistant"))
    for question in map(str.strip, _QUESTION.findall(pair.prompt[-1].content)) if belief else ():
        own = stems(question)
        quoted = belief and any(one.quote in question or question in one.quote for one in belief.inferences)
        reveals = any(coverage(line, question) >= REVEALED for line in fact_lines(tree.persona))
        if len(own) >= MIN_STEMS and 2 * len(own & before) <= len(own) and not (quoted or reveals):
            return question
    return ""
