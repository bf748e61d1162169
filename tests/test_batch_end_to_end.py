"""``--batch`` as a user meets it: the same data as without, at half the price, and nothing sent twice."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from personagen.llm.batch import poll
from personagen.llm.batch.poll import PollPolicy
from tests.fakes import results as read
from tests.servers import refusal, serving
from tests.servers.actor import actor
from tests.servers.batches import batching

pytestmark = pytest.mark.slow

QUICK = PollPolicy(settle=0.05, first=0.01, longest=0.05, grace=0.2)


@pytest.fixture(autouse=True)
def _pool(command, monkeypatch):
    monkeypatch.setattr(poll, "POLICY", QUICK)
    command("expand", "--target", 24, "--personalities", 22, "--out", "pool", "--quiet")


def simulate(command, out, *options, code=0):
    fixed = ("--personas", "pool/personas.jsonl", "--conversations", 5, "--turns", 3, "--json", "--out", out)
    result = command("simulate", *fixed, *options, code=code)
    return json.loads(result.stdout) if code == 0 else result


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_in_batches_the_data_is_the_same_and_each_call_is_sent_once(command, protocol):
    model = ("--model", f"{protocol}/test", "--price", "1,2")
    with serving(actor) as server:
        summary = simulate(command, "plain", *model, "--base-url", server.base(protocol))
    with batching(actor) as double:
        batched = simulate(command, "waves", *model, "--base-url", double.base(protocol), "--batch")
    assert read("waves") == read("plain")
    assert len(double.keys) == len(set(double.keys)) == batched["report"]["new_calls"] == summary["report"]["calls"]
    assert batched["report"]["usage"] == summary["report"]["usage"]  # the price given is the price
    assert len(double.batches) < summary["report"]["calls"] / 3


def test_pools_grow_by_the_wave_too(command):
    with serving(actor) as server:
        fixed = ("expand", "--target", 24, "--personalities", 22, "--count", 6, "--quiet", "--model", "openai/test")
        command(*fixed, "--out", "plain", "--base-url", server.v1)
    with batching(actor) as double:
        command(*fixed, "--out", "batches", "--base-url", double.base("openai"), "--batch")
    assert Path("batches/personas.jsonl").read_bytes() == Path("plain/personas.jsonl").read_bytes()
    assert 0 < len(double.batches) < len(double.keys) == len(set(double.keys))


def test_roles_at_different_models_have_batches_of_their_own_and_the_offline_cast_answers_directly(command):
    models = ("--model", "offline", "--model", "user=openai/a", "--model", "judge=anthropic/b")
    with batching(actor) as openai, batching(actor) as anthropic:
        urls = ("--base-url", f"user={openai.base('openai')}", "--base-url", f"judge={anthropic.base('anthropic')}")
        summary = simulate(command, "mixed", *models, *urls, "--batch")
    assert summary["trees"] == 5
    assert {body["model"] for batch in openai.batches for _, body in batch.requests} == {"a"}
    assert {body["model"] for batch in anthropic.batches for _, body in batch.requests} == {"b"}
    assert len(openai.keys) == 15
    assert len(anthropic.keys) == 60


@pytest.mark.parametrize("model", ["groq/llama", "tests.fakes:llm"])
def test_a_model_without_a_batch_api_is_refused_with_its_roles_before_anything_is_sent(command, model):
    with batching(actor) as double:
        models = ("--model", "openai/a", "--model", f"judge={model}", "--model", f"observer={model}")
        urls = [part for role in ("user", "assistant") for part in ("--base-url", f"{role}={double.base('openai')}")]
        result = simulate(command, "refused", *models, *urls, "--batch", code=3)
    assert f"{model} (judge, observer) has no batch API: leave out --batch" in result.stderr
    assert double.asked == []


def test_a_server_without_a_batch_api_is_told_with_its_roles(command):
    with batching(actor, refuse=lambda *_: refusal(404, "Not Found")) as double:
        url = ("--base-url", double.base("openai"))
        result = simulate(command, "none", "--model", "openai/a", *url, "--batch", code=3)
    assert "(assistant, judge, observer, user) has no batch API" in result.stderr
    assert double.asked == ["POST /v1/files"]
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_budget_bounds_the_wave_and_a_higher_one_goes_on_from_there(command):
    model = ("--model", "openai/test", "--price", "1,0", "--batch")
    with batching(actor) as double:
        url = ("--base-url", double.base("openai"))
        result = simulate(command, "poor", *model, *url, "--max-calls", 3, code=4)
        assert "all 3 calls are made" in result.stderr
        assert [len(batch.requests) for batch in double.batches] == [3]
        simulate(command, "poor", *model, *url, "--budget", 0.02, code=4)
        state = orjson.loads(Path("poor/run.json").read_bytes())
        assert 0 < state["usage"]["cost_usd"] <= 0.02
        assert 3 < len(double.keys) < 120
        assert simulate(command, "poor", *model, *url, "--budget", 9)["trees"] == 5
    assert len(double.keys) == len(set(double.keys)) == 120
