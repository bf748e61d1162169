"""What a session starts from: the money that is spent already, and the price of the next call."""

from __future__ import annotations

import asyncio

import pytest

from personagen.errors import ConfigError
from personagen.flows import session
from personagen.llm import Call, Sampling
from personagen.llm.connect import Endpoint
from personagen.llm.prices import Price
from personagen.options import ModelOptions
from personagen.records import Completion, Message, Usage
from personagen.store.batches import Wave
from personagen.store.run import opened

PRICES = {"user": Price(1e-3, 2e-3), "judge": None}


def test_what_was_spent_counts_answers_without_a_known_cost_by_their_tokens(tmp_path):
    async def main():
        with opened(tmp_path / "r", "simulate", {}, {}, []) as run:
            for key, cost in (("a", 0.5), ("b", None)):
                answer = Completion(text="x", usage=Usage(input_tokens=100, output_tokens=50, cost_usd=cost))
                await run.journal.store(key, "user", f"m{key}", "", answer, 0.1)
            return session._spent(run, PRICES)

    assert asyncio.run(main()) == pytest.approx(0.5 + 0.1 + 0.1)


def test_the_most_a_call_can_cost_counts_every_byte_and_every_token_it_may_answer():
    call = Call("m", (Message(role="user", content="\u00e9" * 100),), Sampling(max_tokens=50), prompt="user/speak")
    assert session._bound(PRICES)(call) >= 200 * 1e-3 + 50 * 2e-3
    open_ended = Call("m", (Message(role="user", content=""),), prompt="user/speak")
    assert session._bound(PRICES)(open_ended) >= session.DEFAULT_MAX_TOKENS * 2e-3


def test_a_role_without_a_model_of_its_own_has_the_common_one_and_its_address():
    options = ModelOptions(model=("openai/a", "judge=openai/b"), base_url=("http://127.0.0.1:1/v1",), price=("1,2",))
    found = session.endpoints_of(options, {"user/speak": None, "judge/prefer": None})
    price = Price(1e-6, 2e-6)
    assert found == {
        "judge": Endpoint("openai/b", "http://127.0.0.1:1/v1", price),
        "user": Endpoint("openai/a", "http://127.0.0.1:1/v1", price),
    }


def test_an_address_of_two_providers_is_refused():
    options = ModelOptions(model=("openai/a", "judge=anthropic/b"), base_url=("http://127.0.0.1:1/v1",))
    with pytest.raises(ConfigError, match="keys of anthropic and openai"):
        session.endpoints_of(options, {"user/speak": None, "judge/prefer": None})


def test_an_address_with_a_password_is_refused_without_showing_it():
    options = ModelOptions(model=("ollama/x",), base_url=("http://u:hunter2@127.0.0.1:1/v1",))
    with pytest.raises(ConfigError, match="holds a password") as refused:
        session.endpoints_of(options, {"user/speak": None})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        (ModelOptions(), ModelOptions.concurrency),
        (ModelOptions(batch=True), session.BATCH_IN_FLIGHT),
        (ModelOptions(batch=True, concurrency=7), 7),
    ],
)
def test_by_the_wave_every_conversation_is_in_flight_unless_a_number_is_given(options, limit):
    assert session._limit(options) == limit


def test_what_batches_under_way_may_cost_counts_as_spent(tmp_path):
    pending = [Wave("w", "m", "u", frozenset(), 0.0, {"a": 0.5, "b": 0.25}, "batch_1")]

    async def main():
        with opened(tmp_path / "r", "simulate", {}, {}, []) as run:
            return session._ledger(run, ModelOptions(budget=2.0, batch=True), PRICES, pending)

    ledger = asyncio.run(main())
    assert (ledger.spent, ledger.calls, ledger.committed) == (0.75, 2, {"a": 0.5, "b": 0.25})
