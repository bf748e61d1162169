"""What every backend does, whatever protocol it speaks."""

from __future__ import annotations

import socket
from functools import partial

import pytest

from personagen.call import DEFAULT_MAX_TOKENS
from personagen.errors import ServerError
from personagen.llm import anthropic, litellm
from tests.llm.calls import CANARY, REFUSALS, SCHEMA, a_call, ask, failing, opened
from tests.servers import CHAT, MESSAGES, Reply, chat, message, refusal, serving

BACKENDS = {
    "openai": (opened, chat),
    "anthropic": (partial(opened, backend=anthropic.backend), message),
    "litellm": (partial(opened, backend=litellm.backend, model="hosted_vllm/double"), chat),
}


@pytest.fixture(params=BACKENDS)
def spoken(request):
    """How a backend is opened, and what answers it."""
    return BACKENDS[request.param]


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/"])
@pytest.mark.parametrize(("protocol", "path"), [("openai", CHAT), ("anthropic", MESSAGES)])
def test_a_base_url_works_with_and_without_v1_and_slash(protocol, path, tail):
    opened, said = BACKENDS[protocol]
    with serving(lambda _: said("Fine.")) as server:
        ask(opened(server.url + tail), a_call())
    assert server.requests[0].path == path


def test_a_local_server_needs_no_key(spoken):
    opened, said = spoken
    with serving(lambda _: said("Fine.")) as server:
        [completion] = ask(opened(server.v1, api_key=None), a_call())
    assert completion.text == "Fine."


def test_a_reply_has_a_limit_even_where_the_call_names_none(spoken):
    opened, said = spoken
    with serving(lambda _: said("Fine.")) as server:
        ask(opened(server.v1), a_call())
    assert server.requests[0].body["max_tokens"] == DEFAULT_MAX_TOKENS


@pytest.mark.parametrize(("status", "words", "code", "kind"), REFUSALS)
def test_a_refusal_becomes_our_error_after_exactly_one_request(spoken, status, words, code, kind):
    with serving(lambda _: refusal(status, words, code=code)) as server:
        error = failing(spoken[0](server.v1), a_call(temperature=0.5))
    assert type(error) is kind
    assert len(server.requests) == 1
    assert CANARY not in repr(error)
    if kind is ServerError:
        assert error.status == status


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7.0), ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5), ({}, None)],
)
@pytest.mark.parametrize("status", [429, 529])
def test_the_wait_a_server_asks_for_is_kept(spoken, status, headers, seconds):
    with serving(lambda _: refusal(status, "slow down", headers=headers)) as server:
        error = failing(spoken[0](server.v1), a_call())
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Bad gateway</body></html>",
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b'{"choices": []}',
        b'{"choices": [{"message": {"content": 7}}]}',
        b'{"content": [{"type": "text"}]}',
    ],
)
def test_an_answer_that_is_no_completion_may_be_asked_again(spoken, body):
    with serving(lambda _: Reply(body)) as server:
        error = failing(spoken[0](server.v1), a_call())
    assert type(error) is ServerError


def test_where_nothing_listens_the_message_says_so(spoken):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failing(spoken[0](f"http://127.0.0.1:{port}/v1"), a_call())
    assert type(error) is ServerError
    assert f"nothing listens at http://127.0.0.1:{port}" in str(error)


@pytest.mark.parametrize(
    ("status", "words"),
    [(400, "'response_format' or 'output_config' is not supported with this model"), (422, "unprocessable")],
)
def test_a_server_that_refuses_schemas_is_asked_in_words_once_and_for_all(spoken, status, words, caplog):
    opened, said = spoken
    with serving(lambda got: refusal(status, words) if got.schema else said("{}")) as server:
        ask(opened(server.v1), a_call(schema=SCHEMA), a_call("Again?", schema=SCHEMA))
    assert [bool(got.schema) for got in server.requests] == [True, False, False]
    assert '"words"' in server.requests[1].messages[-1]["content"]
    assert len([record for record in caplog.records if record.name.startswith("personagen")]) == 1
