from __future__ import annotations

import asyncio

import orjson
import pytest

from personagen.errors import ConfigError, ServerError
from personagen.llm import anthropic, openai
from personagen.llm.errors import Server
from personagen.llm.openai import HOST, request
from tests.llm.calls import CANARY, SCHEMA, a_call, ask, failing, opened
from tests.servers import Reply, chat, refusal, serving


def test_a_call_arrives_with_its_messages_and_settings_and_comes_back_counted():
    with serving(lambda _: chat("Fine.", usage=(20, 4, 8))) as server:
        [completion] = ask(opened(server.v1), a_call(temperature=0.3, top_p=0.9, max_tokens=50))
    [got] = server.requests
    assert got.path == "/v1/chat/completions"
    assert got.headers["authorization"] == f"Bearer {CANARY}"
    assert got.body == {
        "model": "double",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How are you?"}],
        "temperature": 0.3,
        "top_p": 0.9,
        "max_tokens": 50,
    }
    assert (completion.text, completion.finish_reason, completion.model) == ("Fine.", "stop", "double")
    usage = completion.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens) == (20, 4, 8)
    assert usage.cost_usd is None


def test_place_prompt_and_inputs_never_reach_the_server():
    with serving(lambda _: chat("Fine.")) as server:
        ask(opened(server.v1), a_call(prompt="judge/prefer-canary"))
    assert b"canary" not in orjson.dumps(server.requests[0].body)


def test_a_base_url_with_a_path_of_its_own_is_left_alone():
    with serving(lambda _: chat("Fine.")) as server:
        ask(opened(f"{server.url}/api/openai/"), a_call())
    assert server.requests[0].path == "/api/openai/chat/completions"


def test_a_local_server_needs_no_key():
    with serving(lambda _: chat("Fine.")) as server:
        ask(opened(server.v1, api_key=None), a_call())
    assert server.requests[0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize(
    ("base_url", "key", "wanted"),
    [
        (None, None, "OPENAI_API_KEY is not set"),
        ("127.0.0.1:8000/v1", None, "http://HOST:PORT/v1"),
        ("http://me:hunter22@127.0.0.1/v1", None, "give the key in OPENAI_API_KEY"),
        (None, "sk-żółw", "copy it again"),
    ],
)
def test_what_can_not_work_is_refused_before_any_request(base_url, key, wanted):
    error = failing(opened(base_url, api_key=key), a_call())
    assert isinstance(error, ConfigError)
    assert wanted in str(error)
    assert "hunter22" not in str(error)


def test_a_refused_key_is_named_by_its_variable_and_never_shown():
    words = f"Incorrect API key provided: sk-canar***************ghij, {CANARY[3:]}. See https://x"
    with serving(lambda _: refusal(401, words)) as server:
        error = failing(opened(server.v1), a_call())
    assert "OPENAI_API_KEY" in str(error)
    assert "canar" not in str(error)
    assert "ghij" not in str(error)
    assert error.__cause__ is None


def test_a_missing_model_is_named_with_its_address():
    with serving(lambda _: refusal(404, "no such model")) as server:
        error = failing(opened(server.v1), a_call())
    assert "openai/double" in str(error)
    assert server.v1 in str(error)


def test_an_error_sent_with_status_200_is_an_error():
    with serving(lambda _: Reply({"error": {"message": "no credits", "code": 402}})) as server:
        error = failing(opened(server.v1), a_call())
    assert "402" in str(error)
    assert error.exit_code == 4


def test_an_error_within_a_choice_is_an_error_with_its_own_status():
    """As OpenRouter sends it where a provider fails after it has begun."""
    problem = {"code": 502, "message": "Provider returned error", "metadata": {"provider_name": "X"}}
    body = chat("Well, I", finish_reason="error").body
    body["choices"][0]["error"] = problem
    with serving(lambda _: Reply(body)) as server:
        error = failing(opened(server.v1), a_call())
    assert type(error) is ServerError
    assert "HTTP 502: Provider returned error" in str(error)


def test_a_setting_refused_with_status_200_is_left_out_too():
    def answer(got):
        words = "Unsupported parameter: temperature"
        return Reply({"error": {"message": words, "code": 400}}) if "temperature" in got.body else chat('Say "error".')

    with serving(answer) as server:
        [completion] = ask(opened(server.v1), a_call(temperature=0.3))
    assert (completion.text, len(server.requests)) == ('Say "error".', 2)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit exceeded(RPM)"}}, 429),
        ({"object": "error", "message": "Internal", "code": 500}, 500),
        ({"success": False, "errors": [{"message": "service overloaded", "code": 3040}]}, 503),
    ],
)
@pytest.mark.parametrize("protocol", [openai.backend, anthropic.backend])
def test_an_error_with_status_200_is_one_in_whatever_form_and_not_paid(protocol, body, kind):
    with serving(lambda _: Reply(body)) as server:
        error = failing(opened(server.v1, protocol), a_call())
    assert type(error) is ServerError
    assert (error.status, error.billed) == (kind, False)


