"""The interface of a provider's batch API: send requests together, poll their state, fetch each outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol, TypeAlias

from personagen.call import Call
from personagen.errors import ConfigError, ServerError
from personagen.llm.errors import Failure, Server, error, failure, unreachable
from personagen.records import Completion

# The body of an answer, a refused request, or a request that the batch never processed.
Outcome: TypeAlias = bytes | Failure | ServerError


@dataclass(frozen=True)
class State:
    """The state of a batch: ``done`` of ``total`` requests.

    ``refusal`` says why the provider rejected the batch as a whole; ``is_full``, that its queue is full. ``files`` are
    the provider's ids of the result files.
    """

    ended: bool
    done: int
    total: int
    files: tuple[str, ...] = ()
    refusal: Failure | None = None
    is_full: bool = False


class BatchApi(Protocol):
    """One model behind one provider's batch API.

    Every request raises ServerError where a retry may help, else another PersonagenError.
    """

    server: Server
    max_requests: int
    max_bytes: int

    def request(self, call: Call, refused: Collection[str]) -> tuple[dict[str, Any], list[str]]:
        """The request body for one call, and those of its parts that a server may refuse."""

    def line(self, custom_id: str, body: Mapping[str, Any]) -> bytes:
        """One request as a line of a batch."""

    async def upload(self, batch_id: str, lines: Sequence[bytes], /) -> str:
        """Uploads the requests, where the provider wants that first; this costs nothing."""

    async def create(self, batch_id: str, lines: Sequence[bytes], uploaded: str, /) -> str:
        """Starts a batch and returns the provider's id."""

    async def candidates(self, batch_id: str, count: int, since: float, /) -> list[str]:
        """The provider's ids of batches like this one, started after ``since`` (seconds since 1970)."""

    async def state(self, provider_id: str, /) -> State | None:
        """The state of a batch, or None if the provider does not know it."""

    async def results(self, provider_id: str, state: State, /) -> dict[str, Outcome] | None:
        """The outcomes of a batch that has ended, by custom id, or None if the provider deleted them."""

    def completion(self, body: bytes) -> Completion:
        """The completion in the body of an answer."""

    async def close(self) -> None:
        """Closes connections."""


def no_batches(server: Server, roles: str) -> ConfigError:
    """The error for a server or model without a batch API."""
    where = f" at {server.url}" if server.url else ""
    return ConfigError(
        f"{server.model}{where} ({roles}) has no batch API: leave out --batch, or give these roles a model of OpenAI"
        " or Anthropic, or offline"
    )


@contextmanager
def translated(
    sdk: ModuleType, server: Server, roles: str, *, begins: bool = False, passing: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Translates the errors of ``sdk`` to ours, except ``passing``; with ``begins``, a 404 means no batch API."""
    try:
        yield
    except passing:
        raise
    except sdk.APIStatusError as problem:
        if begins and problem.status_code in (404, 405, 501):
            raise no_batches(server, roles) from None
        answer = problem.response
        raise error(server, failure(problem.status_code, answer.content, answer.headers)) from None
    except sdk.APIError as problem:
        raise unreachable(server, problem) from None
