"""What can't be worked around, in the words of servers that nobody listed, and what is none of it."""

from __future__ import annotations

import orjson
import pytest

from personagen.errors import BudgetError, ConfigError, ReplyError, ServerError
from personagen.llm.errors import Server, error
from personagen.llm.failures import Failure, failure

SERVER = Server("openai/m", "http://127.0.0.1/v1", "OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("status", "words", "wanted"),
    [
        (429, "Requested tokens 40000 exceed the per-minute limit 30000", "in a minute"),
        (429, "Tokens in request (12000) is larger than bucket size (10000)", "in a minute"),
        (
            429,
            "This request would exceed your account's rate limit of 30,000 input tokens per minute because it has"
            " 45,000 tokens alone",
            "in a minute",
        ),
        (429, "max_tokens too large for your TPM limit of 8000: requested 9000", "in a minute"),
        (502, "x509: certificate signed by unknown authority", "set SSL_CERT_FILE"),
        (500, "tls: failed to verify certificate", "set SSL_CERT_FILE"),
        (500, "unable to verify the first certificate", "set SSL_CERT_FILE"),
        (400, "Model x not loaded", "no such model"),
        (400, "Requested model x has been decommissioned", "no such model"),
        (400, "x is not a chat model", "no such model"),
        (400, "Unknown deployment x", "no such model"),
        (503, "No available channel for model x under group default", "no such model"),
        (403, "Project does not have access to model `x`", "no access to the model"),
        (401, "team not allowed to access model", "no access to the model"),
    ],
)
def test_what_no_retry_mends_ends_the_run_in_whatever_words(status, words, wanted):
    found = error(SERVER, Failure(status, words))
    assert isinstance(found, ConfigError)
    assert wanted in str(found)


@pytest.mark.parametrize(
    "words",
    [
        "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
        "You are using a Trial key, which is limited to 1000 API calls / month",
        "Rate limit reached on requests per day (RPD): Limit 200, Used 200. Please try again in 7m12s.",
        "Budget has been exceeded! Current cost: 0.5, Max budget: 0.4",
        "You have exhausted your daily quota on this model.",
        "quota exceeded for today",
        "Quota exceeded for metric: free_tier_requests, limit: 0. Please retry in 34s.",
        "Rate limit of 150 per 86400s exceeded for UserByModelByDay.",
        "Quota used up. Please wait 12345 seconds before retrying.",
        "余额不足或无可用资源包,请充值。",
    ],
)
def test_a_quota_of_a_day_or_a_month_ends_the_run(words):
    assert isinstance(error(SERVER, failure(429, words.encode(), {})), BudgetError)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "Sorry, your account balance is insufficient"),
        (403, "Account overdue balance"),
        (403, "Your newly created teams doesn't have any credits yet. You can purchase those on the console."),
        (403, "Out of call volume quota. Quota will be replenished in 12:34:56."),
        (403, "The free tier of the model has been exhausted."),
        (412, "Account x is suspended, possibly due to reaching the monthly spending limit"),
        (402, "Cloud credits expired"),
        (401, "You have not enough credits"),
    ],
)
def test_an_empty_account_ends_the_run_whatever_the_status(status, words):
    assert isinstance(error(SERVER, Failure(status, words)), BudgetError)


@pytest.mark.parametrize(
    ("status", "words", "code"),
    [
        (400, "Too many tokens, please wait before trying again.", "ThrottlingException"),
        (400, "Too many connections, please wait before trying again.", ""),
        (403, "API rate limit exceeded for project 7", ""),
        (500, "RateLimitError: the upstream is temporarily rate-limited", ""),
        (503, "Too many requests", ""),
        (498, "Request throttled", ""),
    ],
)
def test_a_rate_limit_is_one_whatever_its_status(status, words, code):
    found = error(SERVER, Failure(status, words, code))
    assert isinstance(found, ServerError)
    assert found.status == 429
    assert f"HTTP {status}" in str(found)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "The model has crashed without additional information. (Exit code: 18446744072635812000)"),
        (400, "Model unloaded."),
        (400, "Model has unloaded or crashed.."),
        (400, "Channel Error"),
        (424, "Request failed during generation: Server error: CUDA out of memory"),
        (500, "llama runner process has terminated: signal: killed"),
    ],
)
def test_a_model_that_died_is_waited_for(status, words):
    found = error(SERVER, Failure(status, words))
    assert isinstance(found, ServerError)
    assert found.gateway


@pytest.mark.parametrize("status", [424, 498, 499])
def test_a_status_of_proxies_for_a_passing_fault_is_asked_again(status):
    assert isinstance(error(SERVER, Failure(status, "the model failed")), ServerError)


def test_a_quota_of_a_day_is_known_by_geminis_name_of_it():
    def body(name):
        about = {"message": "You exceeded your current quota. Please retry in 34s.", "status": "RESOURCE_EXHAUSTED"}
        return orjson.dumps([{"error": about | {"details": [{"violations": [{"quotaId": name}]}]}}])

    found = [
        error(SERVER, failure(429, body(f"GenerateRequests{unit}PerProject"), {})) for unit in ("PerDay", "PerMinute")
    ]
    assert [type(one) for one in found] == [BudgetError, ServerError]


@pytest.mark.parametrize(
    "words",
    [
        "Limit 30000, Used 29000, Requested 2000 tokens. Please try again in 2s.",
        "This request would exceed your organization's rate limit of 40,000 input tokens per minute.",
        "TPM limit 30000 exceeded. Request id: 0217752964393142fa50af54af",
        "Rate limit exceeded: current 61000 tokens per minute, limit 60000",
        "You are using a Trial key, which is limited to 40 API calls / minute",
        "Rate limit: 5 requests / minute on the free plan (1000 / day)",
        "Too Many Requests",
    ],
)
def test_a_rate_limit_of_a_minute_is_waited_for(words):
    assert isinstance(error(SERVER, Failure(429, words)), ServerError)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Content Exists Risk"),
        (400, "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content."),
        (400, "Input blocked by guardrail"),
        (400, "Prompt was blocked due to safety"),
        (400, "The request was rejected because it was considered high risk"),
        (400, "sensitive_words_detected"),
        (422, "unsafe content detected"),
        (403, 'm requires moderation on OpenAI. Your input was flagged for "violence". No credits were charged.'),
        (403, "Your request was flagged by moderation"),
    ],
)
def test_a_filtered_prompt_costs_its_reply_and_not_the_run(status, words):
    found = error(SERVER, Failure(status, words))
    assert isinstance(found, ReplyError)
    assert found.cause == "refusal"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "Your account was flagged for abuse of our usage policies"),
        (403, "Country, region, or territory not supported"),
        (401, "Incorrect API key provided: your key was flagged"),
        (400, "model names are case-sensitive"),
        (400, "No required SSL certificate was sent"),
    ],
)
def test_an_account_that_is_refused_is_no_filtered_prompt(status, words):
    found = error(SERVER, Failure(status, words))
    assert isinstance(found, ConfigError)
    assert "no such model" not in str(found)


@pytest.mark.parametrize("status", [400, 500, 502])
def test_a_gateway_passes_on_that_a_prompt_is_too_long(status):
    words = "maximum context length is 262144 tokens. However, your prompt contains 300000 input tokens"
    assert isinstance(error(SERVER, Failure(status, words)), ReplyError)


@pytest.mark.parametrize("words", ["The request took too long to process", "this request is taking too long"])
def test_a_request_that_took_too_long_is_no_long_prompt(words):
    assert isinstance(error(SERVER, Failure(500, words)), ServerError)
