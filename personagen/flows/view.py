"""``view``: the reports of all runs in a folder, listed in a browser; served to this machine only.

The address holds a secret, and the host of every request is checked, so that no other site's page can read a report.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from personagen.errors import PersonagenError, UsageError
from personagen.flows.label import HEADERS, HOST
from personagen.flows.report import reports_in
from personagen.store.files import BUFFER_BYTES, read_state

PORT = 8642  # the same each time, since browsers keep flags and notes by address
_STYLE = (
    "body{font:15px/1.6 system-ui,sans-serif;max-width:860px;margin:40px auto;padding:0 20px;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:6px 14px 6px 0;"
    "border-bottom:1px solid #8884}"
)


def view(folder: Path, port: int = 0, announce: Callable[[str], object] = print) -> int:
    """Serves the reports in ``folder``, read at each request, until it is interrupted; returns how many there were.

    ``announce`` gets the address.

    Raises:
        UsageError: there is no such folder, it has no report, or the port is taken.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; name one with runs in it")
    count = len(list(reports_in(folder)))
    if not count:
        raise UsageError(f"{folder} has no report; write one with: personagen report {folder}/RUN")
    with server(folder, port or PORT) if port or _is_free(PORT) else server(folder) as serving:
        announce(serving.url)
        if serving.server_port not in (port, PORT):
            announce(f"port {PORT} is taken: flags and notes made here are found again at this port only; export them")
        try:
            serving.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            announce("")
    return count


class Server(ThreadingHTTPServer):
    """Serves ``folder`` below the secret ``token``."""

    daemon_threads = True
    folder: Path
    token: str

    @property
    def url(self) -> str:
        """The address of the list."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"


def _is_free(port: int) -> bool:
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            found.bind((HOST, port))
            return True
    return False


def server(folder: Path, port: int = 0) -> Server:
    """A server for this machine only; a port that is taken is a ``UsageError``."""
    try:
        made = Server((HOST, port), _Handler)
    except (OSError, OverflowError) as error:
        raise UsageError(f"--port {port} can't be used: {error}; choose another one") from None
    made.folder, made.token = folder, secrets.token_urlsafe(16)
    return made


def listing(folder: Path) -> bytes:
    """The page with the reports of ``folder``, the newest first."""
    rows = []
    for file in reports_in(folder):
        state = _state(file.parent)
        summary, counts = state.get("summary") or {}, []
        for name in ("trees", "pairs", "personas"):
            if isinstance(summary.get(name), int):
                counts.append(f"{summary[name]:,} {name}")
        when = datetime.fromtimestamp(file.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M UTC")
        name = file.parent.relative_to(folder).as_posix()
        name = folder.resolve().name if name == "." else name
        cells = [
            escape(str(text)) for text in (state.get("command", ""), state.get("status", ""), ", ".join(counts), when)
        ]
        rows.append(
            f'<tr><th scope="row"><a href="{quote(file.relative_to(folder).as_posix())}">{escape(name)}</a></th>'
            + "".join(f"<td>{cell}</td>" for cell in cells)
            + "</tr>"
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("run", "command", "status", "what", "report written"))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Reports</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style><main><h1>Reports</h1><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}"
        "</tbody></table></main></html>"
    ).encode()


def _state(run: Path) -> dict[str, Any]:
    try:
        return read_state(run)
    except (PersonagenError, OSError, ValueError):
        return {"status": "run.json can't be read"}


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server
    server_version, sys_version, timeout = "personagen", "", 20

    def do_GET(self) -> None:
        """The list, or a report."""
        path = urlsplit(self.path).path
        _, token, *rest = path.split("/", 2) if path.startswith("/") else ("", "")
        hosts = f"{HOST}:{self.server.server_port}", f"localhost:{self.server.server_port}"
        if self.headers.get("Host") not in hosts:
            self._send(b"Forbidden", "text/plain", HTTPStatus.FORBIDDEN)
        elif not rest or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._send(b"Not Found", "text/plain", HTTPStatus.NOT_FOUND)
        elif not rest[0]:
            self._send(listing(self.server.folder), "text/html; charset=utf-8")
        else:
            self._report(unquote(rest[0]))

    def _report(self, name: str) -> None:
        folder = self.server.folder
        file = next((file for file in reports_in(folder) if file.relative_to(folder).as_posix() == name), None)
        if file is None:
            self._send(b"Not Found", "text/plain", HTTPStatus.NOT_FOUND)
            return
        with file.open("rb", buffering=BUFFER_BYTES) as page:
            self._head("text/html; charset=utf-8", file.stat().st_size, HTTPStatus.OK)
            while part := page.read(1 << 20):
                self.wfile.write(part)

    def _head(self, kind: str, size: int, status: HTTPStatus) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(size)}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._head(kind, len(body), status)
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the address holds the secret."""
