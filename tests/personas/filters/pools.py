"""Small pools for the filters' tests."""

from __future__ import annotations

import numpy as np

from personagen.personas.filters import PoolView, Rules, candidate
from personagen.records import Description, content_id

FACTS = (
    "She is 34 years old",
    "She mends accordions in a cellar in Trieste",
    "She has two cats",
    "She swims in the harbour before breakfast",
    "Her brother drives a taxi in Graz",
    "She left school at sixteen",
    "She sings in a choir on Thursdays",
    "She is allergic to walnuts",
    "She saves for a boat",
)
PROFILE = ". ".join(FACTS) + "."
TRAITS = ("impatient", "generous", "blunt", "forgetful", "loyal", "curious", "anxious", "witty")
PERSONALITY = (
    "She is impatient with queues and generous with her time. Blunt and forgetful, she is nonetheless loyal to the few "
    "people she trusts. She is curious about strangers, anxious about letters, and witty whenever nobody expects it."
)


def described(text, items=(), kind="profile"):
    return Description(id=content_id(kind, text), kind=kind, text=text, items=tuple(items))


def profile(text=PROFILE, items=FACTS):
    return candidate(described(text, items))


def personality(text=PERSONALITY, items=TRAITS):
    return candidate(described(text, items, "personality"))


def vector(*values):
    found = np.array(values, np.float32)
    return found / np.linalg.norm(found)


def pool_of(*entries, rules=None, vectors=None):
    """A view of a pool that holds ``entries``, candidates without vectors."""
    view = PoolView(rules or Rules())
    for at, entry in enumerate(entries):
        row = vectors[at] if vectors is not None else vector(1.0, float(at))
        view = view.with_entry(candidate(entry.description, entry.place, row))
    return view
