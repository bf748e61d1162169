"""Twins: a second conversation in which the reply that was rejected is the right one, and is seen to be.

Of a pair that is personal and knowable, the other person for whom the verdict flips talks about the same matter, shows
what decides it, and ends with the same message; the judge then compares the same two replies. So prompts alone tell a
learner which reply is right.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from personagen import tree as paths
from personagen.agents.ask import Answer
from personagen.agents.assistant import CANDIDATES
from personagen.agents.brief import Brief, brief_of
from personagen.agents.replies import Spoken
from personagen.flows.conversation import Conversation
from personagen.flows.growth import news
from personagen.flows.plan import EARLIEST_TWIN, Plan
from personagen.gates.grounds import REVEALED, coverage
from personagen.pairs import pairs_of
from personagen.personas.lines import fact_lines, trait_lines
from personagen.records import ConversationTree, Judgment, Memory, Persona, PreferencePair, Twin
from personagen.runs.schedule import Step

SUFFIX = ".t"


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
        return [partial(self._observe, at), *self._once_settled(at)]

    async def _observe(self, message: str) -> list[Step]:
        """What the whole conversation reveals; what its beginning does decides nothing."""
        return await super()._observe(message) if paths.turn(message) == self.plan.turns else []

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
            topic=twin.opening if brief.aim == "open" else "",
            traits=traits or brief.traits,
            show=bool(traits),
        )


async def _given(text: str) -> Answer[Spoken]:
    """A message that nobody is asked for."""
    return Answer(Spoken(text), "")


def twin_of(plan: Plan, tree: ConversationTree, *, rehearsed: bool = False) -> Plan | None:
    """The plan of a twin for one pair of ``tree``, or None if no pair can have one.

    The user's message must reveal nothing and open no matter, so that another person can say it; the shortest such one
    is taken. An estimate (``rehearsed``) supposes a pair of the last turn, so that its bound holds.
    """
    if rehearsed:
        last = next((node.id for node in reversed(tree.nodes) if node.role == "user"), paths.ROOT)
        replies = tuple(node for node in tree.nodes if paths.parent(node.id) == last)[:2]
        twin = Twin(tree=tree.id, node=last, opening=".", message=".", replies=replies)
        return answering(plan, plan.others[0], twin) if len(replies) > 1 and plan.others else None
    pairs = sorted(pairs_of(tree)[0], key=lambda pair: len(pair.prompt[-1].content))
    return next((made for pair in pairs if (made := _twin(plan, tree, pair))), None)


def _twin(plan: Plan, tree: ConversationTree, pair: PreferencePair) -> Plan | None:
    if (
        pair.turn < EARLIEST_TWIN
        or not (pair.personal and pair.knowable and pair.because)
        or not _is_neutral(tree, pair)
    ):
        return None
    nodes, opening = paths.by_id(tree), _opening(plan, tree, pair)
    replies = (nodes[pair.rejected_node], nodes[pair.chosen_node])
    for other in plan.others if opening else ():
        verdict = next((made for made in tree.judgments if (made.node, made.persona) == (pair.node, other.id)), None)
        if verdict and verdict.because and _prefers(verdict, *(reply.id for reply in replies)):
            lines, message = verdict.because, pair.prompt[-1].content
            twin = Twin(tree=tree.id, node=pair.node, opening=opening, message=message, replies=replies, lines=lines)
            return answering(plan, other, twin)
    return None


def _opening(plan: Plan, tree: ConversationTree, pair: PreferencePair) -> str:
    """The user's message that began the matter of ``pair``; empty if its own message does."""
    opening = ""
    for at in range(0, len(pair.prompt), 2):
        draws = f"{plan.seed}/{plan.id}"
        aim = brief_of(tree.persona, pair.prompt[:at], tree.style, draws, plan.topics).aim
        if aim in ("open", "shift"):
            opening = pair.prompt[at].content if at < len(pair.prompt) - 1 else ""
    return opening


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


def _is_neutral(tree: ConversationTree, pair: PreferencePair) -> bool:
    """Whether the user's last message reveals nothing of the persona."""
    belief = next((one for one in tree.beliefs if one.node == pair.node), None)
    if belief is None or news(belief.inferences, pair.prompt[:-1]):
        return False
    message = pair.prompt[-1].content
    return all(coverage(line, message) < REVEALED for line in fact_lines(tree.persona))
