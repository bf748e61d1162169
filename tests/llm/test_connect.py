from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager

import pytest

from personagen.errors import ConfigError, ServerError, UsageError
from personagen.llm.connect import Endpoint, connect
from personagen.llm.prices import Price
from personagen.llm.room import FIRST_ROOM, Rooms, with_room
from personagen.records import Completion, Usage
from tests.llm.calls import CANARY, SCHEMA, a_call, ask, failing
from tests.servers import Reply, chat, message, refusal, serving


def test_each_call_goes_to_the_model_of_its_role():
    with serving(lambda _: chat("common")) as common, serving(lambda _: message("judged")) as judges:
        models = {"default": Endpoint("openai/a", common.v1), "judge": Endpoint("anthropic/b", judges.url)}
        completions = ask(connect(models), a_call(prompt="user/speak"), a_call(prompt="judge/prefer"))
    assert [c.text for c in completions] == ["common", "judged"]
    assert [r.body["model"] for r in common.requests + judges.requests] == ["a", "b"]


def test_the_key_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with serving(lambda _: chat("Fine.")) as server:
        ask(connect({"user": Endpoint("openai/a", server.v1)}), a_call())
    assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"


def test_the_address_may_come_from_the_environment(monkeypatch):
    with serving(lambda _: chat("Fine.")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.v1)
        [completion] = ask(connect({"user": Endpoint("openai/a")}), a_call())
    assert completion.text == "Fine."


def test_a_reply_that_the_server_itself_refuses_as_no_json_is_a_completion_of_unknown_cost():
    words = "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details."
    body = {"error": {"message": words, "code": "json_validate_failed", "failed_generation": "{words: []}"}}
    with serving(lambda _: Reply(body, 400)) as server:
        [completion] = ask(connect({"user": Endpoint("openai/a", server.v1, Price(1e-6, 1e-6))}), a_call(schema=SCHEMA))
        assert len(server.requests) == 1
    assert (completion.text, completion.finish_reason) == ("{words: []}", "stop")
    assert completion.usage == Usage(cost_usd=None)


def test_a_model_that_spends_all_its_tokens_on_reasoning_gets_more_where_the_server_refuses_such_a_reply():
    """As OpenAI does."""
    words = "Could not finish the message because max_tokens or model output limit was reached. Please try again"

    def answer(got):
        return refusal(400, words) if got.body["max_tokens"] < 1000 else chat("Fine.")

    @asynccontextmanager
    async def layered(url):
        async with connect({"user": Endpoint("openai/a", url)}) as llm:
            yield with_room(llm, Rooms())

    with serving(answer) as server:
        [completion] = ask(layered(server.v1), a_call(max_tokens=400))
    assert completion.text == "Fine."
    assert [got.body["max_tokens"] for got in server.requests] == [400, 400 + FIRST_ROOM]


def test_a_given_price_gives_each_completion_its_cost():
    with serving(lambda _: chat("Fine.", usage=(1000, 100, 400))) as server:
        endpoint = Endpoint("openai/a", server.v1, Price(2e-6, 8e-6, 1e-6))
        [completion] = ask(connect({"user": endpoint}), a_call())
    assert completion.usage.cost_usd == pytest.approx(600 * 2e-6 + 400 * 1e-6 + 100 * 8e-6)


def test_an_unknown_price_makes_the_cost_unknown():
    with serving(lambda _: chat("Fine.")) as server:
        [completion] = ask(connect({"user": Endpoint("openai/gpt-4o", server.v1)}), a_call())
    assert completion.usage.cost_usd is None
    assert completion.usage.input_tokens == 12


@pytest.mark.parametrize("model", ["nonsense", "openai/", "no_such_module_here:f", "json:no_such_function", ""])
def test_a_model_that_does_not_exist_is_refused_before_any_call(model):
    async def run():
        async with connect({"user": Endpoint(model)}):
            raise AssertionError("connected")

    with pytest.raises((ConfigError, UsageError), match=r"unknown model|can't be loaded"):
        asyncio.run(run())


def test_a_missing_key_is_refused_before_any_call():
    async def run():
        async with connect({"user": Endpoint("openai/gpt-4o")}):
            raise AssertionError("connected")

    with pytest.raises(ConfigError, match="OPENAI_API_KEY is not set"):
        asyncio.run(run())


def test_a_request_is_bounded_as_a_whole(own):
    module = own("import asyncio\nasync def answer(call):\n    await asyncio.sleep(9)\n")
    error = failing(connect({"user": Endpoint(f"{module}:answer")}, timeout=0.2), a_call())
    assert type(error) is ServerError
    assert "no answer within 0.2 seconds" in str(error)


def test_an_async_function_of_ones_own_is_a_model(own):
    module = own(
        "from personagen.records import Completion, Usage\n"
        "async def answer(call):\n"
        "    return Completion(text=call.messages[-1].content.upper(), usage=Usage(cost_usd=0.25))\n"
    )
    [completion] = ask(connect({"user": Endpoint(f"{module}:answer")}), a_call("hi"))
    assert completion == Completion(text="HI", usage=Usage(cost_usd=0.25))


def test_a_factory_of_ones_own_is_opened_and_closed(own):
    module = own(
        "from contextlib import asynccontextmanager\n"
        "from personagen.records import Completion\n"
        "seen = []\n"
        "@asynccontextmanager\n"
        "async def backend(model, *, base_url, api_key, timeout):\n"
        "    async def answer(call):\n"
        "        return Completion(text=base_url)\n"
        "    seen.append(timeout)\n"
        "    yield answer\n"
        "    seen.append('closed')\n"
    )
    endpoint = Endpoint(f"{module}:backend", "http://127.0.0.1:1/v1")
    [completion] = ask(connect({"user": endpoint}, timeout=3.0), a_call())
    assert completion.text == "http://127.0.0.1:1/v1"
    assert sys.modules[module].seen == [3.0, "closed"]


@pytest.mark.parametrize(
    "code",
    [
        "async def backend(*_, **__):\n    yield None\n",
        "def backend(*_, **__):\n    return {}['MY_KEY']\n",
        "def backend(*_, **__):\n    return 1\n",
    ],
)
def test_a_factory_that_cant_be_opened_is_refused_by_its_name(own, code):
    module = own(code)
    error = failing(connect({"user": Endpoint(f"{module}:backend")}), a_call())
    assert type(error) is UsageError
    assert f"{module}:backend is neither" in str(error)


def test_what_a_function_of_ones_own_raises_is_told_without_keys(own, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "canary-0123456789abcdef")
    module = own(
        "import os\n"
        "async def answer(call):\n"
        "    raise OSError(f\"404 for http://host/generate?key={os.environ['MY_API_KEY']}\")\n"
    )
    error = failing(connect({"user": Endpoint(f"{module}:answer")}), a_call())
    assert "raised OSError: 404 for http://host/generate?key=[key]" in str(error)


def test_roles_with_the_same_endpoint_share_it(own):
    module = own(
        "from contextlib import asynccontextmanager\n"
        "opened = []\n"
        "@asynccontextmanager\n"
        "async def backend(model, **settings):\n"
        "    opened.append(model)\n"
        "    yield None\n"
    )

    async def run():
        async with connect({role: Endpoint(f"{module}:backend") for role in ("user", "judge", "observer")}):
            pass

    asyncio.run(run())
    assert len(sys.modules[module].opened) == 1
