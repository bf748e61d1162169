"""What a server says went wrong, in whatever form its answer has."""

from __future__ import annotations

import orjson
import pytest

from personagen.errors import BudgetError, ConfigError, ReplyError, ServerError
from personagen.llm.errors import Server, error
from personagen.llm.failures import failure, failure_within

SERVER = Server("openai/m", "http://127.0.0.1/v1", "OPENAI_API_KEY")
BEHIND = {"error": {"message": "no", "type": "BadRequestError"}}


def found(status, body, headers=None):
    return failure(status, body if isinstance(body, bytes) else orjson.dumps(body), headers or {})


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "no"}},
        {"object": "error", "message": "no", "code": 400},
        {"detail": "no"},
        {"error": "no"},
        [{"error": {"message": "no", "code": 400}}],
        {"success": False, "errors": [{"message": "no", "code": 5006}], "messages": [], "result": None},
        {"error_code": 336006, "error_msg": "no", "id": "x"},
        {"base_resp": {"status_code": 2013, "status_msg": "no"}, "choices": None},
        {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "no", "provider_name": "X"}}},
        {"error": {"message": "Provider returned error", "metadata": {"raw": orjson.dumps(BEHIND).decode()}}},
        {"error": {"message": "Provider returned error", "metadata": {"raw": BEHIND}}},
        {"message": "Provider returned error", "metadata": {"raw": "no"}},
    ],
)
def test_the_servers_words_are_found_in_every_usual_shape(body):
    assert found(400, body).message == "no"


def test_the_words_of_a_gateway_count_where_the_server_behind_it_said_nothing():
    body = {"error": {"message": "Provider returned error", "metadata": {"raw": "", "provider_name": "X"}}}
    assert found(400, body).message == "Provider returned error"


def test_a_wait_is_read_off_the_text_where_no_header_names_it():
    gemini = [{"error": {"message": "Quota exceeded", "details": [{"@type": "RetryInfo", "retryDelay": "34s"}]}}]
    assert found(429, gemini).retry_after == 34
    assert found(429, {"error": {"message": "Please try again in 800ms."}}, {"retry-after": "2"}).retry_after == 2
    assert found(503, b"<p>Please wait 20 seconds</p>").retry_after == 20


@pytest.mark.parametrize(
    ("problem", "code", "status", "kind"),
    [
        ({"message": "slow down", "code": 429}, None, 429, ServerError),
        ({"message": "slow down", "code": "529"}, None, 529, ServerError),
        ({"object": "error", "message": "oh"}, 500, 500, ServerError),
        ({"message": "Rate limit exceeded", "type": "rate_limit_error"}, None, 429, ServerError),
        ({"base_resp": {"status_code": 1002, "status_msg": "rate limit exceeded(RPM)"}}, None, 429, ServerError),
        ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, None, 402, BudgetError),
        ({"message": "Invalid API key", "type": "authentication_error"}, None, 401, ConfigError),
        ({"message": "quota", "code": "insufficient_quota"}, None, 402, BudgetError),
        ({"message": "top_p: no", "type": "invalid_request_error"}, None, 400, ConfigError),
        ("Service overloaded", None, 503, ServerError),
        ("what now", "200", 502, ServerError),
    ],
)
def test_an_error_without_a_status_of_its_own_gets_the_one_that_its_words_mean(problem, code, status, kind):
    told = failure_within(problem, code)
    assert told.status == status
    assert isinstance(error(SERVER, told), kind)


@pytest.mark.parametrize(
    ("words", "cause", "ended"),
    [
        (
            "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
            "json",
            "stop",
        ),
        ("Generated JSON does not match the expected schema. Please adjust your prompt.", "json", "stop"),
        ("Could not finish the message because max_tokens or model output limit was reached.", "length", "length"),
        (
            "Failed to generate JSON: max completion tokens reached before generating a valid document",
            "length",
            "length",
        ),
    ],
)
def test_a_reply_that_the_server_itself_finds_to_be_no_json_or_cut_off_is_a_reply(words, cause, ended):
    body = {"error": {"message": words, "code": "json_validate_failed", "failed_generation": '{"words": ['}}
    told = error(SERVER, found(400, body))
    assert isinstance(told, ReplyError)
    assert (told.cause, told.text, told.finish_reason) == (cause, '{"words": [', ended)
