from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.errors import BudgetError, ConfigError, PersonagenError, ServerError
from personagen.llm import anthropic, openai
from personagen.llm.errors import MAX_QUOTE_CHARS, Server, error, quoted, scrubbed
from personagen.llm.failures import Failure, failure
from tests.llm.calls import CANARY, a_call, ask

SERVER = Server("openai/m", "http://127.0.0.1/v1", "OPENAI_API_KEY", CANARY)


@given(st.text(), st.text(), st.sampled_from([CANARY, "a" * 30, "0123456789"]), st.data())
def test_no_eight_characters_of_a_key_survive(before, after, key, data):
    start = data.draw(st.integers(0, len(key) - 8))
    piece = key[start : start + data.draw(st.integers(8, len(key)))]
    clean = scrubbed(before + piece + after, [key])
    assert not any(key[i : i + 8] in clean for i in range(len(key) - 7))


def test_keys_that_are_masked_or_other_peoples_are_hidden_too():
    told = quoted(SERVER, "you sent sk-ab****wxyz and abcd****wxyz, use gsk_1234567890 or AIzaSyD-1234567890")
    assert told == "you sent [key] and [key], use [key] or [key]"
    assert quoted(SERVER, "not key_0123456,ab**cd****wxyz") == "not [key]"


def test_what_any_variable_named_like_a_secret_holds_is_hidden(monkeypatch):
    monkeypatch.setenv("SOME_PROVIDER_TOKEN", "swordfish-and-chips")
    assert quoted(SERVER, "bad token swordfish-and-chips!") == "bad token [key]!"


BROKEN_UP = {
    "whole": CANARY,
    "lines": "\r\n".join(CANARY),
    "pieces": " ".join(CANARY[i : i + 4] for i in range(0, len(CANARY), 4)),
    "tags": f"<b>{CANARY[:6]}</b>{CANARY[6:]}",
}


@pytest.mark.parametrize("how", BROKEN_UP)
def test_a_key_is_hidden_however_a_server_breaks_it_up(how):
    body = f"<p>the key {BROKEN_UP[how]} is wrong".encode()
    told = quoted(SERVER, failure(401, body, {}).message)
    assert told == "the key [key] is wrong"


def test_a_password_within_an_address_in_the_environment_is_hidden(monkeypatch):
    monkeypatch.setenv("WAREHOUSE", "postgres://me:swordfish-and-chips@db/x?sig=salt-and-vinegar")
    assert quoted(SERVER, "no swordfish-and-chips, no salt-and-vinegar") == "no [key], no [key]"


def test_a_variable_of_almost_nothing_but_blanks_hides_nothing(monkeypatch):
    monkeypatch.setenv("AUTH_MODE", "  a     ")
    assert quoted(SERVER, "a bad day") == "a bad day"


def test_an_address_in_a_variable_named_like_a_secret_hides_no_other_address(monkeypatch):
    monkeypatch.setenv("KEYCLOAK_URL", "https://sso.example/swordfish")
    assert quoted(SERVER, "see https://help.org, not /swordfish") == "see https://help.org, not [key]"


def test_a_long_word_is_searched_for_masks_in_time_that_grows_with_its_length():
    began = time.process_time()
    assert scrubbed("x" * 100_000, []) == "x" * 100_000
    assert time.process_time() - began < 5


ADDRESSES = (
    "http://a..b/v1",
    f"http://{'a' * 70}.example/v1",
    "http://[::1/v1",
    "http://h:80x/v1",
    "h:80",
    "http:///v1",
)


@pytest.mark.parametrize("url", ADDRESSES)
@pytest.mark.parametrize("backend", [openai.backend, anthropic.backend])
def test_an_address_that_can_be_none_is_refused(backend, url):
    with pytest.raises(ConfigError, match="is not valid"):
        ask(backend("m", base_url=url, api_key="k", timeout=1.0), a_call())


@pytest.mark.parametrize("backend", [openai.backend, anthropic.backend])
def test_an_address_that_can_be_none_is_refused_without_its_password(backend):
    with pytest.raises(ConfigError, match="holds a password") as told:
        ask(backend("m", base_url="http://me:hunter22@[::1", api_key="k", timeout=1.0), a_call())
    assert "hunter22" not in str(told.value)


def test_a_key_on_the_edge_of_the_cut_is_hidden():
    told = quoted(SERVER, "x" * (MAX_QUOTE_CHARS - 5) + " " + CANARY)
    assert "sk-c" not in told


def test_a_page_of_html_is_told_as_text():
    page = b"<html><head><style>b{}</style></head><body><h1>502</h1>\n<p>Bad   gateway</p></body></html>"
    assert quoted(SERVER, failure(502, page, {}).message) == "502 Bad gateway"


def test_a_quota_per_minute_is_waited_for_and_an_empty_account_is_not():
    words = "You exceeded your current quota, please check your plan and billing details."
    assert isinstance(error(SERVER, Failure(429, f"{words} Please retry in 12s.")), ServerError)
    assert isinstance(error(SERVER, Failure(429, words, retry_after=3.0)), ServerError)
    assert isinstance(error(SERVER, Failure(429, words)), BudgetError)


@pytest.mark.parametrize(
    ("status", "words", "wanted"),
    [
        (400, "Invalid model name passed in model=nope. Call `/v1/models`", "no such model"),
        (400, "nope is not a valid model ID", "no such model"),
        (400, "Model Not Exist", "no such model"),
        (400, "The provided model identifier is invalid.", "no such model"),
        (422, "The requested model 'x' does not exist", "no such model"),
        (400, "No connected db.", "the key in OPENAI_API_KEY is refused"),
        (400, "API key not valid. Please pass a valid API key.", "the key in OPENAI_API_KEY is refused"),
        (429, "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 342389.", "in a minute"),
        (413, "Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 8000", "in a minute"),
        (500, "certificate verify failed: self-signed certificate in certificate chain", "set SSL_CERT_FILE"),
    ],
)
def test_what_can_not_be_worked_around_is_told_by_its_cure(status, words, wanted):
    told = error(SERVER, Failure(status, words))
    assert isinstance(told, ConfigError)
    assert wanted in str(told)


def test_a_failure_without_words_says_so():
    assert str(error(SERVER, Failure(503, ""))).endswith("answered HTTP 503: no message")


@given(st.integers(300, 599), st.text(max_size=2000), st.text())
def test_every_failure_becomes_one_short_line_of_ours(status, words, code):
    problem = error(SERVER, Failure(status, words, code))
    assert isinstance(problem, PersonagenError)
    assert len(str(problem)) < MAX_QUOTE_CHARS + 300
    assert len(str(problem).splitlines()) == 1


@pytest.mark.parametrize(
    "body", [b"<" * 10**6, b"<script " * 10**5, b"*" * 10**6, b'{"error": "' + b"*" * 10**6 + b'"}']
)
def test_megabytes_of_a_servers_words_are_not_searched_for_patterns(body):
    began = time.process_time()
    told = str(error(SERVER, failure(503, body, {})))
    assert time.process_time() - began < 2
    assert "HTTP 503" in told
    assert len(told) < MAX_QUOTE_CHARS + 300


def test_a_key_within_a_long_page_is_hidden_however_it_is_cut():
    for before in (0, 250, 290, 1180, 1195, 19_990):
        told = quoted(SERVER, " " * 50 + "x " * (before // 2) + CANARY + "y" * 30_000)
        assert not any(CANARY[i : i + 8] in told for i in range(len(CANARY) - 7))
