"""The interface of a provider's batch API: send requests together, poll their state, fetch each outcome."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias, TypeVar

from personagen.call import Call
from personagen.errors import ConfigError, ServerError
from personagen.llm.errors import Server, error
from personagen.llm.failures import Failure, failure
from personagen.llm.json import loads
from personagen.llm.lost import unreachable
from personagen.records import Completion

T = TypeVar("T")

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


class BatchApi(ABC):
    """One model behind one provider's batch API; ``roles`` names its agents in error messages.

    Every request raises ServerError where a retry may help, else another PersonagenError.
    """

    sdk: str  # the name of the provider's module; all SDKs have the same error classes
    max_requests: int
    max_bytes: int
    _client: Any  # opened at the first request

    def __init__(self, server: Server, model: str, roles: str) -> None:
        self.server, self._model, self._roles = server, model, roles

    @abstractmethod
    def request(self, call: Call, refused: Set[str]) -> tuple[dict[str, Any], list[str]]:
        """The request body for one call, and those of its parts that a server may refuse."""

    @abstractmethod
    def line(self, custom_id: str, body: Mapping[str, Any]) -> bytes:
        """One request as a line of a batch."""

    async def upload(self, _batch_id: str, _lines: Sequence[bytes], /) -> str:
        """Uploads the requests, where the provider wants that first; this costs nothing."""
        return ""

    @abstractmethod
    async def create(self, batch_id: str, lines: Sequence[bytes], uploaded: str, /) -> str:
        """Starts a batch and returns the provider's id."""

    @abstractmethod
    async def candidates(self, batch_id: str, count: int, since: float, /) -> list[str]:
        """The provider's ids of batches like this one, started after ``since`` (seconds since 1970)."""

    @abstractmethod
    async def state(self, provider_id: str, /) -> State | None:
        """The state of a batch, or None if the provider does not know it."""

    @abstractmethod
    async def results(self, provider_id: str, state: State, /) -> dict[str, Outcome] | None:
        """The outcomes of a batch that has ended, by custom id, or None if the provider deleted them."""

    @abstractmethod
    def outcome(self, result: Mapping[str, Any]) -> Outcome:
        """The outcome in one line of the results."""

    @abstractmethod
    def completion(self, body: bytes) -> Completion:
        """The completion in the body of an answer."""

    def outcomes(self, content: bytes) -> dict[str, Outcome]:
        """The outcomes in a file of results, by custom id; without the lines that can't be read."""
        found = {}
        for line in content.splitlines():
            with suppress(ValueError, TypeError, LookupError, AttributeError):
                result = loads(line)
                found[str(result["custom_id"])] = self.outcome(result)
        return found

    async def close(self) -> None:
        """Closes connections."""
        if "_client" in vars(self):
            await self._client.close()

    async def found(self, request: Awaitable[T]) -> T | None:
        """The answer to ``request``, or None if the provider does not know what it names."""
        with self.translated(passes=404):
            return await request
        return None

    @contextmanager
    def translated(self, *, begins: bool = False, passes: int | None = None) -> Iterator[None]:
        """Translates the SDK's errors to ours, and suppresses the HTTP status ``passes``.

        With ``begins``, a 404 means that the server has no batch API.
        """
        sdk: Any = import_module(self.sdk)
        try:
            yield
        except sdk.APIStatusError as problem:
            if problem.status_code == passes:
                return
            if begins and problem.status_code in (404, 405, 501):
                raise no_batches(self.server, self._roles) from None
            answer = problem.response
            raise error(self.server, failure(problem.status_code, answer.content, answer.headers)) from None
        except sdk.APIError as problem:
            raise unreachable(self.server, problem) from None


def no_batches(server: Server, roles: str) -> ConfigError:
    """The error for a server or model without a batch API."""
    where = f" at {server.url}" if server.url else ""
    return ConfigError(
        f"{server.model}{where} ({roles}) has no batch API: leave out --batch, or give these roles a model of OpenAI"
        " or Anthropic, or offline"
    )
