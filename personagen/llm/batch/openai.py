"""OpenAI's batch API: a file of requests for one model, a file of answers, a file of errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import orjson

from personagen.call import Call
from personagen.errors import ServerError
from personagen.llm import openai
from personagen.llm.batch.protocol import BatchApi, Outcome, State
from personagen.llm.errors import server_at
from personagen.llm.failures import Failure, failure
from personagen.records import Completion

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch

PATH: Final = "/v1/chat/completions"
SECONDS = 600.0
ENDED = ("completed", "failed", "expired", "cancelled")
MARK = "personagen_batch"


class OpenAIBatches(BatchApi):
    """A model at OpenAI, or at a ``base_url`` with the same batch API; ``roles`` names its agents in error messages.

    Raises:
        ConfigError: no key, or an invalid ``base_url``; nothing was sent.
    """

    sdk = "openai"
    max_requests = 50_000
    max_bytes = 200_000_000

    def __init__(self, model: str, *, base_url: str | None, roles: str) -> None:
        url = openai.versioned(base_url)
        server = server_at(f"openai/{model}", base_url=url, host=openai.HOST, key_name=openai.KEY, api_key=None)
        super().__init__(server, model, roles)

    @cached_property
    def _client(self) -> AsyncOpenAI:
        from openai import AsyncOpenAI, DefaultAsyncHttpx2Client

        http = DefaultAsyncHttpx2Client(timeout=SECONDS, follow_redirects=False)
        return AsyncOpenAI(
            api_key=self.server.key, base_url=self.server.url, max_retries=0, timeout=SECONDS, http_client=http
        )

    def request(self, call: Call, refused: Set[str]) -> tuple[dict[str, Any], list[str]]:
        return openai.request(self.server, self._model, call, refused)

    def line(self, custom_id: str, body: Mapping[str, Any]) -> bytes:
        return orjson.dumps({"custom_id": custom_id, "method": "POST", "url": PATH, "body": body})

    async def upload(self, batch_id: str, lines: Sequence[bytes]) -> str:
        with self.translated(begins=True):
            name = f"personagen-{batch_id}.jsonl"
            file = await self._client.files.create(file=(name, b"\n".join(lines) + b"\n"), purpose="batch")
        return file.id

    async def create(self, batch_id: str, _lines: Sequence[bytes], uploaded: str) -> str:
        with self.translated(begins=True):
            batch = await self._client.batches.create(
                input_file_id=uploaded, endpoint=PATH, completion_window="24h", metadata={MARK: batch_id}
            )
        return batch.id

    async def candidates(self, batch_id: str, _count: int, since: float) -> list[str]:
        with self.translated():
            async for batch in self._client.batches.list(limit=100):  # the newest first
                if (batch.metadata or {}).get(MARK) == batch_id:
                    return [batch.id]
                if batch.created_at < since:
                    break
        return []

    async def state(self, provider_id: str) -> State | None:
        found = await self.found(self._client.batches.retrieve(provider_id))
        if found is None:
            return None
        refusal = _refusal(found)
        counts = found.request_counts
        return State(
            ended=found.status in ENDED,
            done=counts.completed + counts.failed if counts else 0,
            total=counts.total if counts else 0,
            files=tuple(name for name in (found.output_file_id, found.error_file_id) if name),
            refusal=refusal,
            is_full=refusal is not None and "token_limit_exceeded" in refusal.code,
        )

    async def results(self, _provider_id: str, state: State) -> dict[str, Outcome] | None:
        outcomes: dict[str, Outcome] = {}
        for name in state.files:
            answer = await self.found(self._client.files.content(name))
            if answer is None:
                return None
            outcomes |= self.outcomes(answer.content)
        return outcomes

    def outcome(self, result: Mapping[str, Any]) -> Outcome:
        answer = result.get("response")
        if answer and answer["status_code"] == 200:
            return orjson.dumps(answer["body"])
        if answer:
            return failure(answer["status_code"], orjson.dumps(answer["body"]), {})
        return ServerError(f"{self.server.model}: a batch skipped a request: {result['error']['message']}")

    def completion(self, body: bytes) -> Completion:
        return openai.completion(self.server, self._model, body)


def _refusal(batch: Batch) -> Failure | None:
    """The first reason why the whole batch was refused; None if it was not."""
    if batch.status != "failed":
        return None
    if not batch.errors or not batch.errors.data:
        return Failure(400, "the batch was refused without a reason")
    first = batch.errors.data[0]
    return Failure(400, first.message or "", " ".join(part for part in (first.code, first.param) if part))
