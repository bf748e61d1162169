"""``label``: a page on this machine on which a person says which reply of a pair they prefer, without the verdict.

The address holds a secret, only this machine is served, and another site's page can neither read nor write: the host
and the origin of every request are checked. Texts are sent as JSON and shown as text.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from personagen.errors import PersonagenError, UsageError
from personagen.flows.labels import CHOICES, Drawn, drawn, label_summary, read_labels, save
from personagen.store.lock import locked

HOST = "127.0.0.1"
MAX_BODY = 1000
PAGE = Path(__file__).with_name("label.html")
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_POLICY = (
    "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; connect-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)


def label(
    run: Path, pairs: int = 50, seed: int = 0, port: int = 0, announce: Callable[[str], object] = print
) -> dict[str, Any]:
    """Serves the page until all drawn pairs are labelled, or until it is interrupted; returns ``label_summary``.

    ``announce`` gets the address. Every answer is saved at once in ``labels.jsonl`` of ``run``; those that are there
    are not asked again.

    Raises:
        UsageError: ``run`` has no pairs, or the port is taken.
        InUseError: another process uses the folder.
    """
    with locked(run) if run.is_dir() else _nothing(run):
        labelling = Labelling(run, drawn(run, pairs, seed))
        if labelling.first_open() is not None:
            with labelling.server(port) as server:
                announce(labelling.url(server))
                try:
                    server.serve_forever(poll_interval=0.1)
                except KeyboardInterrupt:
                    announce("")
        return labelling.summary()


class Labelling:
    """The drawn pairs of a run and their labels so far; ``token`` is the secret in the address."""

    def __init__(self, run: Path, pairs: list[Drawn]) -> None:
        self.run, self.pairs, self.token = run, pairs, secrets.token_urlsafe(16)
        self.labels, self.lock = read_labels(run), Lock()

    def first_open(self) -> int | None:
        """The number of the first pair without a label, or None."""
        return next((n for n, one in enumerate(self.pairs) if one.id not in self.labels), None)

    def shown(self, number: int | None) -> dict[str, Any]:
        """What the page shows of a pair: nothing tells which reply the judge preferred, or who wrote it."""
        done = sum(one.id in self.labels for one in self.pairs)
        found: dict[str, Any] = {"number": number, "of": len(self.pairs), "labelled": done}
        if number is None:
            return found
        one = self.pairs[number]
        said = [{"role": message.role, "text": message.content} for message in one.pair.prompt]
        return found | {
            "persona": f"{one.persona.profile}\n\n{one.persona.personality}".strip(),
            "conversation": said,
            "first": one.text("first"),
            "second": one.text("second"),
            "choice": self.labels.get(one.id, {}).get("choice"),
        }

    def answer(self, number: Any, choice: Any) -> dict[str, Any]:
        """Saves a label; the next pair without one. ``ValueError`` for anything that is not a label."""
        if type(number) is not int or not 0 <= number < len(self.pairs) or choice not in CHOICES:
            raise ValueError("not a label")
        with self.lock:
            one = self.pairs[number]
            save(self.run, one, choice)
            self.labels[one.id] = {"pair": one.id, "choice": choice, "chosen": one.chosen}
            return self.shown(self.first_open())

    def summary(self) -> dict[str, Any]:
        """The agreement with the judge."""
        return {"run": str(self.run), "pairs": len(self.pairs), **label_summary(self.labels)}

    def server(self, port: int) -> ThreadingHTTPServer:
        """A server for this machine only; it ends itself after the last label."""
        handler = type("Handler", (_Handler,), {"labelling": self})
        try:
            return ThreadingHTTPServer((HOST, port), handler)
        except (OSError, OverflowError) as error:
            raise UsageError(f"--port {port} can't be used: {error}; choose another one") from None

    def url(self, server: ThreadingHTTPServer) -> str:
        """The address of the page."""
        return f"http://{HOST}:{server.server_port}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    labelling: Labelling
    server: ThreadingHTTPServer
    server_version, sys_version, timeout = "personagen", "", 20

    def do_GET(self) -> None:
        """The page, or a pair."""
        url = urlsplit(self.path)
        page = self._page(url.path)
        if page == "":
            nonce = secrets.token_urlsafe(12)
            html = PAGE.read_text(encoding="utf-8").replace("NONCE", nonce).encode()
            self._send(html, "text/html; charset=utf-8", {"Content-Security-Policy": _POLICY.format(nonce)})
        elif page == "pair":
            asked = parse_qs(url.query).get("number", [""])[0]
            number = int(asked) if asked.isdecimal() and len(asked) < 9 else self.labelling.first_open()
            if number is not None and number >= len(self.labelling.pairs):
                self._refuse(HTTPStatus.NOT_FOUND)
            else:
                self._json(self.labelling.shown(number))
        elif page is not None:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """A label."""
        page = self._page(urlsplit(self.path).path)
        if page is None:
            return
        if page != "answer":
            self._refuse(HTTPStatus.NOT_FOUND)
        elif self.headers.get("Origin") not in (None, f"http://{self.headers['Host']}"):
            self._refuse(HTTPStatus.FORBIDDEN)
        else:
            self._answer()

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "")
        try:
            if self.headers.get_content_type() != "application/json" or not 0 < int(length) <= MAX_BODY:
                raise ValueError
            said = orjson.loads(self.rfile.read(int(length)))
            shown = self.labelling.answer(said["number"], said["choice"])
        except (ValueError, KeyError, TypeError):
            self._refuse(HTTPStatus.BAD_REQUEST)
        except PersonagenError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        else:
            self._json(shown)
            if shown["number"] is None:
                Thread(target=self.server.shutdown, daemon=True).start()

    def _page(self, path: str) -> str | None:
        """What is asked for below the secret; None if the request was refused."""
        host = f"{HOST}:{self.server.server_port}", f"localhost:{self.server.server_port}"
        _, token, *rest = path.split("/", 2) if path.count("/") > 1 else ("", "", "")
        if self.headers.get("Host") not in host:
            self._refuse(HTTPStatus.FORBIDDEN)
        elif not hmac.compare_digest(token.encode(), self.labelling.token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            return rest[0]
        return None

    def _json(self, value: Any) -> None:
        self._send(orjson.dumps(value), "application/json", {})

    def _refuse(self, status: HTTPStatus, why: str = "") -> None:
        self._send((why or status.phrase).encode(), "text/plain; charset=utf-8", {}, status)

    def _send(self, body: bytes, kind: str, headers: dict[str, str], status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **headers, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the address holds the secret."""


def _nothing(run: Path) -> Any:
    raise UsageError(f"{run} is not a run folder; name one of `personagen simulate`")
