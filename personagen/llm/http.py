"""POST of JSON with aiohttp, for the OpenAI and Anthropic backends.

The SDKs' own request paths cost 8 to 70 times as much CPU (``benchmarks/wire.py``). As with the SDKs, the environment
can set proxies, certificates and custom headers.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from personagen.errors import ConfigError, ServerError
from personagen.llm.errors import Server, is_address, too_large
from personagen.llm.failures import Failure, failure
from personagen.llm.limits.headers import seconds_until_reset
from personagen.llm.lost import unreachable

if TYPE_CHECKING:
    import ssl

    from aiohttp import ClientResponse, ClientSession

MAX_CONNECTIONS = 4096
# Many servers close a connection after 5 idle seconds; reusing one at that moment would fail a request.
KEEPALIVE_SECONDS = 4.0
MAX_ANSWER_BYTES = 32 << 20  # bytes of an answer: 128 embeddings have up to 12 MB, a long reply 1 MB


@dataclass(frozen=True)
class Reply:
    """The body of a successful answer, and the seconds until the exhausted quota in its headers resets."""

    body: bytes
    pause: float


Post = Callable[[bytes, float], Awaitable[Reply | Failure]]


@asynccontextmanager
async def posting(server: Server, path: str, headers: Mapping[str, str]) -> AsyncIterator[Post]:
    """A function that posts a body to ``path`` at the server's URL and returns the answer's body.

    Its second argument is how many seconds the request has in all. It does not retry or follow redirects. Connections
    are kept alive until the end.

    Raises, when called:
        ServerError: there was no complete answer.
        ReplyError: the answer has more than ``MAX_ANSWER_BYTES``; reading stops there.
        ConfigError: the proxy or the certificates in the environment can't be used, or the server's is not trusted.
    """
    # Imported here, not at the first request: an interrupt during the import could not stop that request.
    import aiohttp

    url = f"{server.url}{path}"
    session: ClientSession | None = None
    proxy: str | None = None

    async def post(body: bytes, seconds: float) -> Reply | Failure:
        nonlocal session, proxy
        if session is None:
            # Not trust_env: it reads the environment for every request, and replaces the key by a .netrc password.
            proxy = _proxy(server)
            session = _session(server, headers)
        try:
            timeout = aiohttp.ClientTimeout(total=seconds)
            async with session.post(url, data=body, allow_redirects=False, proxy=proxy, timeout=timeout) as answer:
                content = await _read(answer)
        except (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError) as problem:
            raise _proxy_error(server, proxy or "", getattr(problem, "status", None)) from None
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise unreachable(server, problem, seconds) from None
        pause = seconds_until_reset(answer.headers)
        if answer.status >= 300:
            failed = failure(answer.status, content, answer.headers)
            return failed if failed.retry_after else replace(failed, retry_after=pause or failed.retry_after)
        if len(content) > MAX_ANSWER_BYTES:
            raise too_large(server, MAX_ANSWER_BYTES)
        return Reply(content, pause)

    try:
        yield post
    finally:
        if session is not None:
            await session.close()


async def _read(answer: ClientResponse) -> bytes:
    """The body, cut off once it has more than ``MAX_ANSWER_BYTES``."""
    parts, size = [], 0
    async for part in answer.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            answer.close()
            break
    return b"".join(parts)


def custom_headers(variable: str) -> dict[str, str]:
    """The headers in an environment variable, one ``Name: value`` per line, as the SDKs read them."""
    pairs = (line.partition(":") for line in os.environ.get(variable, "").splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon and name.strip()}


def _session(server: Server, headers: Mapping[str, str]) -> ClientSession:
    import aiohttp

    tls = _certificates() if urlsplit(server.url).scheme == "https" else True
    defaults = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "personagen"}
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS, ssl=tls),
        headers={**defaults, **headers},
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _certificates() -> ssl.SSLContext:
    """The certificates of SSL_CERT_FILE or SSL_CERT_DIR, else the system's and certifi's."""
    import ssl

    import certifi

    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        context = ssl.create_default_context()
        if file and Path(file).is_file():
            context.load_verify_locations(file)  # loaded already, but silently if it has none
        elif not (file or folder):
            context.load_verify_locations(certifi.where())
    except OSError as error:  # ssl.SSLError, too
        raise ConfigError(
            f"the certificates in {file or folder or certifi.where()} can't be loaded ({error.strerror}): set"
            " SSL_CERT_FILE to a PEM file"
        ) from None
    return context


def _proxy(server: Server) -> str | None:
    """The proxy for ``server`` in the environment (HTTPS_PROXY, ALL_PROXY, NO_PROXY) or the system settings."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(server.url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    scheme = proxy.partition("://")[0].lower()
    if scheme.isalnum() and scheme not in ("http", "https"):
        raise ConfigError(
            f"the proxy for {server.url} uses {scheme}, and only http and https are supported: set another one in"
            f" {parts.scheme.upper()}_PROXY, or list {parts.hostname} in NO_PROXY"
        )
    if not is_address(proxy):
        raise ConfigError(
            f"the proxy for {server.url} is not a valid URL: write it as http://HOST:PORT in"
            f" {parts.scheme.upper()}_PROXY, or list {parts.hostname} in NO_PROXY"
        )
    return proxy


def _proxy_error(server: Server, proxy: str, status: int | None) -> ServerError:
    """The error for a proxy that fails; the message omits the password in its URL."""
    parts, target = urlsplit(proxy), urlsplit(server.url)
    how = "can't be reached" if status is None else f"answered HTTP {status}"
    return ServerError(
        f"the proxy {parts.hostname}:{parts.port} for {server.url} {how}: correct {target.scheme.upper()}_PROXY, or"
        f" list {target.hostname} in NO_PROXY",
        status=status,
    )
