"""The default encoder."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personagen.encoders import open_encoder
from personagen.encoders.hashed import DIMS, fit, hashed

SEEDS = [
    "She is 34 years old and repairs accordions in a cellar in Trieste.",
    "He drives the night bus through Lagos and reads detective novels at the terminus.",
    "They keep bees on a roof in Seoul and sell the honey at a Sunday market.",
    "She is 71, a retired surveyor, and still swims in the lake before breakfast.",
]
IDF = fit(SEEDS)
TEXTS = st.lists(st.text(max_size=60), max_size=8)


@settings(deadline=None)
@given(TEXTS)
def test_every_row_has_length_one_or_is_zero(texts):
    rows = hashed(texts, IDF)
    assert rows.shape == (len(texts), DIMS)
    assert rows.dtype == np.float32
    lengths = np.linalg.norm(rows, axis=1)
    assert np.all((abs(lengths - 1) < 1e-5) | (lengths == 0))


@settings(deadline=None)
@given(TEXTS, st.text(max_size=60))
def test_a_text_has_the_same_row_in_any_company(texts, text):
    alone, among = hashed([text], IDF)[0], hashed([*texts, text, *texts], IDF)[len(texts)]
    assert np.array_equal(alone, among)


def test_rows_do_not_change_where_a_batch_ends():
    texts = [f"{text} {n}" for n in range(200) for text in SEEDS]
    assert np.array_equal(hashed(texts, IDF)[700], hashed([texts[700]], IDF)[0])


def test_spaces_and_capitals_do_not_matter():
    assert np.array_equal(*hashed(["She  keeps\nBEES", "she keeps bees"], IDF))


def test_a_text_with_one_detail_changed_is_closer_than_another_text():
    repeat = SEEDS[0].replace("accordions", "harmonicas")
    rows = hashed([*SEEDS, repeat], IDF)
    cosines = rows[:4] @ rows[4]
    assert cosines.argmax() == 0
    assert cosines[0] > 0.6
    assert cosines[1:].max() < 0.4


def test_what_every_seed_says_weighs_less_than_what_one_says():
    idf = fit(["the same words zebra", "the same words otter", "the same words heron"])
    same, other = hashed(["the same words", "zebra"], idf)
    both = hashed(["the same words zebra"], idf)[0]
    assert both @ other > both @ same


def test_rows_are_the_same_in_every_process_and_on_every_machine():
    code = (
        "import hashlib; from personagen.encoders.hashed import fit, hashed;"
        f"print(hashlib.sha256((hashed({SEEDS!r}, fit({SEEDS!r})) > 1e-6).tobytes()).hexdigest())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert out == hashlib.sha256((hashed(SEEDS, IDF) > 1e-6).tobytes()).hexdigest()
    assert out == SIGNS


SIGNS = "ed9dd84ded9a6ca5cf02c845a8af5e73f410ea2fc3f8f7674d9080ac54755de3"


def test_it_encodes_thousands_of_texts_a_second():
    texts = [f"{text} {n} {SEEDS[n % 4]} {text[::-1]}" for n in range(500) for text in SEEDS]
    hashed(texts[:256], IDF)
    rates = []
    for _ in range(3):
        begun = time.process_time()
        hashed(texts, IDF)
        rates.append(len(texts) / (time.process_time() - begun))
    assert max(rates) > 3_000


def test_it_is_opened_by_name_and_brings_thresholds_for_both_kinds():
    async def use():
        async with open_encoder("hashed", SEEDS) as encoder:
            return encoder, await encoder.encode(SEEDS)

    encoder, rows = asyncio.run(use())
    assert encoder.name == "hashed-512"
    assert np.array_equal(rows, hashed(SEEDS, IDF))
    assert encoder.thresholds is not None
    assert set(encoder.thresholds) == {"profile", "personality"}


@pytest.mark.parametrize("kind", ["profile", "personality"])
def test_its_threshold_rises_with_the_pool_and_stays_below_repeats(kind):
    from personagen.encoders.hashed import THRESHOLDS

    at = [THRESHOLDS[kind].at(size) for size in (1, 20, 300, 1000, 100_000)]
    assert at == sorted(at)
    assert at[0] < at[1] < at[2] < at[3]
    assert at[-1] <= THRESHOLDS[kind].ceiling
