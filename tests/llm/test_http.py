from __future__ import annotations

import asyncio
import gzip
import ssl
import subprocess
import sys
import threading
import time

import orjson
import pytest

from personagen.errors import ConfigError, ServerError
from personagen.llm import anthropic, http, openai
from tests.llm.calls import CANARY, a_call, ask, failing, opened
from tests.servers import Reply, chat, message, refusal, serving
from tests.servers.streams import connections, head, read_request

BACKENDS = {"openai": (openai.backend, chat), "anthropic": (anthropic.backend, message)}
OK = orjson.dumps(chat("Fine.").body)


@pytest.mark.parametrize("provider", BACKENDS)
def test_a_completion_and_a_refusal_say_how_long_a_used_up_quota_lasts(provider):
    backend, said = BACKENDS[provider]
    left = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "7s"}
    answers = iter([refusal(429, "slow down", headers=left), Reply(said("Fine.").body, headers=left)])
    with serving(lambda _: next(answers)) as server:
        refused = failing(opened(server.url, backend=backend), a_call())
        [completion] = ask(opened(server.url, backend=backend), a_call())
    assert (refused.retry_after, completion.pause) == (7.0, 7.0)
    assert b"pause" not in completion.line()


def test_openai_hears_of_organization_project_and_headers_of_ones_own(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Team: personas\nX-Gate: a:b\nnonsense")
    with serving(lambda _: chat("Fine.")) as server:
        ask(opened(server.v1), a_call())
    told = server.requests[0].headers
    names = ("openai-organization", "openai-project", "x-team", "x-gate")
    assert [told[name] for name in names] == ["org-1", "proj-1", "personas", "a:b"]
    assert told["content-type"] == "application/json"
    assert "nonsense" not in told


def test_anthropics_protocol_is_spoken_in_a_named_version_with_headers_of_ones_own(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "anthropic-beta: some-beta")
    with serving(lambda _: message("Fine.")) as server:
        ask(opened(server.url, backend=anthropic.backend), a_call())
    told = server.requests[0].headers
    assert (told["anthropic-version"], told["x-api-key"], told["anthropic-beta"]) == ("2023-06-01", CANARY, "some-beta")


def test_a_secret_among_headers_of_ones_own_is_never_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gate: swordfish-and-chips")
    with serving(lambda _: refusal(400, "bad gate: swordfish-and-chips")) as server:
        error = failing(opened(server.v1), a_call())
    assert "swordfish" not in str(error)


def test_a_proxy_named_in_the_environment_passes_requests_on(monkeypatch):
    with serving(lambda _: chat("Fine.")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//me:hunter22@"))
        [completion] = ask(opened("http://model.example/v1"), a_call())
    assert completion.text == "Fine."
    told = proxy.requests[0].headers
    assert told["host"] == "model.example"
    assert told["proxy-authorization"].startswith("Basic ")
    assert told["authorization"] == f"Bearer {CANARY}"


def test_a_server_listed_in_no_proxy_is_asked_directly(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(lambda _: chat("Fine.")) as server:
        [completion] = ask(opened(server.v1), a_call())
    assert completion.text == "Fine."


def test_a_password_in_a_netrc_does_not_replace_the_key(monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter22")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(lambda _: chat("Fine.")) as server:
        ask(opened(server.v1), a_call())
    assert server.requests[0].headers["authorization"] == f"Bearer {CANARY}"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_can_not_be_reached_is_named_without_its_password(scheme, monkeypatch):
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", "http://me:hunter22@127.0.0.1:9")
    with pytest.raises(ServerError, match=r"the proxy 127\.0\.0\.1:9") as told:
        ask(opened(f"{scheme}://model.example/v1"), a_call())
    assert "hunter22" not in repr(told.value)


def test_a_proxy_that_refuses_is_named_without_its_password(monkeypatch):
    async def refusing(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head(0, "407 Proxy Authentication Required"))
        await writer.drain()

    with connections(refusing) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter22@127.0.0.1:{server['port']}")
        error = failing(opened("https://model.example/v1"), a_call())
    assert type(error) is ServerError
    assert "answered HTTP 407" in str(error)
    assert "hunter22" not in repr(error)


def test_a_kind_of_proxy_that_is_not_known_is_refused_before_any_request(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(ConfigError, match="uses socks5"):
        ask(opened("http://model.example/v1"), a_call())


@pytest.mark.parametrize("place", ["a:80x", "a..b:80", "[::1", "a:99999", ""])
def test_a_proxy_whose_address_can_be_none_is_refused_without_showing_its_password(monkeypatch, place):
    monkeypatch.setenv("HTTP_PROXY", f"http://me:hunter22@{place}")
    with pytest.raises(ConfigError, match="write it as http://HOST:PORT in HTTP_PROXY") as told:
        ask(opened("http://model.example/v1"), a_call())
    assert "hunter22" not in repr(told.value)


def test_a_file_of_certificates_that_holds_none_is_named(monkeypatch, tmp_path):
    (tmp_path / "own.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    with pytest.raises(ConfigError, match=r"own\.pem can't be loaded"):
        ask(opened("https://127.0.0.1:9/v1"), a_call())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with a key and a certificate for 127.0.0.1 that nobody but its owner trusts."""
    file = tmp_path_factory.mktemp("tls") / "own.pem"
    made = f"req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 -keyout {file} -out {file}.crt".split()
    try:
        subprocess.run(["openssl", *made, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs openssl to make a certificate")
    return file


async def one_answer(reader, writer):
    await read_request(reader)
    writer.write(head(len(OK)) + OK)
    await writer.drain()


def test_a_certificate_is_trusted_when_ssl_cert_file_says_so_and_else_refused(certificate, monkeypatch):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{certificate}.crt", certificate)
    with connections(one_answer, tls) as server:
        url = f"https://127.0.0.1:{server['port']}/v1"
        error = failing(opened(url), a_call())
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        [completion] = ask(opened(url), a_call())
    assert isinstance(error, ConfigError)
    assert "certificate verify failed" in str(error)
    assert "set SSL_CERT_FILE" in str(error)
    assert completion.text == "Fine."


def test_certificates_of_the_system_and_of_certifi_are_trusted():
    import certifi

    theirs = ssl.create_default_context(cafile=certifi.where())
    wanted = {entry["serialNumber"] for entry in theirs.get_ca_certs()}
    assert wanted <= {entry["serialNumber"] for entry in http._certificates().get_ca_certs()}


def test_a_compressed_answer_is_read():
    body = gzip.compress(OK)
    with serving(lambda _: Reply(body, headers={"Content-Encoding": "gzip"})) as server:
        [completion] = ask(opened(server.v1), a_call())
    assert completion.text == "Fine."
    assert "gzip" in server.requests[0].headers["accept-encoding"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(head(999) + OK, id="cut short"),
        pytest.param(head(len(OK), more="Content-Encoding: gzip\r\n") + OK, id="not gzip"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="not http"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", id="endless header"),
    ],
)
def test_an_answer_that_breaks_off_or_is_no_http_may_be_asked_again(answer):
    async def broken(reader, writer):
        await read_request(reader)
        writer.write(answer)
        await writer.drain()

    with connections(broken) as server:
        error = failing(opened(f"http://127.0.0.1:{server['port']}/v1"), a_call())
    assert type(error) is ServerError
    assert server["count"] == 1


def test_a_request_is_bounded_as_a_whole_even_while_bytes_trickle_in():
    async def trickle(reader, writer):
        await read_request(reader)
        writer.write(head(len(OK)))
        for byte in OK:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    with connections(trickle) as server:
        began = time.monotonic()
        error = failing(opened(f"http://127.0.0.1:{server['port']}/v1", timeout=0.4), a_call())
    assert type(error) is ServerError
    assert "in time" in str(error)
    assert time.monotonic() - began < 3


def two_calls(url, meanwhile):
    async def run():
        async with opened(url) as llm:
            first = await llm(a_call())
            await meanwhile()
            return [first.text, (await llm(a_call())).text]

    return asyncio.run(run())


def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again():
    closed = threading.Event()

    async def answer_and_close(reader, writer):
        await one_answer(reader, writer)
        writer.close()
        await writer.wait_closed()
        closed.set()

    async def meanwhile():
        await asyncio.to_thread(closed.wait, 5)
        await asyncio.sleep(0.05)

    with connections(answer_and_close) as server:
        texts = two_calls(f"http://127.0.0.1:{server['port']}/v1", meanwhile)
    assert texts == ["Fine.", "Fine."]
    assert server["count"] == 2


async def many_answers(reader, writer):
    while True:
        await one_answer(reader, writer)


@pytest.mark.parametrize(("idle", "count"), [(60.0, 1), (0.1, 2)])
def test_a_connection_is_kept_for_the_next_call_and_given_up_before_servers_do(idle, count, monkeypatch):
    monkeypatch.setattr(http, "KEEPALIVE_SECONDS", idle)
    with connections(many_answers) as server:
        two_calls(f"http://127.0.0.1:{server['port']}/v1", lambda: asyncio.sleep(0.3))
    assert server["count"] == count


@pytest.mark.parametrize("provider", BACKENDS)
def test_a_call_imports_no_sdk(provider):
    code = (
        "import asyncio, sys\n"
        "from personagen.call import Call\n"
        "from personagen.llm.connect import Endpoint, connect\n"
        "from personagen.records import Message\n"
        "async def main():\n"
        f"    async with connect({{'default': Endpoint('{provider}/double', sys.argv[1])}}) as llm:\n"
        "        return await llm(Call('m', (Message(role='user', content='Hi.'),)))\n"
        "print(asyncio.run(main()).text, *{'openai', 'anthropic', 'httpx', 'httpx2', 'litellm'} & sys.modules.keys())"
    )
    with serving(lambda _: BACKENDS[provider][1]("Fine.")) as server:
        done = subprocess.run([sys.executable, "-c", code, server.url], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Fine."


def test_the_client_is_loaded_before_the_first_request_so_that_ctrl_c_can_still_stop_it():
    code = (
        "import asyncio, sys\n"
        "from personagen.llm import openai\n"
        "assert 'aiohttp' not in sys.modules\n"
        "async def main():\n"
        "    async with openai.backend('m', base_url='http://127.0.0.1:9', api_key=None, timeout=1):\n"
        "        print('aiohttp' in sys.modules)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
