from __future__ import annotations

from functools import partial

import pytest

from personagen.errors import ConfigError
from personagen.llm.anthropic import backend
from tests.llm import calls
from tests.llm.calls import CANARY, SCHEMA, a_call, ask, failing
from tests.servers import message, refusal, serving

opened = partial(calls.opened, backend=backend)


def test_a_call_arrives_with_system_apart_and_roles_alternating_and_comes_back_counted():
    said = [("system", "Be brief."), ("user", "Hi."), ("user", "You there?"), ("assistant", "Yes."), ("user", "Good.")]
    with serving(lambda _: message("Fine.", usage=(20, 4, 8, 2))) as server:
        [completion] = ask(opened(server.url), a_call(messages=said, temperature=0.3, max_tokens=50))
    [got] = server.requests
    assert got.path == "/v1/messages"
    assert CANARY in got.headers.get("x-api-key", got.headers.get("authorization"))
    assert got.body == {
        "model": "double",
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "Hi.\n\nYou there?"},
            {"role": "assistant", "content": "Yes."},
            {"role": "user", "content": "Good."},
        ],
        "temperature": 0.3,
        "max_tokens": 50,
    }
    assert (completion.text, completion.finish_reason, completion.model) == ("Fine.", "stop", "double")
    usage = completion.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (30, 4, None)
    assert (usage.cached_input_tokens, usage.cache_write_input_tokens) == (8, 2)


def test_without_a_key_nothing_is_sent_and_its_variable_is_named():
    error = failing(opened(None, api_key=None), a_call())
    assert isinstance(error, ConfigError)
    assert "ANTHROPIC_API_KEY is not set" in str(error)


@pytest.mark.parametrize(
    ("stop_reason", "reason"),
    [("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("refusal", "refusal")],
)
def test_how_a_reply_ended_is_told(stop_reason, reason):
    with serving(lambda _: message("Well.", stop_reason=stop_reason)) as server:
        [completion] = ask(opened(server.url), a_call())
    assert completion.finish_reason == reason


def test_a_schema_goes_out_as_it_is_in_the_protocols_own_form():
    with serving(lambda _: message("{}")) as server:
        ask(opened(server.url), a_call(schema=SCHEMA))
    assert server.requests[0].body["output_config"]["format"] == {"type": "json_schema", "schema": SCHEMA}


def test_of_two_settings_that_exclude_each_other_temperature_stays():
    def answer(got):
        if {"temperature", "top_p"} <= got.body.keys():
            return refusal(400, "`temperature` and `top_p` cannot both be specified for this model.")
        return message("Fine.")

    with serving(answer) as server:
        ask(opened(server.url), a_call(temperature=0.8, top_p=0.9))
    assert len(server.requests) == 2
    assert server.requests[1].body["temperature"] == 0.8
    assert "top_p" not in server.requests[1].body
