"""Local models, with a stand-in for the library, which is an extra and downloads its models."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from personagen.encoders import open_encoder
from personagen.errors import ConfigError


class Model:
    """Knows one name, and counts what it is asked."""

    loaded = 0
    asked = 0

    def __init__(self, name, local_files_only=False):
        if name != "known":
            raise OSError(f"{name} is not a local folder\nand more lines of advice")
        Model.loaded += 1

    def encode(self, texts, convert_to_numpy, show_progress_bar):
        Model.asked += len(texts)
        return np.array([[len(text), 3.0] for text in texts])


@pytest.fixture
def library(monkeypatch):
    Model.loaded = Model.asked = 0
    monkeypatch.setitem(sys.modules, "sentence_transformers", SimpleNamespace(SentenceTransformer=Model))


async def _encode(spec, *batches):
    async with open_encoder(spec, []) as encoder:
        return encoder, [await encoder.encode(batch) for batch in batches]


def encode(spec, *batches):
    return asyncio.run(_encode(spec, *batches))


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ConfigError, match=r"pip install 'personagen\[embed\]'"):
        encode("sentence-transformers/known", ["a"])


@pytest.mark.usefixtures("library")
def test_rows_have_unit_length_and_the_model_is_loaded_once():
    encoder, [first, second] = encode("sentence-transformers/known", ["four", "four"], ["four", "a"])
    assert encoder.name == "sentence-transformers/known"
    assert np.allclose(first, [[0.8, 0.6], [0.8, 0.6]])
    assert np.allclose(second[0], [0.8, 0.6])
    assert (Model.loaded, Model.asked) == (1, 2)


@pytest.mark.usefixtures("library")
def test_a_model_that_cannot_be_loaded_is_a_config_error_in_one_line():
    with pytest.raises(ConfigError, match="not a local folder; give its name") as told:
        encode("sentence-transformers/unknown", ["a"])
    assert "\n" not in str(told.value)


@pytest.mark.usefixtures("library")
def test_a_measured_model_brings_its_thresholds_and_another_none():
    async def thresholds(spec):
        async with open_encoder(spec, []) as encoder:
            return encoder.thresholds

    assert set(asyncio.run(thresholds("sentence-transformers/all-MiniLM-L6-v2"))) == {"profile", "personality"}
    assert asyncio.run(thresholds("sentence-transformers/known")) is None
