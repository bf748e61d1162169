from __future__ import annotations

from functools import partial

import pytest

from personagen.call import DEFAULT_MAX_TOKENS
from personagen.errors import ConfigError, ServerError
from personagen.llm.anthropic import backend
from tests.llm import calls
from tests.llm.calls import CANARY, REFUSALS, SCHEMA, a_call, ask, failing
from tests.servers import Reply, message, refusal, serving

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


def test_max_tokens_is_sent_even_where_the_call_names_none():
    with serving(lambda _: message("Fine.")) as server:
        ask(opened(server.url), a_call())
    assert server.requests[0].body["max_tokens"] == DEFAULT_MAX_TOKENS


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/"])
def test_a_base_url_works_with_and_without_v1_and_slash(tail):
    with serving(lambda _: message("Fine.")) as server:
        ask(opened(server.url + tail), a_call())
    assert server.requests[0].path == "/v1/messages"


def test_a_local_server_needs_no_key():
    with serving(lambda _: message("Fine.")) as server:
        [completion] = ask(opened(server.url, api_key=None), a_call())
    assert completion.text == "Fine."


def test_without_a_key_nothing_is_sent_and_its_variable_is_named():
    error = failing(opened(None, api_key=None), a_call())
    assert isinstance(error, ConfigError)
    assert "ANTHROPIC_API_KEY is not set" in str(error)


@pytest.mark.parametrize(("status", "words", "code", "kind"), REFUSALS)
def test_a_refusal_becomes_our_error_after_exactly_one_request(status, words, code, kind):
    with serving(lambda _: refusal(status, words, code=code)) as server:
        error = failing(opened(server.url), a_call(temperature=0.5))
    assert type(error) is kind
    assert len(server.requests) == 1
    assert CANARY not in repr(error)
    if kind is ServerError:
        assert error.status == status


def test_the_wait_a_server_asks_for_is_kept():
    with serving(lambda _: refusal(529, "Overloaded", headers={"retry-after": "7"})) as server:
        error = failing(opened(server.url), a_call())
    assert error.retry_after == 7.0


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"null", b"[]", b'{"content": [{"type": "text"}]}'])
def test_an_answer_that_is_no_completion_may_be_asked_again(body):
    with serving(lambda _: Reply(body)) as server:
        error = failing(opened(server.url), a_call())
    assert type(error) is ServerError


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


def test_a_server_that_refuses_schemas_is_asked_in_words_once_and_for_all():
    def answer(got):
        if "output_config" in got.body:
            return refusal(400, "output_config: Extra inputs are not permitted")
        return message("{}")

    with serving(answer) as server:
        ask(opened(server.url), a_call(schema=SCHEMA), a_call("Again?", schema=SCHEMA))
    assert ["output_config" in got.body for got in server.requests] == [True, False, False]
    assert '"words"' in server.requests[1].messages[-1]["content"]


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
