"""Learns the form of a pool from its seeds.

What the author is asked for covers nearly all seeds; what the filters accept is wider, and they tolerate what is usual
among the seeds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from statistics import median

from personagen.personas.english.text import pronoun_of, sentences
from personagen.personas.filters import PoolView, candidate
from personagen.personas.filters.format import faults, fits_language
from personagen.personas.filters.misplaced import misplaced
from personagen.personas.form import Form, Range, Unit
from personagen.personas.scripts import is_unspaced, length, letters, main_scripts
from personagen.records import Description

SAMPLED = 500  # seeds
USUAL_SHARE = 0.8  # of the seeds, for a way of writing that new ones are asked for
TOLERATED_SHARE = 0.2  # of the seeds, with a fault that new ones may have too
EDGE = 0.05  # of the seeds, at least one, may be shorter than what is asked for, and as many longer
LEAST_SPREAD = (0.8, 1.25)  # of the median length, asked for at least
SLACK = (0.6, 1.8)  # of the lengths asked for, accepted
MAX_ITEMS = 100
FEW = 3  # seeds; fewer say little about how far new ones may differ, so the packaged form is accepted too


def form_of(seeds: Sequence[Description], packaged: Iterable[Description], language: str, *, asked: bool) -> Form:
    """The form of ``seeds``, all of one kind; the default one if all of them are ``packaged``.

    Descriptions are to be in ``language``. If it was not ``asked`` for by the user and the seeds are in another one,
    only their script is checked.
    """
    if {seed.id for seed in seeds} <= {seed.id for seed in packaged}:
        return Form(language=language)
    sample = list(seeds) if len(seeds) <= SAMPLED else Random("form").sample(seeds, SAMPLED)
    texts = [seed.text for seed in sample]
    unit: Unit = "characters" if _share(map(is_unspaced, texts)) > 0.5 else "words"
    lengths = sorted(length(text, unit) for text in texts)
    cut = math.ceil(EDGE * (len(lengths) - 1)) if len(lengths) >= FEW else 0
    shortest = max(1, min(lengths[cut], round(LEAST_SPREAD[0] * median(lengths))))
    longest = max(lengths[-1 - cut], round(LEAST_SPREAD[1] * median(lengths)), shortest + 1)
    counts = sorted(len({item.strip().casefold() for item in seed.items}) for seed in sample)
    items, accepted_items = _items(_at(counts, EDGE), _at(counts, 1 - EDGE))
    accepted = max(1, int(SLACK[0] * shortest)), round(SLACK[1] * longest)
    if len(sample) < FEW:
        accepted_items = _both(accepted_items, Form.accepted_items)
        accepted = _both(accepted, Form.accepted_length) if unit == "words" else accepted
    foreign = _share(not fits_language(text, language) for text in texts)
    return Form(
        length=(shortest, longest),
        items=items,
        accepted_length=accepted,
        accepted_items=accepted_items,
        unit=unit,
        language="any" if not asked and foreign > TOLERATED_SHARE else language,
        scripts=() if asked else tuple(sorted(main_scripts(sum(map(letters, texts), Counter())))),
        tolerated=_tolerated(sample),
        one_sentence=_share(len(sentences(text)) == 1 for text in texts) >= USUAL_SHARE,
        pronoun=_share(pronoun_of(text) is not None for text in texts) >= USUAL_SHARE,
        learned=True,
    )


def _tolerated(sample: Sequence[Description]) -> tuple[str, ...]:
    """What the filters would reject and at least ``TOLERATED_SHARE`` of the sample have."""
    found: Counter[str] = Counter()
    for seed in sample:
        found.update(faults(seed))
        found["misplaced"] += misplaced(candidate(seed), PoolView()) is not None
    return tuple(sorted(fault for fault, count in found.items() if count >= TOLERATED_SHARE * len(sample)))


def _items(fewest: int, most: int) -> tuple[Range, Range]:
    """The numbers of facts or traits to ask for and to accept, from those of the seeds; unknown if they list none."""
    if not most:
        return (0, 0), (0, MAX_ITEMS)
    fewest = max(1, fewest)
    most = max(most, fewest + 1)
    return (fewest, most), (max(1, 3 * fewest // 4), most + max(3, most // 2))


def _both(one: Range, other: Range) -> Range:
    return min(one[0], other[0]), max(one[1], other[1])


def _at(ordered: Sequence[int], share: float) -> int:
    return ordered[round(share * (len(ordered) - 1))]


def _share(holds: Iterable[bool]) -> float:
    found = list(holds)
    return sum(found) / len(found)
