"""Which model a role asks, and where."""

from __future__ import annotations

import pytest

from personagen.errors import ConfigError
from personagen.llm.endpoints import Endpoint, Models, endpoint, resolve
from personagen.llm.prices import Price
from personagen.options import ModelOptions


def test_a_role_without_a_model_of_its_own_has_the_common_one_and_its_address():
    options = ModelOptions(model=("openai/a", "judge=openai/b"), base_url=("http://127.0.0.1:1/v1",), price=("1,2",))
    found = resolve(options, ("user", "judge"))
    price = Price(1e-6, 2e-6)
    assert found.by_role == {
        "judge": Endpoint("openai/b", "http://127.0.0.1:1/v1", price),
        "user": Endpoint("openai/a", "http://127.0.0.1:1/v1", price),
    }


def test_an_address_of_two_providers_is_refused():
    options = ModelOptions(model=("openai/a", "judge=anthropic/b"), base_url=("http://127.0.0.1:1/v1",))
    with pytest.raises(ConfigError, match="keys of anthropic and openai"):
        resolve(options, ("user", "judge"))


@pytest.mark.parametrize("place", ["127.0.0.1:1", "127.0.0.1:80x", "[::1"])
def test_an_address_with_a_password_is_refused_without_showing_it(place):
    options = ModelOptions(model=("ollama/x",), base_url=(f"http://u:hunter2@{place}/v1",))
    with pytest.raises(ConfigError, match="holds a password") as refused:
        resolve(options, ("user",))
    assert "hunter2" not in str(refused.value)


def test_roles_with_the_same_settings_share_one_endpoint():
    models = resolve(ModelOptions(model=("openai/a", "judge=openai/b")), ("user", "assistant", "judge"))
    assert models.by_role["user"] is models.by_role["assistant"]
    assert models.by_role["judge"] is not models.by_role["user"]


def test_a_function_given_from_python_is_asked_by_its_name():
    async def mine(call): ...

    models = resolve(ModelOptions(model=(mine,)), ("user",))
    assert models.names["user"].endswith("mine")
    assert models.by_role["user"].is_local


@pytest.mark.parametrize(
    ("model", "url", "near"),
    [
        ("openai/x", "http://127.0.0.1:8000/v1", True),
        ("openai/x", "http://localhost:8000/v1", True),
        ("openai/x", "http://192.168.3.4/v1", True),
        ("openai/x", "http://[::1]:8000/v1", True),
        ("openai/x", "https://api.example.com/v1", False),
        ("openai/x", None, False),
        ("mistral/x", None, False),
        ("tests.fakes:llm", None, True),
    ],
)
def test_an_unknown_price_is_asked_about_unless_the_server_is_near_by(monkeypatch, model, url, near):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert Endpoint(model, url).is_near == near


@pytest.mark.parametrize(
    ("model", "url", "price", "free"),
    [
        ("offline", None, (), True),
        ("tests.fakes:llm", None, (), True),
        ("openai/own", "http://127.0.0.1:8000/v1", (), True),
        ("openai/own", "http://192.168.1.2:8000/v1", (), True),
        ("openai/own", "http://127.0.0.1:8000/v1", ("1,2",), False),
        ("offline", None, ("1,2",), False),
        ("openai/own", "https://llm.example/v1", (), False),
        ("openai/gpt-5-mini", None, (), False),
    ],
)
def test_nothing_can_cost_where_all_models_are_near_and_no_price_is_given(model, url, price, free):
    options = ModelOptions(model=(model,), base_url=(url,) if url else (), price=price)
    assert resolve(options, ["user"]).are_free == free


def test_a_policy_has_its_own_model_address_and_price():
    from personagen.options import SimulateOptions

    options = SimulateOptions(
        model=["openai/a"],
        candidate=["plain", "policy=openai/b", "policy-c=openai/c"],
        base_url=["http://127.0.0.1:1/v1", "policy-c=http://127.0.0.1:2/v1"],
        price=["1,1", "policy=2,3"],
    )
    found = resolve(options, {"assistant", "policy", "policy-c"})
    assert found.names == {"assistant": "openai/a", "policy": "openai/b", "policy-c": "openai/c"}
    assert {role: there.base_url[-4] for role, there in found.by_role.items()} == {
        "assistant": "1",
        "policy": "1",
        "policy-c": "2",
    }
    assert found.prices["policy"] == Price(2e-6, 3e-6)
    assert found.prices["policy-c"] == Price(1e-6, 1e-6)


def test_a_shared_address_for_a_policy_of_another_provider_is_refused():
    from personagen.options import SimulateOptions

    options = SimulateOptions(
        model="openai/a", candidate=["plain", "policy=anthropic/b"], base_url="http://127.0.0.1:1/v1"
    )
    with pytest.raises(ConfigError, match="would get the keys of anthropic and openai"):
        resolve(options, {"assistant", "policy"})


@pytest.mark.parametrize(
    ("models", "paced"),
    [
        ({"user": "openai/u", "assistant": "openai/a"}, "user"),
        ({"user": "offline", "assistant": "openai/a"}, "assistant"),
        ({"user": "my_model:answer", "judge": "openai/j"}, "judge"),
        ({"user": "offline", "assistant": "offline"}, "user"),
    ],
)
def test_items_begin_at_the_pace_of_a_model_that_is_not_local(models, paced):
    assert Models({role: endpoint(name) for role, name in models.items()}).pacing("user") == paced
