"""Embedding models on servers, against loopback doubles of them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import numpy as np
import pytest

from personagen.call import Call
from personagen.encoders import open_encoder
from personagen.encoders.remote import backend
from personagen.errors import BudgetError, ConfigError, ServerError
from personagen.llm.prices import Price
from personagen.records import Message
from tests.servers import Reply, refusal, serving

CANARY = "sk-canary-0123456789abcdef"


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)


def vector(text):
    return [float(len(text)), 1.0, -2.0]


def embeddings(request, *, tokens=None, shuffled=False):
    rows = [
        {"object": "embedding", "index": at, "embedding": vector(text)} for at, text in enumerate(request.body["input"])
    ]
    usage = {"prompt_tokens": tokens or 4 * len(rows), "total_tokens": tokens or 4 * len(rows)}
    return Reply({"object": "list", "model": "double", "data": rows[::-1] if shuffled else rows, "usage": usage})


def a_call(*texts):
    return Call("double", tuple(Message(role="user", content=text) for text in texts), sample="embedding")


async def _ask(spec, base_url, call, seconds):
    async with backend(spec, base_url=base_url, timeout=seconds) as llm:
        return await llm(call)


def ask(spec, base_url, call, timeout=5.0):
    return asyncio.run(_ask(spec, base_url, call, timeout))


async def _encode(spec, base_url, texts):
    async with open_encoder(spec, [], base_url=base_url) as encoder:
        return await encoder.encode(texts)


def encode(spec, base_url, texts):
    return asyncio.run(_encode(spec, base_url, texts))


@pytest.mark.parametrize("spec", ["openai/double", "hosted_vllm/double"])
def test_texts_come_back_as_rows_of_unit_length_in_their_order(spec):
    with serving(lambda request: embeddings(request, shuffled=True)) as server:
        rows = encode(spec, server.v1, ["a", "bbb", "a"])
    assert rows.dtype == np.float32
    assert np.allclose(rows, [np.array(vector(t)) / np.linalg.norm(vector(t)) for t in ("a", "bbb", "a")])
    [request] = server.requests
    assert request.path == "/v1/embeddings"
    assert request.body["model"] == "double"
    assert request.body["input"] == ["a", "bbb"]


def test_texts_are_sent_in_batches_and_none_twice():
    texts = [f"text {n}" for n in range(300)]
    with serving(embeddings) as server:

        async def both():
            async with open_encoder("openai/double", [], base_url=server.v1) as encoder:
                await encoder.encode(texts)
                return await encoder.encode([*texts, "new"])

        rows = asyncio.run(both())
    assert rows.shape == (301, 3)
    assert sorted(len(r.body["input"]) for r in server.requests) == [1, 44, 128, 128]
    assert sorted(t for r in server.requests for t in r.body["input"]) == sorted([*texts, "new"])


def test_the_tokens_and_the_cost_of_a_known_model_are_told(monkeypatch):
    monkeypatch.setattr("personagen.encoders.remote.price_of", lambda model, base_url, override: _price(model))
    with serving(lambda request: embeddings(request, tokens=1000)) as server:
        usage = ask("openai/text-embedding-3-small", server.v1, a_call("x")).usage
    assert usage.input_tokens == 1000
    assert usage.cost_usd == pytest.approx(2e-5)


def test_a_price_that_is_given_goes_before_the_list_and_where_nothing_is_listed():
    async def usage(spec, url):
        async with backend(spec, base_url=url, price=Price(3e-6, 0.0), timeout=5) as llm:
            return (await llm(a_call("x"))).usage

    with serving(lambda request: embeddings(request, tokens=1000)) as server:
        for spec in ("openai/text-embedding-3-small", "openai/double"):
            assert asyncio.run(usage(spec, server.v1)).cost_usd == pytest.approx(3e-3)


def _price(model):
    from personagen.llm.prices import price_of

    return price_of(model)


def test_the_cost_of_an_unknown_model_is_unknown_not_zero():
    with serving(embeddings) as server:
        assert ask("openai/double", server.v1, a_call("x")).usage.cost_usd is None


@pytest.mark.parametrize("spec", ["openai/double", "hosted_vllm/double"])
@pytest.mark.parametrize(
    ("status", "error"), [(401, ConfigError), (404, ConfigError), (400, ConfigError), (402, BudgetError)]
)
def test_a_refusal_that_asking_again_cannot_help_takes_one_request(spec, status, error):
    with serving(lambda request: refusal(status, f"no, says {CANARY}")) as server, pytest.raises(error) as told:
        encode(spec, server.v1, ["x"])
    assert len(server.requests) == 1
    assert CANARY not in str(told.value)


@pytest.mark.parametrize("spec", ["openai/double", "hosted_vllm/double"])
def test_a_failure_that_may_pass_carries_the_wait_the_server_asks_for(spec):
    slow = refusal(429, "slow down", headers={"retry-after": "7"})
    with serving(lambda request: slow) as server, pytest.raises(ServerError) as told:
        ask(spec, server.v1, a_call("x"))
    assert len(server.requests) == 1
    assert (told.value.status, told.value.retry_after) == (429, 7.0)


def test_a_passing_failure_is_asked_again_by_default():
    def answer(request):
        return embeddings(request) if len(server.requests) > 1 else refusal(503, "busy", headers={"retry-after": "0"})

    with serving(answer) as server:
        assert encode("openai/double", server.v1, ["x"]).shape == (1, 3)
    assert len(server.requests) == 2


@pytest.mark.parametrize("spec", ["openai/double", "hosted_vllm/double"])
@pytest.mark.parametrize("body", [b"<html>", {"data": []}, {"data": [{"index": 1, "embedding": [1.0]}]}, {"no": 1}])
def test_an_answer_that_is_no_list_of_embeddings_is_a_server_error(spec, body):
    with serving(lambda request: Reply(body)) as server, pytest.raises(ServerError):
        ask(spec, server.v1, a_call("x"))


def test_the_address_may_come_from_the_environment_or_be_a_bare_host_as_for_other_models(monkeypatch):
    with serving(embeddings) as server:
        assert encode("openai/double", server.url, ["x"]).shape == (1, 3)
        monkeypatch.setenv("OPENAI_BASE_URL", server.v1)
        assert encode("openai/double", None, ["x"]).shape == (1, 3)
    assert [request.path for request in server.requests] == ["/v1/embeddings"] * 2


def test_an_answer_that_does_not_come_in_time_is_a_server_error():
    with (
        serving(lambda request: Reply(b"", delay=2.0)) as server,
        pytest.raises(ServerError, match=r"no answer within 0\.2 sec|in time"),
    ):
        ask("openai/double", server.v1, a_call("x"), timeout=0.2)


def test_an_answer_that_trickles_is_bounded_as_a_whole():
    async def scene():
        ended = asyncio.Event()

        async def trickle(reader, writer):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            with suppress(ConnectionError):
                while not writer.is_closing():
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.05)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            ended.set()

        async with await asyncio.start_server(trickle, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            try:
                await _ask("openai/double", f"http://127.0.0.1:{port}/v1", a_call("x"), 0.4)
            finally:
                await asyncio.wait_for(ended.wait(), 5)

    with pytest.raises(ServerError, match=r"no answer within 0\.4 seconds"):
        asyncio.run(scene())


def test_a_server_that_is_not_there_is_told_by_its_address():
    with pytest.raises(ServerError, match=r"127\.0\.0\.1:9"):
        ask("openai/double", "http://127.0.0.1:9/v1", a_call("x"))


def test_without_a_key_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        encode("openai/text-embedding-3-small", None, ["x"])
    with pytest.raises(ConfigError, match="MISTRAL_API_KEY"):
        encode("mistral/mistral-embed", None, ["x"])


def test_a_provider_that_nobody_knows_is_a_config_error():
    with pytest.raises(ConfigError, match="unknown model 'nobody/knows'"):
        encode("nobody/knows", None, ["x"])


def test_a_name_without_a_provider_is_a_config_error_that_names_the_forms():
    with pytest.raises(ConfigError, match="write hashed, sentence-transformers/NAME"):
        encode("minilm", None, ["x"])


@pytest.mark.parametrize(
    "answer",
    [
        [],
        "data",
        {"data": None},
        {"data": [{"index": 0, "embedding": ["a", "b"]}]},
        {"data": [{"index": 0, "embedding": [1e39, 1e39]}]},
        {"data": [{"index": 0, "embedding": None}]},
        {"data": [{"index": 0, "embedding": [[1.0]]}]},
        {"data": [7]},
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_answer_that_holds_no_vectors_may_be_asked_again(answer):
    with serving(lambda _: Reply(answer)) as server, pytest.raises(ServerError):
        ask("openai/double", server.v1, a_call("bees"))


@pytest.mark.parametrize("usage", [None, [1], "x", {"prompt_tokens": -3}, {"prompt_tokens": "12"}])
def test_vectors_are_kept_whatever_the_server_counts(usage):
    data = [{"index": 0, "embedding": [1.0, 0.0]}]
    with serving(lambda _: Reply({"data": data, "usage": usage})) as server:
        answer = ask("openai/double", server.v1, a_call("bees"))
    assert answer.usage.input_tokens == 0
