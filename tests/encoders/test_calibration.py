"""Refitting a threshold on seeds."""

from __future__ import annotations

import asyncio
from random import Random

import numpy as np
import pytest

from personagen.encoders import hashed
from personagen.encoders.calibration import calibrate, reframed, repeats
from personagen.errors import UsageError
from personagen.personas.english.text import words
from personagen.personas.filters.threshold import fit

FRAMES = [
    "is a retired {} from {}", "works as a {} on the {} coast", "collects {} in a shed behind the {}",
    "plays the {} with two friends from {}", "was married in {} to a {}", "walks to the {} for fresh {}",
    "reads about {} and {}", "lost a {} at the {} fair", "repairs {} for a museum in {}", "dreams of {} and of {}",
]  # fmt: skip


def word(random):
    return "".join(random.choice("bdfgklmnprstvz") + random.choice("aeiou") for _ in range(3)) + random.choice("nrst")


def made(number):
    random = Random(f"person {number}")
    facts = random.sample(FRAMES, 6)
    return " ".join(f"She {fact.format(word(random), word(random))}." for fact in facts)


TEXTS = [made(n) for n in range(120)]


def calibrated(texts, seed=0):
    return asyncio.run(calibrate(hashed.encoder(TEXTS), texts, seed))


def test_repeats_differ_from_their_text_in_one_to_three_words():
    for at, text in repeats(TEXTS[:20]):
        assert 1 <= sum(a != b for a, b in zip(words(TEXTS[at]), words(text), strict=True)) <= 3 or text == TEXTS[at]


def test_there_are_three_repeats_of_every_text():
    assert [at for at, _ in repeats(TEXTS[:20])] == [at for at in range(20) for _ in range(3)]


def test_reframed_texts_keep_the_common_words_and_change_the_rare_ones():
    variants = reframed(TEXTS)[0]
    assert len(set(variants)) == len(variants) == 4
    for variant in variants:
        changed = [new != old for old, new in zip(words(TEXTS[0]), words(variant), strict=True)]
        rare = [sum(old in text for text in TEXTS) <= 12 for old in words(TEXTS[0])]
        assert changed == rare


def test_the_same_seed_gives_the_same_threshold():
    assert calibrated(TEXTS) == calibrated(TEXTS)


def test_a_text_that_comes_twice_counts_once():
    assert calibrated([*TEXTS, *TEXTS[:20]]) == calibrated(TEXTS)


def test_a_calibrated_threshold_lets_new_texts_in_and_keeps_repeats_out():
    seeds, new = TEXTS[:60], TEXTS[60:]
    encoder = hashed.encoder(TEXTS)
    threshold = asyncio.run(calibrate(encoder, seeds)).at(len(seeds))
    rows = asyncio.run(encoder.encode(seeds))
    fresh = (asyncio.run(encoder.encode(new)) @ rows.T).max(axis=1)
    again = (asyncio.run(encoder.encode([t for _, t in repeats(seeds, seed=9)])) @ rows.T).max(axis=1)
    assert np.mean(fresh >= threshold) <= 0.1
    assert np.mean(again >= threshold) >= 0.9


def test_an_author_that_keeps_to_one_frame_is_not_taken_for_one_that_repeats():
    """Seeds written in many ways are far apart; other people in the frame of one seed are closer, and different."""
    joints = "and with from under over because while after before until near for by in on at when where".split()
    varied = []
    for number in range(20):
        random = Random(f"seed {number}")
        frame = [" ".join(random.sample(joints, 3)) for _ in range(8)]
        varied.append(" ".join(f"{joint} {word(random)}" for joint in frame))
    encoder = hashed.encoder(varied)
    people = reframed(varied, seed=9)[0]
    rows = asyncio.run(encoder.encode(people))
    closest = (rows @ rows.T)[np.triu_indices(len(people), 1)].max()
    seeds = asyncio.run(encoder.encode(varied))
    apart = fit((seeds @ seeds.T)[np.triu_indices(20, 1)], np.full(20, 0.9))
    assert apart.at(20) < closest < asyncio.run(calibrate(encoder, varied)).at(20)


@pytest.mark.parametrize("texts", [[], TEXTS[:4], TEXTS[:4] * 5, ["a", "b", "c", "d", "e", "f"]])
def test_too_little_to_calibrate_on_is_a_usage_error(texts):
    with pytest.raises(UsageError, match="calibration needs 5"):
        calibrated(texts)


def test_a_word_that_a_tenth_of_the_texts_use_is_a_detail_and_one_that_more_use_is_not():
    texts = [f"{'alpha' if n < 2 else 'beta' if n < 5 else word(Random(n))} gamma" for n in range(20)]
    changed = [
        variant != text for text, variants in zip(texts, reframed(texts), strict=True) for variant in variants[:1]
    ]
    assert changed == [n < 2 or n >= 5 for n in range(20)]
    assert all(variant.endswith(" gamma") for variants in reframed(texts) for variant in variants)
