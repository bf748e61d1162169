"""Requests without an answer: what each is called, and whether the server is waited for."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from contextlib import suppress

import pytest

from personagen.errors import ConfigError, ServerError
from personagen.llm import anthropic, litellm, openai
from personagen.llm.errors import Server, error
from personagen.llm.failures import Failure
from personagen.llm.lost import is_here, unreachable
from personagen.llm.middleware import with_retries
from personagen.llm.patience import MAX_DOUBLINGS, Patience
from tests.llm.calls import a_call, failing, opened
from tests.servers import Reply, chat, serving

SERVER = Server("openai/m", "http://gpu.example:8000/v1", "K")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "[::1]", "0.0.0.0", "model.localhost"])
def test_addresses_of_this_machine_are_known(host):
    assert is_here(f"http://{host}:8000/v1")


@pytest.mark.parametrize("host", ["gpu.example", "192.0.2.77", "[2001:db8::7]", "localhost.example"])
def test_addresses_of_other_machines_are_not_taken_for_this_one(host):
    assert not is_here(f"http://{host}:8000/v1")


def test_a_name_of_this_machine_is_its_own():
    assert is_here(f"http://{socket.gethostname()}:8000/v1")


@pytest.mark.parametrize("how", ["EHOSTUNREACH", "ENETUNREACH"])
def test_a_machine_that_is_away_is_waited_for(how):
    told = unreachable(SERVER, OSError(getattr(errno, how), "gone"))
    assert "there is no way to http://gpu.example:8000/v1" in str(told)
    assert told.away


@pytest.mark.parametrize(
    ("status", "words", "away", "gateway"),
    [
        (503, "Loading model", True, False),
        (503, "Model meta-llama/Llama-3 is currently loading", True, False),
        (503, "The server is warming up", True, False),
        (500, "llm server loading model", True, False),
        (502, "<h1>502 Bad Gateway</h1>", False, True),
        (503, "no healthy upstream", False, True),
        (504, "Gateway Time-out", False, True),
        (503, "The engine is currently overloaded, please try again later", False, False),
        (500, "internal error", False, False),
        (529, "Overloaded", False, False),
        (429, "loading", False, False),
        (503, "", False, True),
        (503, "No server available", False, True),
        (520, "", False, True),
        (521, "Web server is down", False, True),
        (524, "A timeout occurred", False, True),
        (530, "error code: 1033", False, True),
        (404, "The endpoint abc.ngrok-free.app is offline. ERR_NGROK_3200", False, True),
        (404, "Tunnel not found", False, True),
        (500, "llama runner process has terminated: exit status 2", False, True),
        (500, "EngineDeadError: the engine is dead", False, True),
        (503, "Model is being loaded", True, False),
        (503, "The model is currently being downloaded", True, False),
        (503, "Deploying", True, False),
        (503, "scale to zero: waking up", True, False),
        (503, "down for maintenance", True, False),
        (404, "Model is still being deployed", True, False),
        (400, "Model sklearn-iris is not ready yet.", True, False),
        (503, "Model too busy", False, False),
        (503, "out of capacity", False, False),
    ],
)
def test_a_server_that_loads_its_model_is_away_and_one_that_is_busy_is_not(status, words, away, gateway):
    told = error(SERVER, Failure(status, words))
    assert (bool(told.away), told.gateway) == (away, gateway)


def test_a_page_that_is_not_found_is_no_model_that_loads():
    assert isinstance(error(SERVER, Failure(404, "<title>Loading...</title> Not found")), ConfigError)


@pytest.mark.parametrize(
    ("problem", "gateway"),
    [
        (ConnectionResetError("reset by peer"), True),
        (BrokenPipeError("broken pipe"), True),
        (ssl.SSLEOFError("EOF occurred in violation of protocol"), True),
        (socket.gaierror(socket.EAI_AGAIN, "temporary failure"), True),
        (socket.gaierror(socket.EAI_NONAME, "not known"), True),
        (ssl.SSLError("wrong version number"), False),
        (OSError(errno.EMFILE, "too many"), False),
        (TimeoutError(), False),
    ],
)
def test_a_connection_that_breaks_may_mean_that_the_server_is_gone(problem, gateway):
    assert unreachable(SERVER, problem).gateway == gateway


@pytest.mark.parametrize("backend", [openai.backend, anthropic.backend, litellm.backend])
def test_a_server_that_hangs_up_may_be_gone(backend):
    with serving(lambda _: Reply(status=0)) as server:
        name = "hosted_vllm/double" if backend is litellm.backend else "double"
        assert failing(opened(server.v1, backend, model=name), a_call()).gateway


@pytest.mark.parametrize("backend", [openai.backend, anthropic.backend, litellm.backend])
def test_no_answer_in_time_names_the_seconds_and_the_option(backend):
    with serving(lambda _: Reply(chat("late").body, delay=2.0)) as server:
        name = "hosted_vllm/double" if backend is litellm.backend else "double"
        told = failing(opened(server.v1, backend, model=name, timeout=0.2), a_call(max_tokens=600))
    assert "within 0.3 seconds" in str(told)
    assert "--timeout" in str(told)
    assert told.waited == pytest.approx(0.3)


def test_a_long_reply_is_given_more_time_and_a_second_request_twice_as_much():
    patience, long, given = Patience(120.0), a_call(max_tokens=8000), []
    with patience.given(a_call(max_tokens=60)) as seconds:
        assert seconds == pytest.approx(126)
    for n in range(6):
        problem = ServerError("late", status=408)
        problem.waited = 1.0 if n != 1 else 0.0  # a time-out that the server tells is none of ours
        with suppress(ServerError), patience.given(long) as seconds:
            given.append(seconds / 920)
            raise problem
    with patience.given(long) as seconds:
        given.append(seconds / 920)
    with patience.given(long) as seconds:
        given.append(seconds / 920)
    assert given == pytest.approx([1, 2, 2, 4, 4, 4, 4, 1])
    assert 2**MAX_DOUBLINGS == 4


def test_a_second_request_is_given_twice_the_time():
    async def run(url):
        async with opened(url, timeout=0.4) as llm:
            return await with_retries(llm, first=0.01)(a_call())

    with serving(lambda _: Reply(chat("Fine.").body, delay=0.6)) as server:
        assert asyncio.run(run(server.v1)).text == "Fine."
        assert len(server.requests) == 2
