"""Keys and passwords wherever they can stand, against servers that repeat them whole or in pieces: found nowhere."""

from __future__ import annotations

import io
import logging
import os
import shutil
import string
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from click.testing import CliRunner

from personagen.call import LLM
from personagen.cli import main
from personagen.llm import middleware
from personagen.llm.limits.limiter import Limiter
from tests import fakes
from tests.faults.trial import Finding, Scale, finding
from tests.servers import Reply, Request, serving
from tests.servers.actor import actor

PIECE = 8  # that many characters in a row of a secret count as the secret
VARIABLES = """OPENAI_API_KEY ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN GEMINI_API_KEY HF_TOKEN AWS_SECRET_ACCESS_KEY
AZURE_API_KEY MISTRAL_API_KEY OPENAI_ADMIN_KEY MY_PASSWORD MY_DB_PASSWD GITHUB_TOKEN SESSION_COOKIE
VAULT_SECRET""".split()
SPELLINGS: dict[str, Callable[[str, Random], str]] = {
    "whole": lambda secret, rng: secret,
    "part": lambda secret, rng: secret[(at := rng.randrange(len(secret) // 2)) : at + rng.randint(9, 20)],
    "lines": lambda secret, rng: "\n".join(secret[i : i + 5] for i in range(0, len(secret), 5)),
    "spaced": lambda secret, rng: " ".join(secret),
    "masked": lambda secret, rng: f"{secret[:6]}{'*' * 20}{secret[-4:]}",
    "tagged": lambda secret, rng: f"<b>{secret[:12]}</b><i>{secret[12:]}</i>",
}
STATUSES = (400, 401, 402, 403, 404, 409, 422, 429, 500, 503, 529, 302, 200)


def trial(scale: Scale) -> Iterable[Finding]:
    """Runs, each with a fault, a spelling and secrets of its own."""
    runs = scale.of(300, 15)
    rows = scale.each("secrets", range(runs), lambda number: leaking(Random(f"{scale.seed}/secrets/{number}"), number))
    codes = sorted({row["code"] for row in rows})
    read = sum(row["bytes"] for row in rows)
    yield finding(
        "canary keys in the environment, addresses, headers and cookies, repeated by servers whole or in pieces",
        "0 hits in the run folder, on the screen, in logs and exports",
        f"{runs} runs with {len(VARIABLES) + 5} secrets each ended with {codes}; {read:,} bytes read",
        rows,
        len(codes) > 1,
    )


def leaking(rng: Random, number: int) -> dict[str, Any]:
    """One run against a server that repeats secrets, and where any of them was found afterwards."""
    spelling = list(SPELLINGS)[number % len(SPELLINGS)]
    status = STATUSES[number % len(STATUSES)]
    secrets = {name: _secret(rng) for name in (*VARIABLES, "header", "user", "query", "proxy", "cookie")}
    folder = Path(tempfile.mkdtemp(prefix="personagen-secrets-"))
    answer = _answers(rng, secrets, SPELLINGS[spelling], status, after=rng.choice((0, 0, 7)))
    with serving(answer) as server, _environment(secrets), _logged() as log:
        url = {0: f"http://{secrets['user']}@", 1: "http//u:" + secrets["user"] + "@"}.get(number % 29, "http://")
        url += server.url.removeprefix("http://") + (f"/v1?key={secrets['query']}" if number % 17 == 0 else "/v1")
        provider = ("openai", "anthropic")[number % 2]
        run = ["simulate", "--personas", str(fakes.personas(folder, 2)), "--out", str(folder / "run"), "--turns", "1"]
        done = CliRunner().invoke(main, [*run, "--model", f"{provider}/m", "--base-url", url, "--timeout", "1"])
        exported = CliRunner().invoke(main, ["export", str(folder / "run"), "--out", str(folder / "pairs.jsonl")])
    said = {"screen": done.output + str(done.exception), "export": exported.output, "log": log.getvalue()}
    found = {name: text.encode() for name, text in said.items()}
    found |= {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    shutil.rmtree(folder)
    hits = [
        f"{name} ({spelling}, {status}): {hit}" for name, content in found.items() for hit in _hits(content, secrets)
    ]
    return {"wrong": hits, "code": done.exit_code, "bytes": sum(map(len, found.values()))}


def _secret(rng: Random) -> str:
    return rng.choice(("sk-", "xq_", "", "AIza")) + "".join(rng.choices(string.ascii_letters + string.digits, k=40))


def _answers(
    rng: Random, secrets: Mapping[str, str], spell: Callable[[str, Random], str], status: int, after: int
) -> Callable[[Request], Reply]:
    """A server that answers ``after`` requests as it should, and then repeats what it was sent and a secret or two."""
    count = 0

    def answer(request: Request) -> Reply:
        nonlocal count
        count += 1
        if count <= after:
            return actor(request)
        sent = request.headers.get("authorization") or request.headers.get("x-api-key") or ""
        others = rng.sample([secrets["header"], secrets["proxy"], *(secrets[name] for name in VARIABLES)], 2)
        words = " and ".join(spell(secret, rng) for secret in (sent.removeprefix("Bearer "), *others))
        cookie = {"Set-Cookie": f"session={secrets['cookie']}; Max-Age=99999", "Location": f"/x?k={sent[-40:]}"}
        wait = {"Retry-After": "300"} if status in (429, 503, 529) else {}
        headers = cookie | wait if status != 200 else cookie
        shapes = (
            {"error": {"message": f"Incorrect API key provided: {words}", "type": words, "code": words}},
            {"detail": words, "headers": dict(request.headers)},
            f"<html><body>{words}</body></html>".encode(),
            words.encode(),
        )
        return Reply(rng.choice(shapes), status, headers)

    return answer


@contextmanager
def _environment(secrets: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update({name: secrets[name] for name in VARIABLES})
    for provider in ("OPENAI", "ANTHROPIC"):
        os.environ[f"{provider}_CUSTOM_HEADERS"] = f"X-Canary: {secrets['header']}"
    os.environ["DATABASE_URL"] = f"postgres://me:{secrets['proxy']}@db.example/x"
    os.environ["NO_PROXY"] = "*"
    patient = middleware.with_retries

    def hasty(llm: LLM, limiter: Limiter, **_: float) -> LLM:
        return patient(llm, limiter, attempts=2, seconds=0.5, first=0.001)

    middleware.with_retries = hasty
    try:
        yield
    finally:
        middleware.with_retries = patient
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _logged() -> Iterator[io.StringIO]:
    """Everything that anybody logs, at the lowest level."""
    log, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(log), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _hits(content: bytes, secrets: Mapping[str, str]) -> Iterator[str]:
    """The secrets of which ``PIECE`` characters in a row are in ``content``, whatever white space stands between."""
    text = content.decode("latin-1")
    read = {text, "".join(text.split()), text.replace("\\n", "").replace("\\", "")}
    for name, secret in secrets.items():
        pieces = {secret[i : i + PIECE] for i in range(len(secret) - PIECE + 1)}
        if any(piece in where for piece in pieces for where in read):
            yield name
