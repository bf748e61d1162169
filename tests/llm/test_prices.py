from __future__ import annotations

import subprocess
import sys

import pytest

from personagen.errors import UsageError
from personagen.llm import prices
from personagen.llm.prices import Price, cost, parse_price, price_of
from personagen.records import Usage


@pytest.fixture
def table(monkeypatch):
    """A price table of two models; one has prices in batches."""
    whole = {"litellm_provider": "openai", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    listed = {"input_cost_per_token_batches": 0.6e-6, "cache_read_input_token_cost": 0.2e-6}
    listed |= {"cache_read_input_token_cost_batches": 0.09e-6}
    monkeypatch.setattr(prices, "_table", lambda: {"half": whole, "listed": whole | listed})


@pytest.mark.parametrize("model", ["openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash", "gpt-4o"])
def test_a_listed_model_has_a_price(model):
    price = price_of(model)
    assert price
    assert 0 < price.cached_input < price.input < price.output < 1e-3


@pytest.mark.parametrize(
    "model", ["openai/no-such-model", "my-llm/x", "anthropic/gpt-4o", "openai/claude-sonnet-4-5", "mymodels:fast"]
)
def test_an_unknown_model_has_none(model):
    assert price_of(model) is None


def test_a_local_server_does_not_cost_what_its_models_name_costs_elsewhere(monkeypatch):
    assert price_of("openai/gpt-4o", base_url="http://127.0.0.1:8000/v1") is None
    assert price_of("openai/gpt-4o", base_url="http://api.openai.com.example.org/v1") is None
    assert price_of("openai/gpt-4o", base_url="https://eu.api.openai.com/v1") == price_of("openai/gpt-4o")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    assert price_of("openai/gpt-4o") is None


def test_a_given_price_wins():
    mine = Price(1.0, 2.0)
    assert price_of("openai/gpt-4o", override=mine) is mine
    assert price_of("my-llm/x", base_url="http://127.0.0.1/v1", override=mine) is mine


def test_the_offline_cast_is_free():
    for model in ("offline", "offline/2"):
        assert cost(price_of(model), Usage(input_tokens=9)) == 0.0


def test_a_price_is_read_in_usd_per_million():
    assert parse_price("0.25, 2") == Price(0.25e-6, 2e-6)
    assert parse_price("1,2,0.1").cached_input == pytest.approx(0.1e-6)
    assert parse_price("1,2,0.1,1.25").cache_write == pytest.approx(1.25e-6)


@pytest.mark.parametrize("text", ["", "1", "1,2,3,4,5", "a,b", "1,-2", "nan,1", "inf,1", "1;2", "$1,$2"])
def test_a_price_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="is not IN,OUT in USD per million"):
        parse_price(text)


def test_cached_tokens_cost_their_own_rate_where_it_is_known():
    usage = Usage(input_tokens=100, cached_input_tokens=40, output_tokens=10)
    assert cost(Price(2.0, 3.0, 0.5), usage) == 60 * 2.0 + 40 * 0.5 + 10 * 3.0
    assert cost(Price(2.0, 3.0), usage) == 100 * 2.0 + 10 * 3.0


def test_tokens_written_to_a_cache_cost_their_own_rate_where_it_is_known():
    usage = Usage(input_tokens=100, cached_input_tokens=40, cache_write_input_tokens=50, output_tokens=10)
    assert cost(Price(2.0, 3.0, 0.5, 2.5), usage) == 10 * 2.0 + 40 * 0.5 + 50 * 2.5 + 10 * 3.0
    assert cost(Price(2.0, 3.0, 0.5), usage) == 60 * 2.0 + 40 * 0.5 + 10 * 3.0


def test_writing_to_anthropics_cache_has_a_listed_price_and_is_the_dearest_input():
    price = price_of("anthropic/claude-sonnet-4-5")
    assert price.cache_write == pytest.approx(1.25 * price.input)
    assert price.dearest_input == price.cache_write
    assert price_of("openai/gpt-4o").dearest_input == price_of("openai/gpt-4o").input


def test_an_unknown_price_or_an_answer_without_counts_costs_none_and_not_zero():
    assert cost(None, Usage(input_tokens=5)) is None
    assert cost(Price(1.0, 1.0), Usage()) is None


def test_prices_are_read_without_importing_litellm():
    code = (
        "import sys; from personagen.llm.prices import price_of; assert price_of('openai/gpt-4o');"
        "assert 'litellm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_in_a_batch_the_tables_batch_price_counts(table):
    assert price_of("openai/listed", batch=True) == Price(0.6e-6, 1e-6, 0.09e-6)


def test_in_a_batch_a_price_is_halved_where_the_table_names_none(table):
    assert price_of("openai/half", batch=True) == Price(0.5e-6, 1e-6)


def test_in_a_batch_the_users_own_price_counts_as_it_is(table):
    assert price_of("openai/listed", override=Price(1.0, 2.0), batch=True) == Price(1.0, 2.0)
