"""Conversation a pool: draw examples, screen and admit candidates, and combine the two pools into personas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from personagen.errors import UsageError
from personagen.personas.english.text import attributes_of, facts_of, pronoun_of, with_pronoun
from personagen.personas.filters import Candidate, Filter, PoolView, Refusal, Rules, candidate
from personagen.personas.filters.nearest import FloatArray
from personagen.personas.traits import traits_of
from personagen.records import Description, Persona, Rejection, content_id


@dataclass(frozen=True)
class Admission:
    """What a round came to: the pool with the ``admitted`` behind it, and a rejection for every other candidate."""

    view: PoolView
    admitted: tuple[Description, ...]
    rejections: tuple[Rejection, ...]


def start(seeds: Sequence[Description], vectors: FloatArray, rules: Rules) -> PoolView:
    """The pool of the ``seeds``, which no filter is asked about; ``vectors`` (n, d) are theirs, of unit length."""
    view = PoolView(rules)
    for seed, vector in zip(seeds, vectors, strict=True):
        view = view.with_entry(candidate(seed, seed.source, vector))
    return view


def draw(view: PoolView, seed: int, place: str, count: int = 5) -> list[Description]:
    """``count`` different entries of the pool, or all of a smaller one, in random order (ALOE draws 5 a call)."""
    rows = Random(f"{seed}/{place}").sample(range(len(view)), min(count, len(view)))
    return [view[row] for row in rows]


def screen(
    candidates: Sequence[Candidate], view: PoolView, filters: Mapping[str, Filter]
) -> tuple[list[Candidate], list[Rejection]]:
    """Those of ``candidates`` that ``filters`` (``SCREENS``) let pass, each looked at alone, and the rejections.

    Candidates need no vectors for it, so what fails here is never embedded.
    """
    passed, rejections = [], []
    for new in candidates:
        rejection = _judged(new, view, filters)
        if rejection is None:
            passed.append(new)
        else:
            rejections.append(rejection)
    return passed, rejections


def admit(candidates: Sequence[Candidate], view: PoolView, filters: Mapping[str, Filter]) -> Admission:
    """Lets the ``candidates`` (all with vectors) that pass ``filters`` join ``view``, in slot order.

    ``view`` is the pool as it was frozen for the round; each candidate is compared with that and with those admitted
    before it. The whole round is searched against the frozen pool in one product, so the order costs nothing.
    """
    if candidates:
        vectors = np.stack([_vector(new) for new in candidates])
        found = view.search(vectors)
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


def _vector(new: Candidate) -> FloatArray:
    if new.vector is None:
        raise ValueError(f"{new.place or new.description.id} has no vector: embed it before it is admitted")
    return new.vector


def _judged(new: Candidate, view: PoolView, filters: Mapping[str, Filter]) -> Rejection | None:
    """The first rejection, or None."""
    for name, ask in filters.items():
        verdict: Refusal | None = ask(new, view)
        if verdict is not None:
            return Rejection(
                place=new.place,
                gate=name,
                reason=verdict.reason,
                text=new.description.text,
                score=verdict.score,
                nearest=verdict.nearest,
            )
    return None


def combine(
    profiles: Sequence[Description],
    personalities: Sequence[Description],
    *,
    per_profile: int,
    seed: int,
    limit: int | None = None,
) -> list[Persona]:
    """Personas in the order of ``profiles``, each with ``per_profile`` different personalities, ``limit`` at most.

    No pair comes twice, and no personality is used more than once more often than another: they are dealt from a deck
    that is shuffled anew when it is empty. Under a ``limit`` every profile gets its share of it, or random profiles do
    where it is less than one each. Texts that differ in their pronouns alone count as one personality, and the
    first is kept.

    Raises:
        UsageError: ``per_profile`` is less than 1 or more than there are different personalities.
    """
    profiles = _distinct(profiles, lambda entry: entry.text)
    personalities = _distinct(personalities, lambda entry: with_pronoun(entry.text, "they"))
    if not 1 <= per_profile <= len(personalities):
        raise UsageError(
            f"--per-profile {per_profile}: there are {len(personalities)} different personalities, so 1 to that many "
            f"can be given to a profile; ask for fewer or grow more personalities"
        )
    random = Random(f"{seed}/combine")
    total = len(profiles) * per_profile
    shares = _shares(len(profiles), total if limit is None else max(0, min(limit, total)), random)
    hands = _dealt(len(personalities), shares, random)
    return [
        _persona(profile, personalities[card]) for profile, hand in zip(profiles, hands, strict=True) for card in hand
    ]


def _distinct(entries: Sequence[Description], key: Callable[[Description], str]) -> list[Description]:
    first: dict[str, Description] = {}
    for entry in entries:
        first.setdefault(key(entry), entry)
    return list(first.values())


def _shares(count: int, total: int, random: Random) -> list[int]:
    """``total`` split over ``count`` places, as evenly as can be; who gets one more is drawn."""
    if not count:
        return []
    each, more = divmod(total, count)
    lucky = set(random.sample(range(count), more))
    return [each + (place in lucky) for place in range(count)]


def _dealt(cards: int, shares: Sequence[int], random: Random) -> list[list[int]]:
    """Hands of ``shares`` different cards each, from decks of ``cards`` that are used up one after the other."""
    deck: list[int] = []
    hands = []
    for share in shares:
        hand: list[int] = []
        while len(hand) < share:
            if not deck:
                deck = random.sample(range(cards), cards)
                # What the hand holds already from the last deck goes to the bottom, so that it isn't dealt again.
                deck.sort(key=lambda card: card not in hand)
            hand.append(deck.pop())
        hands.append(hand)
    return hands


def _persona(profile: Description, personality: Description) -> Persona:
    pronoun = pronoun_of(profile.text)
    text = with_pronoun(personality.text, pronoun) if pronoun else personality.text
    hashes = dict.fromkeys(h for h in (profile.prompt_hash, personality.prompt_hash) if h)
    return Persona(
        id=content_id(profile.text, text),
        profile=profile.text,
        personality=text,
        facts=profile.items or facts_of(profile.text),
        traits=personality.items or traits_of(personality.text),
        # A listed fact says it plainly ("She is 60") where the text may not ("sixty candles last May").
        attributes=attributes_of(profile.text) | attributes_of(". ".join(profile.items)),
        origin={"profile": profile.origin, "personality": personality.origin},
        prompt_hash="+".join(hashes),
    )
