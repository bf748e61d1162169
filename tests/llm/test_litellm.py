from __future__ import annotations

import asyncio
import os
from copy import deepcopy
from functools import partial

import pytest

from personagen.errors import ConfigError, ServerError
from personagen.llm.litellm import backend
from personagen.records import Usage
from tests.llm import calls
from tests.llm.calls import CANARY, SCHEMA, a_call, ask, failing
from tests.servers import chat, refusal, serving


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


def opened(model, base_url=None, **options):
    return calls.opened(base_url, backend, model=model, **{"api_key": None, **options})


served = partial(calls.opened, backend=backend, model="hosted_vllm/double")


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


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [
        (
            ImportError("Missing boto3 to call bedrock. Run 'pip install boto3'."),
            "needs a package that is not installed",
        ),
        (ValueError("No module named 'google'"), "needs a package that is not installed"),
        (ValueError("Your default credentials were not found. To set up, see https://x"), "needs credentials"),
        (ValueError("BedrockException Invalid Authentication - Unable to locate credentials"), "needs credentials"),
        (ValueError("Missing credentials. Please pass one of `api_key`, `azure_ad_token`"), "needs credentials"),
        (ValueError("Missing Snowflake JWT key"), "needs credentials"),
    ],
)
def test_what_a_provider_misses_on_this_machine_is_told_without_asking_again(provider, problem, wanted):
    def reply(model, messages, **kwargs):
        raise problem

    provider(reply)
    error = failing(opened("my-llm/x"), a_call())
    assert isinstance(error, ConfigError)
    assert wanted in str(error)


def test_the_providers_own_word_for_an_ending_counts(provider):
    def reply(model, messages, **kwargs):
        own = {"native_finish_reason": "MAX_TOKENS"}
        message = {"content": "Well, I", "reasoning_content": "Hm, hm."}
        choice = litellm.Choices(finish_reason="stop", message=message, provider_specific_fields=own)
        usage = litellm.Usage(prompt_tokens=10, completion_tokens=5, total_tokens=900)
        return litellm.ModelResponse(choices=[choice], usage=usage)

    litellm = provider(reply)
    [completion] = ask(opened("my-llm/x"), a_call())
    assert completion.finish_reason == "length"
    assert (completion.usage.output_tokens, completion.usage.reasoning_tokens) == (890, 885)


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


def test_a_limit_that_is_refused_goes_by_its_other_name_and_is_never_left_out():
    def answer(got):
        names = [name for name in got.body if name.startswith("max_")]
        return refusal(400, f"Unsupported parameter: '{names[0]}' is not supported.") if names else chat("Fine.")

    with serving(answer) as server:
        error = failing(served(server.v1), a_call(max_tokens=9))
    assert isinstance(error, ConfigError)
    sent = [{name: value for name, value in got.body.items() if name.startswith("max_")} for got in server.requests]
    assert sent == [{"max_tokens": 9}, {"max_completion_tokens": 9}]


def test_the_servers_own_words_and_the_keys_variable_are_told():
    with serving(lambda _: refusal(401, "who are you")) as server:
        error = failing(served(server.v1), a_call())
    assert "HTTP 401: the key in HOSTED_VLLM_API_KEY is refused: who are you;" in str(error)


def test_one_process_may_open_it_again():
    async def run(base_url):
        for _ in range(2):
            async with opened("openai/double", base_url, api_key=CANARY) as llm:
                completion = await llm(a_call())
        return completion

    with serving(lambda _: chat("Fine.")) as server:
        assert asyncio.run(run(server.v1)).text == "Fine."