def test_a_redirect_is_refused_and_not_followed():
    with serving(lambda _: Reply(b"", 307, {"Location": "/elsewhere"})) as server:
        error = failing(opened(server.v1), a_call())
    assert isinstance(error, ConfigError)
    assert len(server.requests) == 1


def test_a_server_that_hangs_up_may_be_asked_again():
    with serving(lambda _: Reply(status=0)) as server:
        error = failing(opened(server.v1), a_call())
    assert type(error) is ServerError
    assert len(server.requests) == 1


def test_an_answer_that_takes_too_long_may_be_asked_again():
    with serving(lambda _: Reply(delay=1.0)) as server:
        error = failing(opened(server.v1, timeout=0.1), a_call())
    assert type(error) is ServerError
    assert "in time" in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "text", "reason"),
    [
        (chat("cut", finish_reason="length"), "cut", "length"),
        (chat(None), "", "stop"),
        (chat(None, refusal="I can't."), "I can't.", "refusal"),
        (chat("", finish_reason="content_filter"), "", "content_filter"),
    ],
)
def test_how_a_reply_ended_is_told(reply, text, reason):
    with serving(lambda _: reply) as server:
        [completion] = ask(opened(server.v1), a_call())
    assert (completion.text, completion.finish_reason) == (text, reason)


def test_text_in_parts_is_joined():
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    with serving(lambda _: chat(parts)) as server:
        [completion] = ask(opened(server.v1), a_call())
    assert completion.text == "ab"


def test_a_schema_goes_out_as_it_is_and_strict():
    with serving(lambda _: chat("{}")) as server:
        ask(opened(server.v1), a_call(schema=SCHEMA))
    demand = {"name": "reply", "strict": True, "schema": SCHEMA}
    assert server.requests[0].body["response_format"] == {"type": "json_schema", "json_schema": demand}


def test_a_setting_that_a_model_does_not_know_is_left_out_with_a_warning(caplog):
    words = "Unsupported value: 'temperature' does not support 0.8 with this model. Only the default (1) is supported."

    def answer(got):
        return refusal(400, words, code="unsupported_value") if "temperature" in got.body else chat("Fine.")

    with serving(answer) as server:
        ask(opened(server.v1), a_call(temperature=0.8), a_call("Again?", temperature=0.8))
    assert ["temperature" in got.body for got in server.requests] == [True, False, False]
    assert "temperature" in caplog.text


def test_openai_itself_is_sent_the_new_name_of_max_tokens():
    body, _ = request(Server("openai/m", HOST, "K"), "m", a_call(max_tokens=9), set())
    assert (body.get("max_completion_tokens"), body.get("max_tokens")) == (9, None)


def test_the_other_name_of_max_tokens_is_tried_once_where_one_is_refused():
    def answer(got):
        words = "Unsupported parameter: 'max_tokens' is not supported with this model."
        return refusal(400, words) if "max_tokens" in got.body else chat("Fine.")

    with serving(answer) as server:
        ask(opened(server.v1), a_call(max_tokens=9), a_call("Again?", max_tokens=9))
    names = [next(name for name in got.body if name.startswith("max_")) for got in server.requests]
    assert names == ["max_tokens", "max_completion_tokens", "max_completion_tokens"]


def test_a_server_that_refuses_whatever_is_left_out_is_not_asked_for_ever():
    words = "unknown parameters: temperature, top_p, max_tokens, max_completion_tokens, response_format"

    def answer(_):
        return refusal(400, words) if len(server.requests) < 9 else refusal(401, "enough")

    with serving(answer) as server:
        error = failing(opened(server.v1), a_call(temperature=1.0, top_p=1.0, max_tokens=9, schema=SCHEMA))
    assert isinstance(error, ConfigError)
    assert len(server.requests) == 5


def test_many_calls_are_under_way_at_once():
    async def run(base_url):
        async with opened(base_url, timeout=30) as llm:
            await asyncio.gather(*(llm(a_call(f"Question {i}")) for i in range(120)))

    here = asyncio.Event()

    async def answer_when_all_are_here(connection):
        if len(server.requests) == 120:
            here.set()
        await here.wait()
        await connection.send(200, chat("Fine.").body)

    with serving(chat, misbehave=lambda _: answer_when_all_are_here) as server:
        asyncio.run(run(server.v1))
    assert len(server.requests) == 120
