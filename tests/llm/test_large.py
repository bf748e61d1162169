"""Answers that are larger than anything a model says."""

from __future__ import annotations

from personagen.errors import ReplyError, ServerError
from personagen.llm import http
from tests.llm.calls import a_call, failing, opened
from tests.servers.streams import connections, head, read_request

SIZE = 64 << 20


def oversized(status):
    """A server of raw bytes whose answers are many times as large as is read; it counts what leaves it."""
    sent = []

    async def answer(reader, writer):
        await read_request(reader)
        writer.write(head(SIZE, status))
        for _ in range(SIZE >> 16):
            writer.write(b" " * (1 << 16))
            await writer.drain()
            sent.append(1 << 16)

    return answer, sent


def test_an_answer_that_is_too_large_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1 << 20)
    answer, sent = oversized("200 OK")
    with connections(answer) as server:
        error = failing(opened(f"http://127.0.0.1:{server['port']}/v1", timeout=20.0), a_call())
    assert type(error) is ReplyError
    assert "exceeds 1 MB" in str(error)
    assert sum(sent) < SIZE


def test_a_refusal_that_is_too_large_is_still_told_by_its_status(monkeypatch):
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1 << 20)
    answer, _ = oversized("503 Service Unavailable")
    with connections(answer) as server:
        error = failing(opened(f"http://127.0.0.1:{server['port']}/v1", timeout=20.0), a_call())
    assert type(error) is ServerError
    assert error.status == 503
