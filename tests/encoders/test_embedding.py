"""Embedding models as LLMs: calls, completions and the journal's view of them."""

from __future__ import annotations

import asyncio
from base64 import b64decode

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personagen.encoders.embedding import embedding, packed, unpacked
from personagen.errors import CorruptError, ServerError
from personagen.records import Completion

FLOATS = st.floats(width=32, allow_nan=False)


def double(calls, length=lambda text: 3):
    async def llm(call):
        calls.append(call)
        rows = [np.arange(1, 1 + length(m.content), dtype=np.float32) * len(m.content) for m in call.messages]
        return Completion(text=packed(rows))

    return llm


@settings(deadline=None)
@given(st.lists(FLOATS, min_size=1, max_size=20))
def test_a_vector_survives_being_written_down(values):
    vector = np.array(values, np.float32)
    again = unpacked(packed([vector]))
    assert again.dtype == np.float32
    assert again.tolist() == [vector.tolist()]


def test_a_vector_is_written_as_little_endian_floats_on_every_machine():
    [data] = orjson.loads(packed([np.array([1.0, -2.0], ">f4")]))
    assert b64decode(data) == bytes.fromhex("0000803f000000c0")


def test_vectors_survive_being_packed_into_a_completion():
    vectors = np.array([[1.5, -2.0], [0.25, 3.0]], np.float32)
    assert unpacked(packed(vectors)).tolist() == vectors.tolist()


@pytest.mark.parametrize("text", ["", "{}", "[]", '["AAA"]', '["!!!!"]', "[1]", '["AACAPw==","AACAPwAAgD8="]'])
def test_a_stored_embedding_that_is_damaged_is_corrupt(text):
    with pytest.raises(CorruptError):
        unpacked(text)


def test_the_calls_depend_on_the_texts_and_their_order_alone():
    first, second = [], []
    texts = [f"text {n}" for n in range(7)]
    for calls in (first, second):
        asyncio.run(embedding(double(calls), "m", batch=3)(texts))
    assert sorted(c.key for c in first) == sorted(c.key for c in second)
    assert [len(c.messages) for c in first] == [3, 3, 1]
    assert {c.role for c in first} == {"encoder"}


def test_a_call_for_embeddings_has_another_key_than_a_chat_with_the_same_text():
    calls = []
    asyncio.run(embedding(double(calls), "m")(["Hello"]))
    [call] = calls
    assert call.sample == "embedding"


def test_no_texts_are_no_call():
    calls = []
    assert asyncio.run(embedding(double(calls), "m")([])).shape[0] == 0
    assert calls == []


def test_embeddings_of_different_lengths_are_refused():
    encode = embedding(double([], length=len), "m", batch=1)
    with pytest.raises(ServerError, match="different lengths"):
        asyncio.run(encode(["a", "bb"]))


def test_an_answer_with_too_few_embeddings_is_refused():
    async def llm(call):
        return Completion(text=packed(np.ones((1, 2), np.float32)))

    with pytest.raises(ServerError, match="1 embeddings for 2 texts"):
        asyncio.run(embedding(llm, "m")(["a", "b"]))
