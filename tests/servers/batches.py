"""A loopback double of both batch APIs: OpenAI's files and batches, Anthropic's message batches."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from random import Random
from typing import Any

import orjson

from tests.servers import CHAT, MESSAGES, Reply, Request, Server, serving

KINDS = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 500: "api_error"}
# What an answer function gives for a request that its batch never came to.
EXPIRED = Reply(status=0)


@dataclass
class Batch:
    """A batch as it arrived. ``looks`` counts how often its state was asked for; ``fate`` is how it ends."""

    id: str
    path: str
    requests: list[tuple[str, dict[str, Any]]]
    metadata: dict[str, str] = field(default_factory=dict)
    fate: str = "completed"
    words: str = ""
    looks: int = 0
    created: float = field(default_factory=time.time)

    @property
    def keys(self) -> list[str]:
        """The keys of its calls, in order."""
        return [custom_id.partition("-")[2] for custom_id, _ in self.requests]


@dataclass
class Double:
    """A running double. What a test sets holds from then on.

    ``answer`` answers one request. A batch ends when it was looked at ``looks`` times, never while ``held``. ``refuse``
    may answer any HTTP request in place of the API (path and method given); ``arriving`` is called with a batch before
    it is accepted, ``arrived`` when it is and before the client hears of it.
    """

    answer: Callable[[Request], Reply]
    server: Server | None = None
    looks: int = 2
    held: bool = False
    refuse: Callable[[str, str], Reply | None] = lambda *_: None
    arriving: Callable[[Batch], None] = lambda _: None
    arrived: Callable[[Batch], None] = lambda _: None
    batches: list[Batch] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The keys of all calls that arrived, in all batches."""
        return [key for batch in self.batches for key in batch.keys]

    def base(self, protocol: str) -> str:
        """The base URL for ``openai`` or ``anthropic``."""
        return self.server.base(protocol)

    def find(self, batch_id: str) -> Batch | None:
        """The batch with this id."""
        return next((b for b in self.batches if b.id == batch_id), None)

    def is_over(self, batch: Batch) -> bool:
        """Whether the batch has ended by now."""
        return not self.held and batch.looks >= self.looks

    def begin(self, path: str, requests: list[tuple[str, dict[str, Any]]], metadata: Any = None) -> Batch:
        """Takes a batch in."""
        batch = Batch(f"batch_{len(self.batches) + 1}", path, requests, metadata or {})
        models = {body["model"] for _, body in requests}
        if path == CHAT and len(models) > 1:
            batch.fate, batch.words = "failed", "mismatched_model"
        assert len({custom_id for custom_id, _ in requests}) == len(requests)
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", custom_id) for custom_id, _ in requests)
        self.arriving(batch)
        self.batches.append(batch)
        self.arrived(batch)
        return batch

    def replies(self, batch: Batch) -> list[tuple[str, Reply]]:
        """What became of each request, in an order of its own; of an expired batch only every other was reached."""
        said = [(custom_id, self.answer(Request(batch.path, orjson.dumps(body)))) for custom_id, body in batch.requests]
        if batch.fate in ("expired", "cancelled"):
            said = [(custom_id, EXPIRED if n % 2 else reply) for n, (custom_id, reply) in enumerate(said)]
        Random(batch.id).shuffle(said)
        return said


def _openai_state(double: Double, batch: Batch) -> dict[str, Any]:
    steps = ["validating", "in_progress", "finalizing"]
    over = double.is_over(batch)
    status = batch.fate if over else steps[min(batch.looks, len(steps) - 1)]
    total = len(batch.requests)
    state: dict[str, Any] = {"id": batch.id, "object": "batch", "endpoint": batch.path, "status": status}
    state |= {"completion_window": "24h", "created_at": int(batch.created), "input_file_id": "file", "errors": None}
    state |= {"metadata": batch.metadata, "output_file_id": None, "error_file_id": None}
    state["request_counts"] = {"completed": total if over else total // 2, "failed": 0, "total": total}
    if over and batch.fate == "failed":
        state["errors"] = {"object": "list", "data": [{"code": batch.words, "message": f"Refused: {batch.words}."}]}
    elif over:
        good, bad = [], []
        for custom_id, reply in double.replies(batch):
            told = {"status_code": reply.status, "request_id": "r", "body": reply.body}
            line = {"id": "l", "custom_id": custom_id, "response": told, "error": None}
            if reply is EXPIRED:
                line |= {"response": None, "error": {"code": "batch_expired", "message": "It could not be reached."}}
            (good if reply.status == 200 else bad).append(orjson.dumps(line))
        for name, lines in (("output", good), ("error", bad)):
            if lines:
                state[f"{name}_file_id"] = file = f"{name}_{batch.id}"
                double.files[file] = b"\n".join(lines) + b"\n"
    return state


def _anthropic_state(double: Double, batch: Batch) -> dict[str, Any]:
    over, total = double.is_over(batch), len(batch.requests)
    at = datetime.fromtimestamp(batch.created, UTC).isoformat()
    counts = dict.fromkeys(("canceled", "errored", "expired", "processing", "succeeded"), 0)
    counts["succeeded" if over else "processing"] = total
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if over else "in_progress",
        "created_at": at,
        "expires_at": at,
        "request_counts": counts,
        "results_url": "http://elsewhere.invalid/results" if over else None,
    }


