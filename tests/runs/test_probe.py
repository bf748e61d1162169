"""Endpoints are proven by questions that the run needs, all of them before much is paid at any."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from personagen.errors import BudgetError, ConfigError
from personagen.flows.expand import expand
from personagen.options import ExpandOptions
from tests.servers import Reply, refusal, serving
from tests.servers.actor import actor

RESULTS = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")


@pytest.fixture
def run(run, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    return lambda server, out="run", **options: run(out, **{"people": 8, "turns": 2, "base_url": server.v1, **options})


def refusing(model, status=404, words="The model does not exist"):
    """An actor that does not know ``model``."""
    return lambda request: refusal(status, words) if request.body["model"] == model else actor(request)


def test_a_judges_model_that_is_not_there_costs_one_request_after_one_turn_of_one_conversation(run):
    with serving(refusing("b")) as server, pytest.raises(ConfigError, match="no such model"):
        run(server, model=("openai/a", "judge=openai/b"), concurrency=64)
    asked = [request.body["model"] for request in server.requests]
    assert asked.count("b") == 1
    assert asked.count("a") <= 8  # one turn is 4; the conversation's next turn goes on beside what leads to the judge


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_of_the_one_model_of_all_roles_costs_one_request_in_all(run, status):
    with serving(lambda request: refusal(status, "no")) as server, pytest.raises(ConfigError):
        run(server, model="openai/a", concurrency=64)
    assert len(server.requests) == 1


def test_what_was_asked_to_prove_endpoints_is_asked_once_and_changes_no_result(run, tmp_path):
    with serving(actor) as server:
        one = run(server, "one", model="openai/a", concurrency=1)
        asked = len(server.requests)
        several = run(server, "several", model=("openai/a",), base_url=(server.v1, f"judge={server.url}/v1/"))
        assert len(server.requests) - asked == asked == one.report.calls == several.report.calls
        assert several.report.reused_calls == one.report.reused_calls
    for name in RESULTS:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "several" / name).read_bytes()


def test_no_more_calls_are_in_flight_than_llama_cpp_has_slots_unless_concurrency_is_chosen(run):
    with serving(actor, props={"total_slots": 2}, delay=0.01) as server:
        assert [*run(server, model="openai/a").report.peak_concurrency.values()] == [2]
        assert max(run(server, "chosen", model="openai/a", concurrency=8).report.peak_concurrency.values()) > 2
    with serving(actor, delay=0.01) as server:
        assert max(run(server, "unknown", model="openai/a").report.peak_concurrency.values()) > 2


def test_a_wrong_model_of_the_encoder_is_met_before_the_author_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    with serving(refusing("e")) as server, pytest.raises(ConfigError, match="no such model"):
        asyncio.run(
            expand(
                ExpandOptions(
                    out=tmp_path / "pool",
                    model="openai/a",
                    base_url=(server.v1, f"encoder={server.v1}"),
                    encoder="openai/e",
                    target=30,
                )
            )
        )
    assert [request.body["model"] for request in server.requests] == ["e"]


def test_what_a_server_refuses_stands_in_run_json_and_in_the_summary_of_every_later_run(run, tmp_path):
    def answer(request):
        if request.schema:
            return refusal(400, "response_format is not supported")
        if "temperature" in request.body:
            return refusal(400, "Unsupported parameter: temperature is not supported")
        return _in_words(request)

    with serving(answer) as server:
        first = run(server, model="openai/a", conversations=2)
        again = run(server, model="openai/a", conversations=2)
        where = f"openai/a at {server.v1}"
        assert again.report.new_calls == 0
    assert first.report.unsupported == again.report.unsupported == {where: ["schema", "temperature"]}
    state = orjson.loads((tmp_path / "run" / "run.json").read_bytes())
    assert state["report"]["unsupported"] == first.report.unsupported


def _in_words(request) -> Reply:
    """The actor's answer to a request whose schema stands in its last message."""
    last = request.messages[-1]["content"].rpartition("\n")[2]
    schema = orjson.loads(last) if last.startswith('{"') else {}
    body = {**request.body, "response_format": {"json_schema": {"schema": schema}}}
    return actor(type(request)(request.path, orjson.dumps(body)))


def test_the_price_of_the_encoder_counts_in_the_estimate_and_in_what_was_paid(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")

    def answer(request):
        if request.path != "/v1/embeddings":
            return actor(request)
        texts = request.body["input"]
        rows = [{"index": i, "embedding": [len(t), i + 1.0, sum(t.encode()) % 97]} for i, t in enumerate(texts)]
        return Reply({"data": rows, "usage": {"prompt_tokens": 115 * len(rows), "total_tokens": 0}})

    with serving(answer) as server:
        options = {
            "out": str(tmp_path / "pool"),
            "model": "openai/a",
            "base_url": (server.v1, f"encoder={server.v1}"),
            "price": ("1,1", "encoder=2,0"),
            "encoder": "openai/e",
            "similarity": 1.0,
            "target": 24,
            "budget": 5.0,
        }
        summary = asyncio.run(expand(ExpandOptions(**options)))
    embedded = summary.report.usage_by_role["encoder (openai/e)"]
    assert embedded["cost_usd"] == pytest.approx(2e-6 * embedded["input_tokens"])
    assert summary.report.estimate["by_role"]["encoder"] > 0
    assert summary.report.new_calls <= summary.report.estimate["max_calls"]


def test_after_an_edited_prompt_and_an_early_stop_the_notes_say_what_is_missing_from_the_results(run, edited, tmp_path):
    mine = edited("judge/prefer", "Order is no reason", "Remember: order is no reason")
    with serving(actor) as server:
        whole = run(server, model="openai/a")
        with pytest.raises(BudgetError):
            run(server, model="openai/a", prompts=mine, max_calls=whole.report.calls + 5, concurrency=1)
        notes = orjson.loads((tmp_path / "run" / "run.json").read_bytes())["report"]["notes"]
        kept = len((tmp_path / "run" / "trees.jsonl").read_bytes().splitlines())
        assert kept < 8
        assert (
            f"{8 - kept} conversations finished with earlier prompts or fewer turns are not in the results" in notes[-1]
        )
        assert not any("earlier prompts" in note for note in run(server, model="openai/a").report.notes)
