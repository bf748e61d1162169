"""``--batch`` as a user meets it: the same data as without, at half the price, and nothing sent twice."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from personagen.cli import main
from personagen.llm.batch import watch
from personagen.llm.batch.watch import Pace
from tests.llm.actor import actor
from tests.llm.batch_server import batching
from tests.llm.server import serving

RESULTS = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")
QUICK = Pace(settle=0.05, first=0.01, longest=0.05, grace=0.2)


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setattr(watch, "PACE", QUICK)

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    run("expand", "--target", 24, "--personalities", 22, "--out", "pool", "--quiet")
    return run


def simulate(command, out, *options, code=0):
    fixed = ("--personas", "pool/personas.jsonl", "--conversations", 5, "--turns", 3, "--json", "--out", out)
    result = command("simulate", *fixed, *options, code=code)
    return json.loads(result.stdout) if code == 0 else result


def read(folder):
    return {name: Path(folder, name).read_bytes() for name in RESULTS}


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_in_batches_the_data_is_the_same_and_each_call_is_sent_once(command, protocol):
    model = ("--model", f"{protocol}/test", "--price", "1,2")
    with serving(actor) as server:
        url = server.v1 if protocol == "openai" else server.url
        summary = simulate(command, "plain", *model, "--base-url", url)
    with batching(actor) as double:
        batched = simulate(command, "waves", *model, "--base-url", double.base(protocol), "--batch")
    assert read("waves") == read("plain")
    assert len(double.keys) == len(set(double.keys)) == batched["new_calls"] == summary["calls"]
    assert batched["usage"] == summary["usage"]  # the price given is the price
    assert len(double.batches) < summary["calls"] / 3
