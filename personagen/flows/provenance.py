"""Columns that say how a row came about, and about whom it is; each has the same fields in every row.

What varies from run to run, such as the names of prompts, is a list of pairs, so that a Parquet file has one schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from personagen.personas.lines import fact_lines, trait_lines
from personagen.records import ConversationTree, Persona, PreferencePair

Column: TypeAlias = dict[str, Any]
PROVENANCE, ABOUT = "provenance", "about"
# A value of each column, with no list empty: what a Parquet file declares.
LIKE: Mapping[str, Column] = {
    ABOUT: {
        "id": "p",
        "profile": "She is 61.",
        "personality": "She is blunt.",
        "facts": ["She is 61."],
        "traits": ["blunt"],
        "attributes": [{"name": "age", "value": "61"}],
    },
    PROVENANCE: {
        "version": "1.0",
        "run": "a",
        "tree": "p-0",
        "nodes": [{"chosen": "0.0", "rejected": "0.1"}],
        "models": [{"name": "judge", "model": "offline"}],
        "prompts": [{"name": "judge/prefer", "hash": "ab"}],
        "scores": [{"name": "leak", "value": 0.5}],
        "because": [{"kind": "fact", "line": 1, "text": ""}],
        "quotes": [{"kind": "profile", "quote": "I am 61"}],
    },
}


def about(persona: Persona) -> Column:
    """The persona: its texts, facts, traits and attributes, of which ages and other numbers are texts."""
    return {
        "id": persona.id,
        "profile": persona.profile,
        "personality": persona.personality,
        "facts": list(persona.facts),
        "traits": list(persona.traits),
        "attributes": _entries(persona.attributes, "value"),
    }


def provenance(tree: ConversationTree, pairs: Sequence[PreferencePair], version: str, *, with_persona: bool) -> Column:
    """How a row of ``pairs``, or of the whole ``tree``, was made by ``version``.

    ``because`` are the persona's lines that decided a pair, by kind and number; their ``text`` is empty unless
    ``with_persona``. ``quotes`` are the user's words that reveal something, up to the row's last message.
    """
    scores = [(name, value) for pair in pairs for name, value in pair.scores.items()]
    return {
        "version": version,
        "run": tree.run,
        "tree": tree.id,
        "nodes": [{"chosen": pair.chosen_node, "rejected": pair.rejected_node} for pair in pairs],
        "models": _entries(_joined(tree.models, [pair.models for pair in pairs]), "model"),
        "prompts": _entries(_joined(tree.prompts, [pair.prompts for pair in pairs]), "hash"),
        "scores": [{"name": name, "value": float(value)} for name, value in scores],
        "because": _because(tree.persona, pairs, with_persona=with_persona),
        "quotes": _quotes(tree, pairs),
    }


def _joined(tree: Mapping[str, str], pairs: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """What the pairs say, or the tree if there is no pair."""
    return {name: value for pair in pairs for name, value in pair.items()} or tree


def _entries(values: Mapping[str, object], what: str) -> list[dict[str, str]]:
    return [{"name": name, what: str(value)} for name, value in values.items()]


def _because(persona: Persona, pairs: Sequence[PreferencePair], *, with_persona: bool) -> list[Column]:
    numbers = {text: ("trait", at) for at, text in enumerate(trait_lines(persona), 1)}
    numbers |= {text: ("fact", at) for at, text in enumerate(fact_lines(persona), 1)}
    found = []
    for text in dict.fromkeys(line for pair in pairs for line in pair.because):
        kind, number = numbers.get(text, ("other", 0))
        found.append({"kind": kind, "line": number, "text": text if with_persona else ""})
    return found


def _quotes(tree: ConversationTree, pairs: Sequence[PreferencePair]) -> list[Column]:
    nodes = {pair.node for pair in pairs} or {belief.node for belief in tree.beliefs}
    found = [(one.kind, one.quote) for belief in tree.beliefs if belief.node in nodes for one in belief.inferences]
    return [{"kind": kind, "quote": quote} for kind, quote in dict.fromkeys(found)]
