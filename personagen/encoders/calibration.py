"""Calibration of an encoder's threshold on a set of texts and synthetic repeats of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple
from random import Random

import numpy as np
import numpy.typing as npt

from personagen.encoders.encoder import Encoder, FloatArray
from personagen.errors import UsageError
from personagen.personas.filters import Threshold
from personagen.personas.filters.threshold import fit
from personagen.personas.words import UNSPACED, words

MIN_TEXTS = 5
CHANGED_DETAILS = (1, 2, 3)
VARIANTS = 4
_ALONE = UNSPACED.pattern  # no spaces divide words, so each character is one
_TOKEN = re.compile(rf"{_ALONE}|\w(?:(?!{_ALONE})[\w'’-])*")


async def calibrate(encoder: Encoder, texts: Sequence[str], seed: int = 0) -> Threshold:
    """The threshold at which ``encoder`` takes one new text in a hundred for a repeat, at any pool size.

    ``filters.threshold.fit`` is applied to all pairs of ``texts`` of one kind, and of ``reframed`` ones; each parameter
    is the higher of the two, since varied seeds do not represent an author who always writes alike.

    Raises:
        UsageError: fewer than ``MIN_TEXTS`` different texts, or too short ones.
    """
    texts = list(dict.fromkeys(texts))
    again, frames = repeats(texts, seed), reframed(texts, seed)
    if len(texts) < MIN_TEXTS or len(again) < 2 * MIN_TEXTS:
        raise UsageError(f"calibration needs {MIN_TEXTS} different whole texts of each kind; there are {len(texts)}")
    vectors = await encoder.encode([*texts, *(text for _, text in again), *(v for frame in frames for v in frame)])
    own, copies, variants = np.split(vectors, [len(texts), len(texts) + len(again)])
    repeated = np.einsum("ij,ij->i", own[[at for at, _ in again]], copies)
    in_frame = np.concatenate([_pairs(frame) for frame in np.split(variants, len(frames))])
    fits = (astuple(fit(different, repeated)) for different in (_pairs(own), in_frame))
    return Threshold(*(max(values) for values in zip(*fits, strict=True)))


def repeats(texts: Sequence[str], seed: int = 0) -> list[tuple[int, str]]:
    """Near copies as generation loops produce them: each text with one, two and three details changed.

    A detail is a number or a rare word, replaced by one of another text. Each copy comes with the index of its text.
    """
    random = Random(f"{seed}/repeats")
    found = []
    for number, (spots, others) in enumerate(_details(texts)):
        for count in CHANGED_DETAILS:
            if others and len(spots) >= count:
                found.append((number, _changed(texts[number], random.sample(spots, count), others, random)))
    return found


def reframed(texts: Sequence[str], seed: int = 0) -> list[list[str]]:
    """For each text, ``VARIANTS`` of it with every detail changed: other people in the same wording."""
    random = Random(f"{seed}/reframed")
    return [
        [_changed(text, spots, others, random) for _ in range(VARIANTS)]
        for text, (spots, others) in zip(texts, _details(texts), strict=True)
    ]


def _details(texts: Sequence[str]) -> list[tuple[list[re.Match[str]], list[str]]]:
    """For each text, the positions of its details, and the details of the other texts."""
    used = Counter(word for text in texts for word in set(words(text)))
    rare = {
        word
        for word, count in used.items()
        if count <= max(1, len(texts) // 10) and (len(word) > 2 or re.fullmatch(_ALONE, word))
    }
    spots = [[m for m in _TOKEN.finditer(text) if m.group().lower() in rare or m.group().isdecimal()] for text in texts]
    everyone = [(number, m.group()) for number, marks in enumerate(spots) for m in marks]
    return [(marks, [word for other, word in everyone if other != number]) for number, marks in enumerate(spots)]


def _changed(text: str, spots: Sequence[re.Match[str]], others: Sequence[str], random: Random) -> str:
    for spot in sorted(spots, key=lambda m: m.start(), reverse=True):
        text = text[: spot.start()] + random.choice(others) + text[spot.end() :]
    return text


def _pairs(vectors: FloatArray) -> npt.NDArray[np.float32]:
    cosines: npt.NDArray[np.float32] = vectors @ vectors.T
    return cosines[np.triu_indices(len(vectors), 1)]
