"""One POST of JSON on aiohttp: what the backends share that speak to a server themselves.

The SDKs' own request paths cost 8 to 70 times the CPU of this one (``benchmarks/wire.py``). What they take from the
environment besides keys and addresses is kept: proxies, certificates, and headers of one's own.
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
from personagen.llm.errors import Failure, Server, failure, is_address, too_large, unreachable
from personagen.llm.limits.headers import seconds_until_reset

if TYPE_CHECKING:
    import ssl

    from aiohttp import ClientResponse, ClientSession

CONNECTIONS = 4096
# Many servers close a connection after 5 idle seconds; it is given up before, so that no request meets its end.
IDLE = 4.0
LARGEST = 32 << 20  # bytes of an answer: 128 embeddings have up to 12 MB, a long reply 1 MB


@dataclass(frozen=True)
class Reply:
    """The body of a successful answer, and the seconds until a used-up quota named in its headers is filled again."""

    body: bytes
    pause: float


Post = Callable[[bytes], Awaitable[Reply | Failure]]


@asynccontextmanager
async def posting(
    server: Server,
    path: str,
    headers: Mapping[str, str],
    *,
    timeout: float,  # noqa: ASYNC109
) -> AsyncIterator[Post]:
    """A function that posts a body to ``path`` below the server's address and gives the answer's body.

    Each request has ``timeout`` seconds in all. Nothing is sent again and no redirect is followed.
    Connections are kept, and closed at the end.

    Raises, when called:
        ServerError: there was no answer, or not the whole of it.
        ReplyError: the answer has more than ``LARGEST`` bytes; no more than that are read.
        ConfigError: the proxy or the certificates that the environment names can't be used.
    """
    # Here, not before the first request: meanwhile nobody could interrupt, and the request would leave all the same.
    import aiohttp

    url = f"{server.url}{path}"
    session: ClientSession | None = None
    proxy: str | None = None

    async def post(body: bytes) -> Reply | Failure:
        nonlocal session, proxy
        if session is None:
            # Looked up once: trust_env would do so for every request, and put a .netrc's password for the key.
            proxy = _proxy(server)
            session = _session(server, headers, timeout)
        try:
            async with session.post(url, data=body, allow_redirects=False, proxy=proxy) as answer:
                content = await _read(answer)
        except (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError) as problem:
            raise _no_way(server, proxy or "", getattr(problem, "status", None)) from None
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise unreachable(server, problem) from None
        pause = seconds_until_reset(answer.headers)
        if answer.status >= 300:
            failed = failure(answer.status, content, answer.headers)
            return failed if failed.retry_after else replace(failed, retry_after=pause or failed.retry_after)
        if len(content) > LARGEST:
            raise too_large(server, LARGEST)
        return Reply(content, pause)

    try:
        yield post
    finally:
        if session is not None:
            await session.close()


async def _read(answer: ClientResponse) -> bytes:
    """The body, to its end or until it is larger than ``LARGEST``."""
    parts, size = [], 0
    async for part in answer.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            answer.close()
            break
    return b"".join(parts)


def own_headers(variable: str) -> dict[str, str]:
    """The headers in an environment variable, one ``Name: value`` a line, as the SDKs read theirs."""
    pairs = (line.partition(":") for line in os.environ.get(variable, "").splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon and name.strip()}


def _session(server: Server, headers: Mapping[str, str], timeout: float) -> ClientSession:
    import aiohttp

    tls = _certificates() if urlsplit(server.url).scheme == "https" else True
    plain = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "personagen"}
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE, ssl=tls),
        headers={**plain, **headers},
        timeout=aiohttp.ClientTimeout(total=timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _certificates() -> ssl.SSLContext:
    """The certificates of SSL_CERT_FILE or SSL_CERT_DIR, or else the system's and certifi's."""
    import ssl

    import certifi

    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        context = ssl.create_default_context()
        if file and Path(file).is_file():
            context.load_verify_locations(file)  # done already, but without a word where it holds none
        elif not (file or folder):
            context.load_verify_locations(certifi.where())
    except OSError as error:  # ssl.SSLError, too
        raise ConfigError(
            f"the certificates in {file or folder or certifi.where()} can't be loaded ({error.strerror}): name a file"
            " of certificates as PEM in SSL_CERT_FILE"
        ) from None
    return context


def _proxy(server: Server) -> str | None:
    """The proxy that the environment (HTTPS_PROXY, ALL_PROXY, NO_PROXY, ...) or the system names for ``server``."""
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
            f"the proxy that the environment names for {server.url} speaks {scheme}, and only http and https are known:"
            f" name another one in {parts.scheme.upper()}_PROXY, or list {parts.hostname} in NO_PROXY"
        )
    if not is_address(proxy):
        raise ConfigError(
            f"the proxy that the environment names for {server.url} is no address: write it as http://HOST:PORT in"
            f" {parts.scheme.upper()}_PROXY, or list {parts.hostname} in NO_PROXY"
        )
    return proxy


def _no_way(server: Server, proxy: str, status: int | None) -> ServerError:
    """The error for a proxy that does not pass requests on; its address is told without the password in it."""
    parts = urlsplit(proxy)
    how = "can't be reached" if status is None else f"answered HTTP {status}"
    return ServerError(
        f"the proxy {parts.hostname}:{parts.port} that the environment names for {server.url} {how}: correct"
        f" {urlsplit(server.url).scheme.upper()}_PROXY, or list {urlsplit(server.url).hostname} in NO_PROXY",
        status=status,
    )