def _anthropic_results(double: Double, batch: Batch) -> bytes:
    lines = []
    for custom_id, reply in double.replies(batch):
        if reply is EXPIRED:
            result: Any = {"type": "canceled" if batch.fate == "cancelled" else "expired"}
        elif reply.status == 200:
            result = {"type": "succeeded", "message": reply.body}
        else:
            inner = {"type": KINDS[reply.status], "message": reply.body["error"]["message"]}
            result = {"type": "errored", "error": {"type": "error", "error": inner}}
        lines.append(orjson.dumps({"custom_id": custom_id, "result": result}))
    return b"\n".join(lines) + b"\n"


def _openai(double: Double, got: Request) -> Any:
    match got.method, got.path.removeprefix("/v1/").split("/"):
        case "POST", ["files"]:
            form = message_from_bytes(f"Content-Type: {got.headers['content-type']}\r\n\r\n".encode() + got.raw)
            parts = {part.get_param("name", header="content-disposition"): part for part in form.get_payload()}
            assert parts["purpose"].get_payload() == "batch"
            file = f"file_{len(double.files) + 1}"
            double.files[file] = parts["file"].get_payload(decode=True)
            return {"id": file, "object": "file", "bytes": 1, "created_at": 1, "filename": "f", "purpose": "batch"}
        case "POST", ["batches"]:
            lines = [orjson.loads(line) for line in double.files[got.body["input_file_id"]].splitlines()]
            assert all(line["url"] == got.body["endpoint"] == CHAT and line["method"] == "POST" for line in lines)
            requests = [(line["custom_id"], line["body"]) for line in lines]
            return _openai_state(double, double.begin(CHAT, requests, got.body.get("metadata")))
        case "GET", ["batches"]:
            newest = [_openai_state(double, b) for b in reversed(double.batches)]
            return {"object": "list", "data": newest, "has_more": False}
        case "GET", ["batches", batch_id]:
            batch = double.find(batch_id)
            if batch:
                batch.looks += 1
                return _openai_state(double, batch)
        case "GET", ["files", file, "content"]:
            return double.files.get(file)
    return None


def _anthropic(double: Double, got: Request) -> Any:
    match got.method, got.path.removeprefix(f"{MESSAGES}/batches").strip("/").split("/"):
        case "POST", [""]:
            requests = [(r["custom_id"], r["params"]) for r in got.body["requests"]]
            return _anthropic_state(double, double.begin(MESSAGES, requests))
        case "GET", [""]:
            newest = [_anthropic_state(double, b) for b in reversed(double.batches)]
            return {"data": newest, "has_more": False, "first_id": None, "last_id": None}
        case "GET", [batch_id, *rest]:
            batch = double.find(batch_id)
            if batch and rest == ["results"]:
                return _anthropic_results(double, batch)
            if batch:
                batch.looks += 1
                return _anthropic_state(double, batch)
    return None


@contextmanager
def batching(answer: Callable[[Request], Reply], **settings: Any) -> Iterator[Double]:
    """The double in a thread; every function is called there."""
    double = Double(answer, **settings)

    def respond(got: Request) -> Reply:
        double.asked.append(f"{got.method} {got.path}")
        if reply := double.refuse(got.method, got.path):
            return reply
        said = (_anthropic if got.path.startswith(MESSAGES) else _openai)(double, got)
        missing = {"error": {"type": "not_found_error", "message": "There is none."}}
        return Reply(missing, 404) if said is None else Reply(said)

    with serving(respond) as server:
        double.server = server
        yield double
