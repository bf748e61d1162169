"""Embedding servers that take few texts at a time, or answer in other forms, in their own words."""

from __future__ import annotations

from base64 import b64encode

import numpy as np
import pytest

from personagen.errors import ConfigError, ReplyError, ServerError
from tests.encoders.test_remote import CANARY, a_call, ask, embeddings, encode, vector
from tests.servers import refusal, serving


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)


FEW = {
    "dashscope": (
        400,
        "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, it should not be larger than"
        " 10.: input.contents",
        10,
    ),
    "tei": (422, "batch size 128 > maximum allowed batch size 32", 32),
    "siliconflow": (413, "input batch size 128 > maximum allowed batch size 64", 64),
    "cohere": (400, "invalid request: total number of texts must be at most 96 - received 128", 96),
    "azure": (400, "Too many inputs. The max number of inputs is 16.", 16),
    "gemini": (400, "BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch", 100),
    "elements": (400, "input must not contain more than 10 elements", 10),
    "array": (400, "'input' array exceeds 16", 16),
    "range": (400, "invalid input: expected 1 to 10 items, got 128", 10),
    "length": (400, "length of input must be <= 25", 25),
    "one": (400, "Only 1 input per request is supported", 1),
    "strings": (400, "You may only pass 16 strings", 16),
    "without a number": (413, "Payload Too Large", 30),
}


@pytest.mark.parametrize("spec", ["openai/double", "hosted_vllm/double"])
@pytest.mark.parametrize("who", FEW)
def test_a_server_that_takes_few_texts_at_a_time_is_sent_no_more(spec, who, caplog):
    status, words, most = FEW[who]

    def answer(request):
        return refusal(status, words) if len(request.body["input"]) > most else embeddings(request, tokens=7)

    texts = [f"text {n}" for n in range(300)]
    with serving(answer) as server:
        rows = encode(spec, server.v1, texts)
        taken = [len(r.body["input"]) for r in server.requests if len(r.body["input"]) <= most]
    assert np.allclose(rows, [np.array(vector(t)) / np.linalg.norm(vector(t)) for t in texts])
    assert sum(taken) == 300
    assert len(server.requests) - len(taken) <= 4 * 3  # some calls are in flight when it is learned
    assert "texts at a time" in caplog.text


def test_the_tokens_of_a_call_in_parts_are_added_and_unknown_if_one_is():
    def answer(request):
        few = len(request.body["input"]) <= 2
        return embeddings(request, tokens=5) if few else refusal(400, "batch size must be no more than 2")

    with serving(answer) as server:
        assert ask("openai/double", server.v1, a_call("a", "b", "c")).usage.input_tokens == 10


def test_one_text_that_is_too_long_is_no_reason_to_send_fewer():
    with serving(lambda _: refusal(400, "input is too large: batch limit is 512 tokens")) as server:
        with pytest.raises(ConfigError):
            ask("openai/double", server.v1, a_call("x"))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "words",
    [
        "The model `text-embedding-3-large` does not exist",
        "input[3] is empty",
        "Input 7 exceeds the limit of 8191 tokens",
        "maximum context length is 7 tokens",
    ],
)
def test_other_numbers_in_a_refusal_are_no_number_of_texts(words, caplog):
    with serving(lambda _: refusal(400, words)) as server:
        with pytest.raises((ConfigError, ReplyError)):
            ask("openai/double", server.v1, a_call(*map(str, range(9))))
        assert len(server.requests) == 1
    assert "texts at a time" not in caplog.text


@pytest.mark.parametrize("index", [lambda at: None, str, lambda at: 0, lambda at: at + 1, lambda at: at or None])
def test_an_odd_index_does_not_spoil_the_vectors(index):
    def answer(request):
        reply = embeddings(request)
        for row in reply.body["data"]:
            row["index"] = index(row["index"])
        return reply

    with serving(answer) as server:
        rows = encode("openai/double", server.v1, ["a", "bbb"])
    assert np.allclose(rows, [np.array(vector(t)) / np.linalg.norm(vector(t)) for t in ("a", "bbb")])


@pytest.mark.parametrize("index", [[0, 0, 1], [0, 1, 3], [2, 3, 4], [0, None, 1]])
def test_an_index_that_leaves_a_text_out_is_no_answer(index):
    def answer(request):
        reply = embeddings(request)
        for row, place in zip(reply.body["data"], index, strict=True):
            row["index"] = place
        return reply

    with serving(answer) as server, pytest.raises(ServerError):
        ask("openai/double", server.v1, a_call("a", "bbb", "cc"))


def test_vectors_without_an_index_are_taken_in_their_order_and_base64_is_read():
    def answer(request):
        reply = embeddings(request)
        for row in reply.body["data"]:
            del row["index"]
            row["embedding"] = b64encode(np.array(row["embedding"], "<f4").tobytes()).decode()
        return reply

    with serving(answer) as server:
        rows = encode("openai/double", server.v1, ["a", "bbb"])
    assert np.allclose(rows, [np.array(vector(t)) / np.linalg.norm(vector(t)) for t in ("a", "bbb")])


def test_a_format_that_is_refused_is_left_out():
    def answer(request):
        known = "encoding_format" not in request.body
        return embeddings(request) if known else refusal(400, "Unrecognized request argument: encoding_format")

    with serving(answer) as server:
        assert encode("openai/double", server.v1, ["a"]).shape == (1, 3)
        assert len(server.requests) == 2


@pytest.mark.slow
def test_a_server_that_nothing_listens_for_is_told_alike_for_every_encoder():
    for spec in ("openai/double", "hosted_vllm/double"):
        with pytest.raises(ConfigError, match="nothing listens at"):
            encode(spec, "http://127.0.0.1:9/v1", ["x"])
