"""Fits an encoder's threshold to a set of texts: what different ones look like to it, and what repeats do."""

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
from personagen.personas.english.text import words
from personagen.personas.filters import Threshold
from personagen.personas.filters.threshold import fit

FEWEST = 5
DETAILS = (1, 2, 3)
VARIANTS = 4
_TOKEN = re.compile(r"\w[\w'’-]*")


async def calibrate(encoder: Encoder, texts: Sequence[str], seed: int = 0) -> Threshold:
    """The threshold at which ``encoder`` takes one new text in a hundred for a repeat, at any pool size.

    ``texts`` are entries of one kind that are known to differ, such as seeds. The rule is ``filters.threshold.fit``,
    once with all pairs of them as different texts and once with pairs of ``reframed`` ones; each parameter is the
    higher of the two, since seeds written in many ways say nothing about an author that keeps to one way.

    What it can't know is an author more uniform than any seed: on our 20 profiles the hashed encoder gets a threshold
    of 0.45 for a pool of 330, at which it would turn away 33 % of ALOE's. Then calibrate on a pool that author grew.

    Raises:
        UsageError: there are fewer than ``FEWEST`` different texts, or too short ones.
    """
    texts = list(dict.fromkeys(texts))
    again, frames = repeats(texts, seed), reframed(texts, seed)
    if len(texts) < FEWEST or len(again) < 2 * FEWEST:
        raise UsageError(f"calibration needs {FEWEST} different whole texts of each kind; there are {len(texts)}")
    vectors = await encoder.encode([*texts, *(text for _, text in again), *(v for frame in frames for v in frame)])
    own, copies, variants = np.split(vectors, [len(texts), len(texts) + len(again)])
    repeated = np.einsum("ij,ij->i", own[[at for at, _ in again]], copies)
    in_frame = np.concatenate([_pairs(frame) for frame in np.split(variants, len(frames))])
    fits = (astuple(fit(different, repeated)) for different in (_pairs(own), in_frame))
    return Threshold(*(max(values) for values in zip(*fits, strict=True)))


def repeats(texts: Sequence[str], seed: int = 0) -> list[tuple[int, str]]:
    """What a generation loop gives again and again: each text with one, two and three details changed.

    A detail is a number, or a word that at most a tenth of the texts use; it gives way to one of another text. With
    each comes the number of the text it repeats.
    """
    random = Random(f"{seed}/repeats")
    found = []
    for number, (spots, others) in enumerate(_details(texts)):
        for count in DETAILS:
            if others and len(spots) >= count:
                found.append((number, _changed(texts[number], random.sample(spots, count), others, random)))
    return found


def reframed(texts: Sequence[str], seed: int = 0) -> list[list[str]]:
    """For each text ``VARIANTS`` of it in which every detail is changed: other people in the same frame."""
    random = Random(f"{seed}/reframed")
    return [
        [_changed(text, spots, others, random) for _ in range(VARIANTS)]
        for text, (spots, others) in zip(texts, _details(texts), strict=True)
    ]


def _details(texts: Sequence[str]) -> list[tuple[list[re.Match[str]], list[str]]]:
    """For each text where its details stand, and the details of the others."""
    used = Counter(word for text in texts for word in set(words(text)))
    rare = {word for word, count in used.items() if count <= max(1, len(texts) // 10) and len(word) > 2}
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
