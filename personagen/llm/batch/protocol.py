"""What a provider's batch API is here: how requests are sent together, how they stand, what became of each."""

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

# The body of an answer, a request that was refused, or one that the batch never came to.
Outcome: TypeAlias = bytes | Failure | ServerError


@dataclass(frozen=True)
class State:
    """How a batch stands: ``done`` of ``total`` requests.

    ``refusal`` is why none of it was even begun; ``is_full`` if that is because too much is queued already. ``files``
    is where the provider says that the results are.
    """

    ended: bool
    done: int
    total: int
    files: tuple[str, ...] = ()
    refusal: Failure | None = None
    is_full: bool = False


class BatchApi(Protocol):
    """One model behind one provider's batch API.

    Everything that asks the provider raises ServerError where asking again may help, and else another PersonagenError.
    """

    server: Server
    most_requests: int
    most_bytes: int

    def request(self, call: Call, refused: Collection[str]) -> tuple[dict[str, Any], list[str]]:
        """The body for one call, and the parts of it that a server may refuse."""

    def line(self, custom_id: str, body: Mapping[str, Any]) -> bytes:
        """One request as a batch holds it."""

    async def upload(self, wave: str, lines: Sequence[bytes], /) -> str:
        """Brings the requests to the provider, where that is a step of its own; it costs nothing yet."""

    async def create(self, wave: str, lines: Sequence[bytes], uploaded: str, /) -> str:
        """Begins a batch; its id."""

    async def candidates(self, wave: str, count: int, since: float, /) -> list[str]:
        """The batches begun after ``since`` (seconds since 1970) that may be the wave of ``count`` requests."""

    async def state(self, batch: str, /) -> State | None:
        """How a batch stands, or None if the provider knows no such batch."""

    async def results(self, batch: str, state: State, /) -> dict[str, Outcome] | None:
        """The outcomes of a batch that has ended, by custom id, or None if the provider keeps them no longer."""

    def completion(self, body: bytes) -> Completion:
        """The completion in the body of an answer."""

    async def close(self) -> None:
        """Closes connections."""


def no_batches(server: Server, roles: str) -> ConfigError:
    """The error for a server, or a kind of model, that has no batch API."""
    where = f" at {server.url}" if server.url else ""
    return ConfigError(
        f"{server.model}{where} ({roles}) has no batch API: leave out --batch, or give these roles a model of OpenAI"
        " or Anthropic, or offline"
    )


@contextmanager
def told(
    sdk: ModuleType, server: Server, roles: str, *, begins: bool = False, passing: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """The errors of ``sdk`` as ours, but for ``passing``; ``begins`` where a 404 means that there are no batches."""
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
