"""A run of several people who have nothing in common."""

from __future__ import annotations

from pathlib import Path

from personagen.records import Persona
from tests.cli.runs import simulated
from tests.trees import conversation

_LIVES = (
    ("Marta, 61, repairs church organs in Porto.", "blunt", "impatient"),
    ("Jonas drives a night bus through Leipzig and paints tin soldiers.", "shy", "exact"),
    ("Aiko studies squid at a marine station near Sendai.", "playful", "curious"),
    ("Femi runs a bakery with two cousins by the lagoon.", "generous", "loud"),
    ("Old Pekka keeps the lighthouse register and bees.", "stubborn", "dry"),
    ("Lucia coaches a girls' rugby team after her law lectures.", "ambitious", "warm"),
)


def people(folder: Path, count: int, turns: int = 4) -> Path:
    """A finished run folder with a conversation of ``turns`` turns, and as many pairs, for each of ``count`` people."""
    trees = []
    for number, (profile, *traits) in enumerate(_LIVES[:count], 1):
        persona = Persona(
            id=f"p{number}",
            profile=profile,
            personality=f"A {' and '.join(traits)} person, number {number}.",
            facts=(profile,),
            traits=tuple(traits),
        )
        tree = conversation(turns=turns, id=f"t{number}")
        trees.append(tree.model_copy(update={"persona": persona}))
    return simulated(folder, trees)
