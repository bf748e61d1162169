"""Anthropic's batch API: a list of requests, results as JSON lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from personagen.call import Call
from personagen.errors import ServerError
from personagen.llm import anthropic
from personagen.llm.batch.protocol import BatchApi, Outcome, State
from personagen.llm.errors import garbled, server_at
from personagen.llm.failures import failure
from personagen.records import Completion

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic._types import RequestOptions

PATH = "/v1/messages/batches"
JSON: RequestOptions = {"headers": {"Content-Type": "application/json"}}
SECONDS = 600.0
# A result has only an error type; a single request would get this HTTP status.
STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class AnthropicBatches(BatchApi):
    """A model at Anthropic, or at a ``base_url`` with the same batch API; ``roles`` names its agents in error messages.

    Raises:
        ConfigError: no key, or an invalid ``base_url``; nothing was sent.
    """

    sdk = "anthropic"
    max_requests = 100_000
    max_bytes = 256_000_000

    def __init__(self, model: str, *, base_url: str | None, roles: str) -> None:
        url = base_url and base_url.rstrip("/").removesuffix("/v1")
        host, key = anthropic.HOST, anthropic.KEY
        server = server_at(f"anthropic/{model}", base_url=url, host=host, key_name=key, api_key=None)
        super().__init__(server, model, roles)

    @cached_property
    def _client(self) -> AsyncAnthropic:
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

        http = DefaultAsyncHttpxClient(timeout=SECONDS, follow_redirects=False)
        return AsyncAnthropic(
            api_key=self.server.key, base_url=self.server.url, max_retries=0, timeout=SECONDS, http_client=http
        )

    def request(self, call: Call, refused: Set[str]) -> tuple[dict[str, Any], list[str]]:
        return anthropic.request(self._model, call, refused)

    def line(self, custom_id: str, body: Mapping[str, Any]) -> bytes:
        return orjson.dumps({"custom_id": custom_id, "params": body})

    async def create(self, _batch_id: str, lines: Sequence[bytes], _uploaded: str) -> str:
        import httpx2

        content = b'{"requests":[' + b",".join(lines) + b"]}"
        with self.translated(begins=True):
            # batches.create would walk through every message of every request.
            answer = await self._client.post(PATH, cast_to=httpx2.Response, content=content, options=JSON)
        try:
            return str(orjson.loads(answer.content)["id"])
        except (ValueError, TypeError, LookupError):
            raise garbled(self.server, answer.text) from None

    async def candidates(self, _batch_id: str, count: int, since: float) -> list[str]:
        # Only the results carry our id, so every batch of the same size is a candidate.
        found = []
        with self.translated():
            async for batch in self._client.messages.batches.list(limit=100):  # the newest first
                if batch.created_at.timestamp() < since:
                    break
                counts = batch.request_counts
                if count == counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired:
                    found.append(batch.id)
        return found

    async def state(self, provider_id: str) -> State | None:
        found = await self.found(self._client.messages.batches.retrieve(provider_id))
        if found is None:
            return None
        counts = found.request_counts
        done = counts.succeeded + counts.errored + counts.canceled + counts.expired
        return State(ended=found.processing_status == "ended", done=done, total=done + counts.processing)

    async def results(self, provider_id: str, _state: State) -> dict[str, Outcome] | None:
        import httpx2

        answer = await self.found(self._client.get(f"{PATH}/{provider_id}/results", cast_to=httpx2.Response))
        return None if answer is None else self.outcomes(answer.content)

    def outcome(self, result: Mapping[str, Any]) -> Outcome:
        result = result["result"]
        if result["type"] == "succeeded":
            return orjson.dumps(result["message"])
        if result["type"] == "errored":
            why = result["error"]
            return failure(STATUS.get(why.get("error", why).get("type"), 500), orjson.dumps(why), {})
        return ServerError(f"{self.server.model}: a batch skipped a request: {result['type']}")

    def completion(self, body: bytes) -> Completion:
        return anthropic.completion(self.server, self._model, body)
