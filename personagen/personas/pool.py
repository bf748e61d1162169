"""Growing a pool: draw examples, screen and admit candidates, combine the two pools into personas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from heapq import heappop, heappush
from random import Random
from typing import TypeAlias

import numpy as np

from personagen.options.language import ANY
from personagen.personas.english.text import attributes_of, facts_of
from personagen.personas.filters import Candidate, Filter, PoolView, Rules
from personagen.personas.filters.nearest import FloatArray
from personagen.personas.pronouns import pronoun_in
from personagen.personas.traits import canonical, contradicted, traits_of
from personagen.records import Description, Persona, Rejection, content_id

MAX_PASSED_OVER = 100  # personalities that a profile contradicts, before one of them is taken
# A personality in a heap: number of uses, a random number, its index.
_Use: TypeAlias = tuple[int, float, int]


@dataclass(frozen=True)
class Admission:
    """The result of a round: the grown pool, the ``admitted``, and a rejection for every other candidate."""

    view: PoolView
    admitted: tuple[Description, ...]
    rejections: tuple[Rejection, ...]


def start(seeds: Sequence[Description], vectors: FloatArray | None, rules: Rules) -> PoolView:
    """The pool of the ``seeds``, unfiltered; ``vectors`` (n, d) are their embeddings, of unit length.

    A pool that will not grow needs no vectors.
    """
    return PoolView.of(seeds, np.zeros((len(seeds), 0), np.float32) if vectors is None else vectors, rules)


def draw(view: PoolView | Sequence[Description], seed: int, place: str, count: int = 5) -> list[Description]:
    """``count`` different entries of the pool, or all of a smaller one, in random order (ALOE draws 5 a call)."""
    rows = Random(f"{seed}/{place}").sample(range(len(view)), min(count, len(view)))
    return [view[row] for row in rows]


def screen(
    candidates: Sequence[Candidate], view: PoolView, filters: Mapping[str, Filter]
) -> tuple[list[Candidate], list[Rejection]]:
    """The ``candidates`` that pass ``filters`` (``SCREENS``), and the rejections; they need no vectors yet."""
    judged = [(new, _judged(new, view, filters)) for new in candidates]
    passed = [new for new, rejection in judged if rejection is None]
    return passed, [rejection for _, rejection in judged if rejection is not None]


def admit(candidates: Sequence[Candidate], view: PoolView, filters: Mapping[str, Filter]) -> Admission:
    """Admits the ``candidates`` (all with vectors) that pass ``filters`` to ``view``, in slot order."""
    if candidates:
        # The whole round is searched in one product, later each candidate among those admitted before it.
        found = view.search(np.stack([new.embedding for new in candidates]))
        candidates = [replace(new, known=near) for new, near in zip(candidates, found, strict=True)]
    admitted, rejections = [], []
    for new in candidates:
        rejection = _judged(new, view, filters)
        if rejection is None:
            view = view.with_entry(new)
            admitted.append(new.description)
        else:
            rejections.append(rejection)
    return Admission(view, tuple(admitted), tuple(rejections))


def _judged(new: Candidate, view: PoolView, filters: Mapping[str, Filter]) -> Rejection | None:
    """The first rejection, or None."""
    for name, ask in filters.items():
        verdict = ask(new, view)
        if verdict is not None:
            return Rejection(place=new.place, gate=name, text=new.description.text, **asdict(verdict))
    return None


def combine(
    profiles: Sequence[Description],
    personalities: Sequence[Description],
    *,
    per_profile: int,
    seed: int,
    language: str = "en",
    most: int | None = None,
    open_to: Callable[[int], int] | None = None,
) -> list[Persona]:
    """Personas in the order of ``profiles``, each with up to ``per_profile`` different personalities that fit it.

    A personality fits a profile with the same pronoun, and a text without a pronoun fits any. A profile gets the least
    used ones, so those of one pronoun are used about equally often, and ``most`` times at most; ``seed`` breaks ties.
    One that the profile contradicts, as far as English words show it, is taken only if no other is left. Entries with
    equal text count once. ``language`` is the code of the texts' language.

    Without ``open_to`` every profile can get every personality. With it, profile number n (from 0) chooses from the
    first ``open_to(n)``, so that the personas of a pool that grows later begin with those of the smaller pool.
    """
    random = Random(f"{seed}/combine")
    profiles, personalities = _distinct(profiles), _distinct(personalities)
    traits = [frozenset(map(canonical, _traits(one))) if language == "en" else frozenset() for one in personalities]
    heaps: dict[str | None, list[_Use]] = {}
    added = 0
    personas = []
    for number, profile in enumerate(profiles):
        for personality in personalities[added : open_to(number) if open_to else None]:
            heap = heaps.setdefault(pronoun_in(personality.text, language), [])
            heappush(heap, (0, random.random(), added))
            added += 1
        pronoun = pronoun_in(profile.text, language)
        fitting = [heap for of, heap in heaps.items() if of == pronoun or None in (of, pronoun)]
        denied = contradicted(profile.text) if language == "en" else frozenset()
        taken, passed_over = _least_used(fitting, per_profile, denied, traits)
        for heap, (uses, _, at) in taken:
            personas.append(_persona(profile, personalities[at], language))
            if most is None or uses + 1 < most:
                heappush(heap, (uses + 1, random.random(), at))
        for heap, entry in passed_over:
            heappush(heap, entry)
    return personas


def _least_used(
    heaps: Sequence[list[_Use]], count: int, denied: frozenset[str], traits: Sequence[frozenset[str]]
) -> tuple[list[tuple[list[_Use], _Use]], list[tuple[list[_Use], _Use]]]:
    """The ``count`` least used personalities without a ``denied`` trait, then with one, and those passed over."""
    taken: list[tuple[list[_Use], _Use]] = []
    passed_over: list[tuple[list[_Use], _Use]] = []
    while len(taken) < count and any(heaps) and len(passed_over) < MAX_PASSED_OVER:
        heap = min(filter(None, heaps))  # its least used personality is the least used of all that fit
        entry = heappop(heap)
        (taken if denied.isdisjoint(traits[entry[2]]) else passed_over).append((heap, entry))
    missing = max(0, count - len(taken))
    return taken + passed_over[:missing], passed_over[missing:]


def unpaired(
    profiles: Sequence[Description], personas: Sequence[Persona], per_profile: int, language: str = "en"
) -> list[str]:
    """A note for the user if profiles have fewer than ``per_profile`` of the ``personas``."""
    made = Counter(persona.profile for persona in personas)
    short = [profile for profile in profiles if made[profile.text] < per_profile]
    if not short:
        return []
    counts = Counter(pronoun_in(profile.text, language) or "no pronoun" for profile in short)
    pronouns = ", ".join(f"{count} {pronoun}" for pronoun, count in counts.most_common())
    return [
        f"{len(short)} of {len(profiles)} profiles ({pronouns}) have fewer personas than --per-profile {per_profile}, "
        f"{sum(not made[profile.text] for profile in short)} of them none: too few personalities use the same pronoun; "
        f"raise --personalities or add seeds"
    ]


def _distinct(entries: Sequence[Description]) -> list[Description]:
    first: dict[str, Description] = {}
    for entry in entries:
        first.setdefault(entry.text, entry)
    return list(first.values())


def _persona(profile: Description, personality: Description, language: str) -> Persona:
    hashes = dict.fromkeys(h for h in (profile.prompt_hash, personality.prompt_hash) if h)
    return Persona(
        id=content_id(profile.text, personality.text),
        profile=profile.text,
        personality=personality.text,
        facts=profile.items or facts_of(profile.text),
        traits=_traits(personality),
        attributes=_attributes(profile, language),
        origin={"profile": profile.origin, "personality": personality.origin},
        prompt_hash="+".join(hashes),
        drawn=profile.drawn | personality.drawn,
    )


def _traits(personality: Description) -> tuple[str, ...]:
    return personality.items or traits_of(personality.text)


def _attributes(profile: Description, language: str) -> dict[str, str | int]:
    """The age and gender that a profile states, in another language than English the gender alone, and its own."""
    if language not in ("en", ANY):
        pronoun = pronoun_in(profile.text, language)
        gender: dict[str, str | int] = {"gender": "female" if pronoun == "she" else "male"} if pronoun else {}
        return gender | profile.attributes
    found = attributes_of(profile.text)
    if not all(item in profile.text for item in profile.items):
        # A listed fact ("She is 60") may be plainer than the text ("sixty candles last May").
        found |= attributes_of(". ".join(profile.items))
    return found | profile.attributes
