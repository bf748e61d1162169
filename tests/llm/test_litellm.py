from __future__ import annotations

import asyncio
import os
import socket
from copy import deepcopy

import pytest

from personagen.call import DEFAULT_MAX_TOKENS
from personagen.errors import BudgetError, ConfigError, ReplyError, ServerError
from personagen.llm.litellm import backend
from personagen.records import Usage
from tests.llm.calls import CANARY, SCHEMA, a_call, ask, failing
from tests.servers import Reply, chat, refusal, serving


@pytest.fixture
def provider():
    """Registers a provider ``my-llm`` with LiteLLM, whose answer ``reply(model, messages, **kwargs)`` gives."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    def register(reply):
        class Handler(litellm.CustomLLM):
            async def acompletion(self, model, messages, **kwargs):
                return reply(model, messages, **kwargs)

        litellm.custom_provider_map = [{"provider": "my-llm", "custom_handler": Handler()}]
        return litellm

    yield register
    litellm.custom_provider_map = []


def opened(model, base_url=None, *, api_key=None, timeout=5.0):
    return backend(model, base_url=base_url, api_key=api_key, timeout=timeout)


def served(base_url, api_key=CANARY):
    return opened("hosted_vllm/double", base_url, api_key=api_key)


def test_a_provider_registered_with_litellm_answers(provider):
    got = []

    def reply(model, messages, **kwargs):
        got.append((model, messages, kwargs["optional_params"]))
        usage = litellm.Usage(prompt_tokens=7, completion_tokens=2, total_tokens=9)
        return litellm.ModelResponse(choices=[{"message": {"content": "Fine."}, "finish_reason": "stop"}], usage=usage)

    litellm = provider(reply)
    [completion] = ask(opened("my-llm/x"), a_call(temperature=0.3, schema=SCHEMA))
    assert (completion.text, completion.finish_reason) == ("Fine.", "stop")
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (7, 2)
    [(model, messages, options)] = got
    assert model == "x"
    assert messages[-1] == {"role": "user", "content": "How are you?"}
    assert options["temperature"] == 0.3
    assert options["response_format"]["json_schema"]["schema"] == SCHEMA


def test_what_a_provider_reads_from_its_cache_and_writes_to_it_is_counted(provider):
    def reply(model, messages, **kwargs):
        told = {"cache_read_input_tokens": 60, "cache_creation_input_tokens": 30}
        usage = litellm.Usage(prompt_tokens=100, completion_tokens=2, total_tokens=102, **told)
        return litellm.ModelResponse(choices=[{"message": {"content": "Fine."}, "finish_reason": "stop"}], usage=usage)

    litellm = provider(reply)
    [completion] = ask(opened("my-llm/x"), a_call())
    assert completion.usage == Usage(
        input_tokens=100, output_tokens=2, cached_input_tokens=60, cache_write_input_tokens=30, cost_usd=None
    )


def test_a_schema_that_litellm_rewrites_is_whole_in_the_next_call(provider):
    def reply(model, messages, **kwargs):
        kwargs["optional_params"]["response_format"]["json_schema"]["schema"].clear()
        return litellm.ModelResponse(choices=[{"message": {"content": "{}"}, "finish_reason": "stop"}])

    litellm = provider(reply)
    schema = deepcopy(SCHEMA)
    ask(opened("my-llm/x"), a_call(schema=schema))
    assert schema == SCHEMA


def test_what_a_provider_of_ones_own_raises_may_be_asked_again(provider):
    def reply(model, messages, **kwargs):
        raise ValueError(f"the tape ran out, said {CANARY}")

    provider(reply)
    error = failing(opened("my-llm/x"), a_call())
    assert type(error) is ServerError
    assert "the tape ran out" in str(error)
    assert CANARY not in str(error)
    assert "Traceback" not in str(error)


def test_a_model_of_no_known_provider_is_refused_before_any_request():
    error = failing(opened("nobody-knows-this/x"), a_call())
    assert isinstance(error, ConfigError)
    assert "unknown model 'nobody-knows-this/x'" in str(error)


def test_a_missing_key_is_named_before_any_request():
    error = failing(opened("mistral/mistral-large-latest"), a_call())
    assert isinstance(error, ConfigError)
    assert "MISTRAL_API_KEY is not set" in str(error)


def test_a_call_arrives_and_comes_back_counted():
    with serving(lambda _: chat("Fine.", usage=(20, 4, 8))) as server:
        [completion] = ask(served(server.v1), a_call(temperature=0.3, max_tokens=50))
    [got] = server.requests
    assert got.body["model"] == "double"
    assert (got.body["temperature"], got.body["max_tokens"]) == (0.3, 50)
    assert got.messages[-1]["content"] == "How are you?"
    usage = completion.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens) == (20, 4, 8)
    assert usage.cost_usd is None


def test_a_reply_has_a_limit_even_where_the_call_names_none():
    with serving(lambda _: chat("Fine.")) as server:
        ask(served(server.v1), a_call())
    assert server.requests[0].body["max_tokens"] == DEFAULT_MAX_TOKENS


def test_a_limit_that_is_refused_goes_by_its_other_name_and_is_never_left_out():
    def answer(got):
        names = [name for name in got.body if name.startswith("max_")]
        return refusal(400, f"Unsupported parameter: '{names[0]}' is not supported.") if names else chat("Fine.")

    with serving(answer) as server:
        error = failing(served(server.v1), a_call(max_tokens=9))
    assert isinstance(error, ConfigError)
    sent = [{name: value for name, value in got.body.items() if name.startswith("max_")} for got in server.requests]
    assert sent == [{"max_tokens": 9}, {"max_completion_tokens": 9}]


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (401, f"Incorrect API key provided: {CANARY}", ConfigError),
        (404, "The model does not exist", ConfigError),
        (400, "temperature must be at most 2", ConfigError),
        (400, "This model's maximum context length is 8192 tokens", ReplyError),
        (402, "Insufficient Balance", BudgetError),
        (429, "Rate limit reached", ServerError),
        (500, "internal", ServerError),
        (503, "loading", ServerError),
    ],
)
def test_a_refusal_becomes_our_error_after_exactly_one_request(status, words, kind):
    with serving(lambda _: refusal(status, words)) as server:
        error = failing(served(server.v1), a_call())
    assert type(error) is kind
    assert len(server.requests) == 1
    assert CANARY not in str(error)


def test_the_servers_own_words_and_the_keys_variable_are_told():
    with serving(lambda _: refusal(401, "who are you")) as server:
        error = failing(served(server.v1), a_call())
    assert "HTTP 401: the key in HOSTED_VLLM_API_KEY is refused: who are you;" in str(error)


def test_the_wait_a_server_asks_for_is_kept():
    with serving(lambda _: refusal(429, "slow down", headers={"retry-after": "7"})) as server:
        error = failing(served(server.v1), a_call())
    assert error.retry_after == 7.0


def test_an_answer_that_is_no_completion_may_be_asked_again():
    with serving(lambda _: Reply(b"<html>Bad gateway</html>")) as server:
        error = failing(served(server.v1), a_call())
    assert type(error) is ServerError


def test_where_nothing_listens_the_message_says_so():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failing(served(f"http://127.0.0.1:{port}/v1"), a_call())
    assert type(error) is ServerError
    assert f"nothing listens at http://127.0.0.1:{port}/v1" in str(error)


def test_a_server_that_refuses_schemas_is_asked_in_words_once_and_for_all():
    def answer(got):
        return refusal(400, "response_format is not supported") if "response_format" in got.body else chat("{}")

    with serving(answer) as server:
        ask(served(server.v1), a_call(schema=SCHEMA), a_call("Again?", schema=SCHEMA))
    assert ["response_format" in got.body for got in server.requests] == [True, False, False]


def test_one_process_may_open_it_again():
    async def run(base_url):
        for _ in range(2):
            async with opened("openai/double", base_url, api_key=CANARY) as llm:
                completion = await llm(a_call())
        return completion

    with serving(lambda _: chat("Fine.")) as server:
        assert asyncio.run(run(server.v1)).text == "Fine."
