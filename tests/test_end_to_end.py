"""The whole pipeline through the command line: offline, and against servers on 127.0.0.1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests import fakes
from tests.fakes import results as read
from tests.servers import CHAT, Request, refusal, serving
from tests.servers.actor import actor

pytestmark = pytest.mark.slow

ALOE = Path(os.environ.get("TEST_PERSONAGEN_ALOE", Path(__file__).parents[2] / "shared" / "data" / "aloe"))
KEY = fakes.KEY


def pipeline(command, *model, target=24, conversations=5, turns=3):
    command("expand", "--target", target, "--personalities", 22, "--count", 6, "--out", "pool", "--quiet", *model)
    options = ("--personas", "pool/personas.jsonl", "--conversations", conversations, "--turns", turns)
    return json.loads(command("simulate", *options, "--out", "run", "--json", *model).stdout)


def stored():
    return b"".join(file.read_bytes() for file in Path().rglob("*") if file.is_file())


def test_offline_from_seeds_to_pairs(command):
    summary = pipeline(command)
    assert summary["trees"] == 5
    assert summary["pairs"] + sum(summary["rejected"].values()) == 15
    assert summary["rejected_messages"] == {}
    assert summary["report"]["usage"]["cost_usd"] == 0
    tree = orjson.loads(Path("run/trees.jsonl").read_bytes().splitlines()[0])
    assert set(tree["models"].values()) == {"offline"}
    command("export", "run", "--format", "trl", "--out", "trl.jsonl")
    row = orjson.loads(Path("trl.jsonl").read_bytes().splitlines()[0])
    assert row["prompt"][-1]["role"] == "user"
    command("export", "run", "--format", "aloe", "--with-persona", "--out", "aloe.jsonl")
    assert "conversations" in orjson.loads(Path("aloe.jsonl").read_bytes().splitlines()[0])
    assert command("show", "run").stdout


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_against_a_server_that_speaks(command, protocol):
    with serving(actor) as server:
        model = ("--model", f"{protocol}/test", "--base-url", server.base(protocol), "--price", "1,2")
        summary = pipeline(command, *model)
        first, asked = read("run"), len(server.requests)
        assert summary["trees"] == 5
        assert summary["pairs"] + sum(summary["rejected"].values()) == 15
        assert summary["report"]["usage"]["cost_usd"] == pytest.approx(
            (summary["report"]["usage"]["input_tokens"] + 2 * summary["report"]["usage"]["output_tokens"]) / 1e6
        )
        command(
            "simulate", "--personas", "pool/personas.jsonl", "--conversations", 5, "--turns", 3, "--out", "run", *model
        )
        assert len(server.requests) == asked
        options = ("--personas", "pool/personas.jsonl", "--conversations", 5, "--turns", 3, "--concurrency", 1)
        command("simulate", *options, "--out", "again", *model)
        assert read("again") == first == read("run")
    assert KEY.encode() not in stored()


def test_against_a_custom_model_of_litellm(command):
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    class Handler(litellm.CustomLLM):
        async def acompletion(self, model, messages, **kwargs):
            options = kwargs["optional_params"]
            body = {"messages": messages, "response_format": options.get("response_format") or {}, "model": model}
            said = actor(Request(CHAT, orjson.dumps(body))).body
            usage = litellm.Usage(prompt_tokens=5, completion_tokens=3, total_tokens=8)
            return litellm.ModelResponse(choices=said["choices"], usage=usage)

    litellm.custom_provider_map = [{"provider": "my-llm", "custom_handler": Handler()}]
    try:
        summary = pipeline(command, "--model", "my-llm/x")
    finally:
        litellm.custom_provider_map = []
    assert summary["trees"] == 5
    assert summary["report"]["usage"]["cost_usd"] is None


@pytest.mark.parametrize(
    ("protocol", "status", "words"),
    [
        ("openai", 401, "Incorrect API key provided"),
        ("openai", 404, "The model `test` does not exist"),
        ("anthropic", 401, "invalid x-api-key"),
        ("anthropic", 404, "model: test"),
    ],
)
def test_a_wrong_key_or_model_costs_one_request_and_exits_3(command, protocol, status, words):
    pipeline(command)
    with serving(lambda request: refusal(status, f"{words} {KEY}")) as server:
        model = ("--model", "offline", "--model", f"user={protocol}/test", "--base-url", server.base(protocol))
        options = ("--personas", "pool/personas.jsonl", "--out", "other")
        result = command("simulate", *options, *model, "--quiet", code=3)
    assert len(server.requests) == 1
    assert KEY not in result.output
    assert Path("other/run.json").is_file()
    assert KEY.encode() not in stored()
    assert len(result.stderr.strip().splitlines()) == 1


def test_one_address_for_models_of_two_providers_is_refused_before_any_key_is_sent(command):
    pipeline(command)
    with serving(actor) as server:
        model = ("--model", "openai/a", "--model", "judge=anthropic/b", "--base-url", server.v1)
        result = command("simulate", "--personas", "pool/personas.jsonl", "--out", "two", *model, code=3)
        assert "would get the keys of anthropic and openai" in result.stderr
        assert server.requests == []


def test_the_same_seed_gives_the_same_bytes_offline_in_any_process_at_any_concurrency(command, tmp_path):
    command("expand", "--target", 24, "--out", "pool", "--quiet")
    options = ["--personas", "pool/personas.jsonl", "--conversations", "12", "--turns", "5", "--quiet"]
    for name, concurrency in (("1", "1"), ("2", "64")):
        # Another hash seed: what depends on the order of a set differs between processes, never within one.
        environment = os.environ | {"PYTHONHASHSEED": name}
        again = [sys.executable, "-m", "personagen", "expand", "--target", "24", "--out", f"pool{name}", "--quiet"]
        subprocess.run(again, env=environment, check=True)
        simulate = [sys.executable, "-m", "personagen", "simulate", *options, "--out", name]
        subprocess.run([*simulate, "--concurrency", concurrency], env=environment, check=True)
    assert read("1") == read("2")
    for file in ("personas.jsonl", "rejections.jsonl"):
        assert len({(tmp_path / pool / file).read_bytes() for pool in ("pool", "pool1", "pool2")}) == 1
    command("simulate", *options, "--out", "other", "--seed", 9)
    assert read("1") != read("other")


@pytest.mark.skipif(not ALOE.is_dir(), reason="ALOE's files are not here")
def test_on_the_public_pools_of_aloe(command):
    result = command("expand", "--seeds", ALOE, "--out", "pool", "--target", 400, "--seed", 7, "--json")
    summary = json.loads(result.stdout)
    assert summary["pools"]["profile"]["seeds"] == 331
    assert summary["pools"]["personality"]["seeds"] == 71
    assert any("profile.jsonl:6" in note for note in summary["report"]["notes"])
    assert summary["pools"]["profile"]["size"] == 400
    assert summary["pools"]["profile"]["stopped"] == "target"
    options = ("--personas", "pool/personas.jsonl", "--conversations", 20, "--turns", 10, "--seed", 7)
    summary = json.loads(command("simulate", *options, "--out", "run", "--json").stdout)
    assert summary["trees"] == 20
    assert summary["pairs"] > 100
