"""Checks that the personas of an evaluation are not those that a model was trained on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from personagen.errors import UsageError
from personagen.personas.near import RULES, trait_list, wording
from personagen.personas.seeds import load_personas
from personagen.records import ConversationTree, Persona
from personagen.store.files import read_records, read_state

_SHOWN = 60  # characters of a text in an error
Set = Collection[int | str]


def check_apart(personas: Sequence[Persona], run: Path) -> str:
    """How near the nearest persona of the training ``run`` is, as a note; a run of ``simulate`` or of ``expand``.

    Raises:
        UsageError: one of ``personas`` has the traits of one of the run, or a profile that its filters would call a
            duplicate.
    """
    trained = _trained(run)
    if not trained:
        raise UsageError(f"--against {run} has no persona yet: finish that run, or name another one")
    profiles = {one.profile: frozenset(wording(one.profile)) for one in trained}
    traits = {trait_list(one.traits, one.personality): one.personality for one in trained}
    nearest, at = 0.0, ""
    for persona in {one.profile: one for one in personas}.values():
        like, text = _nearest(frozenset(wording(persona.profile)), profiles)
        if like >= RULES.duplicate:
            raise _overlaps(
                run, "profile", persona, f"like {text[:_SHOWN]!r}, {like:.2f} of its words", RULES.duplicate
            )
        nearest, at = max((nearest, at), (like, persona.id))
    shared = 0.0
    for persona in {one.personality: one for one in personas}.values():
        own = trait_list(persona.traits, persona.personality)
        if own and own in traits:
            raise _overlaps(run, "trait list", persona, f"the same: {', '.join(sorted(own))}"[: 2 * _SHOWN], 1.0)
        shared = max(shared, max((_jaccard(own, other) for other in traits), default=0.0))
    return (
        f"--against {run}: no trait list in common, the nearest shares {shared:.0%} of its traits; the nearest profile"
        f" shares {nearest:.0%} of its wording (persona {at})"
    )


def _trained(run: Path) -> Sequence[Persona]:
    """The distinct personas of a run."""
    if read_state(run).get("command") == "expand":
        return load_personas(str(run))[0]
    return list(
        {tree.persona.id: tree.persona for tree in read_records(run / "trees.jsonl", ConversationTree)}.values()
    )


def _nearest(own: Set, others: dict[str, frozenset[int]]) -> tuple[float, str]:
    return max(((_jaccard(own, other), text) for text, other in others.items()), default=(0.0, ""))


def _jaccard(one: Set, other: Set) -> float:
    both = len(frozenset(one) & frozenset(other))
    return both / ((len(one) + len(other) - both) or 1)


def _overlaps(run: Path, what: str, persona: Persona, how: str, threshold: float) -> UsageError:
    return UsageError(
        f"--against {run}: the {what} of persona {persona.id} is in the training run ({how}; the limit is"
        f" {threshold:.2f}): choose other --personas, or train on others"
    )
