"""Requests without an answer: nothing listens, an unknown host, an untrusted certificate, no answer in time."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from personagen.errors import PersonagenError, ServerError
from personagen.llm.errors import Server, quoted, untrusted

_NO_ROUTE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)
_LOST = {"ClientConnectionError", "ClientPayloadError", "NetworkError", "RemoteProtocolError"}  # aiohttp's and httpx's
TOO_MANY_FILES = "too many open files: raise the limit (ulimit -n 4096), or lower --concurrency"


def is_cut_off(problem: BaseException) -> bool:
    """Whether a refused or lost connection, a certificate or a timeout caused ``problem``."""
    import ssl

    lost = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError)
    return any(isinstance(c, lost) or not _LOST.isdisjoint(t.__name__ for t in type(c).mro()) for c in _causes(problem))


def unreachable(server: Server, problem: BaseException, seconds: float = 0.0) -> PersonagenError:
    """The error for a request without an answer within ``seconds``: refused connection, unknown host, timeout."""
    import ssl

    for cause in _causes(problem):
        if isinstance(cause, ConnectionRefusedError):
            return _nobody(server)
        if isinstance(cause, OSError) and cause.errno in _NO_ROUTE:
            gone = ServerError(f"there is no way to {server.url}: start its machine, or check the network")
            gone.away = "there is no way to it"
            return gone
        if isinstance(cause, socket.gaierror):
            lost = ServerError(f"the host of {server.url} can't be found: check the network, or correct --base-url")
            lost.gateway, lost.refused_here = True, cause.errno != socket.EAI_AGAIN
            return lost
        if isinstance(cause, ssl.SSLCertVerificationError):
            return untrusted(server, quoted(server, str(cause)))
        if isinstance(cause, OSError) and cause.errno in (errno.EMFILE, errno.ENFILE):
            return ServerError(f"no connection to {server.url}: {TOO_MANY_FILES}")
    name = type(problem).__name__
    if isinstance(problem, TimeoutError) or "timeout" in name.lower():
        return late(f"{server.model} at {server.url}", seconds)
    reason = quoted(server, str(next((c for c in reversed(list(_causes(problem))) if str(c)), name)))
    broken = ServerError(f"the connection to {server.url} failed: {reason}")
    tls = [cause for cause in _causes(problem) if isinstance(cause, ssl.SSLError)]
    broken.gateway = all(isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError) for cause in tls)
    return broken


def late(name: str, seconds: float) -> ServerError:
    """The error for an answer that did not come within ``seconds``."""
    within = f" within {seconds:.3g} seconds" if seconds else ""
    problem = ServerError(f"{name} gave no answer{within}: if it can't answer in time, raise --timeout", status=408)
    problem.waited = seconds
    return problem


def _nobody(server: Server) -> ServerError:
    problem = ServerError(f"nothing listens at {server.url}: start the server, or correct --base-url")
    problem.away, problem.refused_here = "nothing listens there", is_here(server.url)
    return problem


def is_here(url: str) -> bool:
    """Whether ``url`` is an address of this machine."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost") or host == socket.gethostname().lower()
    if address.is_loopback or address.is_unspecified:
        return True
    # Only an address of this machine can be bound.
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return True
    return False


def _causes(problem: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = problem
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
