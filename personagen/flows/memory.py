"""What one conversation of a persona leaves for the next one, made by code; and how a persona changes in between."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from textwrap import shorten

from personagen import tree as paths
from personagen.personas.traits import canonical
from personagen.records import ConversationTree, Inference, Memory, Persona
from personagen.trajectories import scores_of, value

TOPIC_CHARACTERS = 120


def known(memory: Memory, found: Sequence[Inference], retracts: Sequence[str] = ()) -> tuple[Inference, ...]:
    """What is known of the user: what is remembered and not taken back, then what this conversation revealed."""
    gone = {_plain(fact) for fact in (*(inference.fact for inference in found), *retracts)}
    return (*(one for one in memory.inferences if _plain(one.fact) not in gone), *found)


def _plain(fact: str) -> str:
    return " ".join(fact.split()).rstrip(".").casefold()


def memory_after(tree: ConversationTree) -> Memory:
    """The memory after ``tree``: one topic more, and all that is known at the end of its main branch.

    The topic is how the user began. The main branch is the one that goes furthest, and the most valuable of several.
    """
    scores = scores_of(tree.judgments)
    answered = {paths.parent(node.id) or "" for node in tree.nodes if node.role == "assistant"}
    last = max(map(paths.turn, answered))
    ends = sorted((at for at in answered if paths.turn(at) == last), key=paths.order)
    end = max(ends, key=lambda at: value(scores, _upward(at)))
    beliefs = {belief.node: belief for belief in tree.beliefs}
    observed = [at for at in (end, *_upward(end)) if at in beliefs]
    inferences = beliefs[observed[0]].inferences if observed else tree.memory.inferences
    topic = shorten(paths.by_id(tree)[paths.ROOT].content, TOPIC_CHARACTERS, placeholder="...")
    return Memory(topics=(*tree.memory.topics, topic), inferences=inferences)


def _upward(place: str) -> list[str]:
    """The places above ``place``, nearest first."""
    above = paths.parent(place)
    return [above, *_upward(above)] if above else []


def changed(persona: Persona, others: Sequence[Persona], place: str) -> tuple[Persona, str]:
    """``persona`` with one of its traits exchanged for one that ``others`` have, drawn by ``place``, and what changed.

    The same persona and an empty text if it has no traits, or others have none that it lacks.
    """
    own = set(map(canonical, persona.traits))
    new = sorted({trait for other in others for trait in other.traits if canonical(trait) not in own})
    if not own or not new:
        return persona, ""
    rng = Random(f"{place}/change")
    at, trait = rng.randrange(len(persona.traits)), rng.choice(new)
    old = persona.traits[at]
    traits = (*persona.traits[:at], trait, *persona.traits[at + 1 :])
    personality = f"{persona.personality} Lately no longer {old}, but {trait}.".strip()
    return persona.model_copy(update={"personality": personality, "traits": traits}), f"{old} -> {trait}"
