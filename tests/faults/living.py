"""A real ``personagen`` process that is sent signals, and a server that says when it was asked."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.faults.trial import ROOT
from tests.servers import Reply, Request, Server, serving
from tests.servers.actor import actor

PATIENCE = 60.0


@dataclass
class Asked:
    """What the server does to a request: answers after ``delay`` seconds, or refuses all with a Retry-After."""

    delay: float = 0.0
    retry_after: int = 0

    def __call__(self, request: Request) -> Reply:
        if self.retry_after:
            return Reply({"error": {"message": "slow down"}}, 429, {"Retry-After": str(self.retry_after)})
        reply = actor(request)
        return Reply(reply.body, reply.status, reply.headers, self.delay)


class Living:
    """A process of the command ``arguments``; with ``terminal`` it has one, and its output is read from there."""

    def __init__(self, arguments: list[str], *, terminal: bool = False) -> None:
        self.arguments = arguments
        command = [sys.executable, "-m", "personagen", *arguments]
        env = {name: value for name, value in os.environ.items() if not name.startswith("PERSONAGEN")}
        env |= {"PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "sk-none", "NO_PROXY": "*", "TERM": "xterm"}
        self._master = -1
        if terminal:
            self._master, slave = pty.openpty()
            # The new session takes the terminal that it opens first as its own, so that ^C there reaches it.
            name = os.ttyname(slave)
            opened = f"import os,sys; os.open({name!r}, os.O_RDWR); os.execv(sys.executable, {command!r})"
            command = [sys.executable, "-S", "-c", opened]
            self._process = subprocess.Popen(
                command, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
            )
            os.close(slave)
        else:
            self._process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.began = time.monotonic()

    def send(self, number: int) -> float:
        """Sends a signal; returns when."""
        self._process.send_signal(number)
        return time.monotonic()

    def type(self, keys: bytes) -> float:
        """Types on its terminal; returns when."""
        os.write(self._master, keys)
        return time.monotonic()

    def hang_up(self) -> float:
        """Closes its terminal; returns when."""
        os.close(self._master)
        self._master = -1
        return time.monotonic()

    def ended(self) -> tuple[int, str, float]:
        """Its exit code (-9 where it hung and had to be killed), what it said on standard error, and when it ended."""
        patience = threading.Timer(PATIENCE, self._process.kill)
        patience.start()
        said = b""
        if self._master >= 0:
            with suppress(OSError):  # the terminal ends with its last process
                while part := os.read(self._master, 1 << 16):
                    said += part
            os.close(self._master)
        elif self._process.stderr:
            said = self._process.stderr.read()
            self._process.stderr.close()
        code = self._process.wait()
        patience.cancel()
        return code, said.decode(errors="replace"), time.monotonic()

    def wait_for(self, happened: Callable[[], bool]) -> None:
        """Waits until ``happened``, or until the process has ended."""
        until = time.monotonic() + PATIENCE
        while not happened() and self._process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)


@contextmanager
def asked(delay: float = 0.0) -> Iterator[tuple[Asked, Server]]:
    """A server and how it behaves, which can be changed while it runs."""
    how = Asked(delay)
    with serving(how) as server:
        yield how, server


SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP}
