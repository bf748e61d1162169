"""What a run shows in a real terminal of 80 columns, and on standard error that is none."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager, suppress

import pytest

from tests import fakes
from tests.servers import Reply, serving
from tests.servers.actor import actor

pytestmark = pytest.mark.slow

COMMAND = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
FINISHING = re.compile(r"finishing (\d+) calls?; (.*?) again to drop (?:them|it)")
AT_ONCE = 0.2 + 0.3  # how late a busy machine may show it


class Shown:
    """A run on a terminal of so many ``columns``, or one whose errors go into a pipe; reads what is shown."""

    def __init__(self, tmp_path, server, *more, columns=80):
        command = [sys.executable, "-m", "personagen", "simulate", "--personas", str(fakes.personas(tmp_path, 6))]
        command += [
            "--turns",
            "2",
            "--model",
            "openai/a",
            "--base-url",
            server.v1,
            "--out",
            str(tmp_path / "run"),
            *more,
        ]
        env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        env |= {"OPENAI_API_KEY": fakes.KEY, "TERM": "xterm", "CI": "true", "PYTHONIOENCODING": "utf-8"}
        if columns:
            self.ours, theirs = pty.openpty()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        else:
            self.ours, theirs = os.pipe()
        self.child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, start_new_session=True, env=env
        )
        os.close(theirs)
        self.text = ""

    def until(self, happened, seconds=30.0):
        """Reads until ``happened(text)``, or the end; returns whether it did, and what was shown by then."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not happened(self.text):
            if not select.select([self.ours], [], [], 0.02)[0]:
                continue
            piece = b""
            with suppress(OSError):  # the terminal ends with its last process
                piece = os.read(self.ours, 1 << 16)
            if not piece:
                break
            self.text += COMMAND.sub("", piece.decode(errors="replace"))
        return happened(self.text)

    def lines(self):
        """Every line that was shown, also those that others replaced."""
        return [line for line in re.split(r"[\r\n]+", self.text) if line.strip()]


@contextmanager
def shown(*args, **options):
    run = Shown(*args, **options)
    try:
        yield run
    finally:
        run.child.kill()
        run.child.wait()
        os.close(run.ours)


class Hanging:
    """Answers the first calls, and no other."""

    def __init__(self, first=14):
        self.first, self.asked = first, 0

    def __call__(self, request):
        self.asked += 1
        return self.held if self.asked > self.first else None

    async def held(self, connection):
        await asyncio.sleep(60)


def test_a_run_fits_80_columns_with_a_bar_and_no_price_of_a_server_of_ones_own(tmp_path):
    with (
        serving(lambda request: Reply(actor(request).body, delay=0.25)) as server,
        shown(tmp_path, server, "--concurrency", "4") as run,
    ):
        assert run.until(lambda text: "next: personagen show" in text)
        assert run.child.wait(10) == 0
    progress = [line for line in run.lines() if line.startswith("conversations ")]
    assert any(
        re.match(r"conversations \d/6, \d begun ━*─* calls \d+/96 · .* (left|elapsed)", line) for line in progress
    )
    assert any(re.search(r"\d calls/s · \d of 4 in flight", line) for line in run.lines())
    last = next(at for at, line in enumerate(run.lines()) if line.startswith(str(tmp_path)))
    assert [line for line in run.lines()[:last] if len(line) > 79 and not line.startswith("  ")] == []
    assert not re.search("cost|price|USD", run.text.replace("_", " "))


@pytest.mark.parametrize(("columns", "number"), [(80, "SIGINT"), (0, "SIGINT"), (80, "SIGTERM")])
def test_a_stopped_run_says_at_once_what_it_waits_for_and_drops_it_when_told_again(tmp_path, columns, number):
    hanging = Hanging()
    with (
        serving(actor, misbehave=hanging) as server,
        shown(tmp_path, server, "--concurrency", "6", columns=columns) as run,
    ):
        assert run.until(lambda _: hanging.asked >= hanging.first + 6)
        began = time.monotonic()
        run.child.send_signal(signal.Signals[number])
        assert run.until(FINISHING.search)
        took = time.monotonic() - began
        count, how = FINISHING.search(run.text).groups()
        assert (count, how) == ("6", "press Ctrl-C" if number == "SIGINT" else "send SIGTERM")
        assert took < AT_ONCE
        run.child.send_signal(signal.Signals[number])
        run.until(lambda _: False, 10)
        assert run.child.wait(10) == 130


def test_why_a_call_is_retried_is_told_once(tmp_path):
    asked = []

    def overloaded(request):
        asked.append(request)
        return Reply({"error": {"message": "overloaded"}}, 503) if len(asked) in (5, 6, 9) else actor(request)

    with serving(overloaded) as server, shown(tmp_path, server, "--concurrency", "4", columns=0) as run:
        run.until(lambda _: False)
    said = [line for line in run.lines() if line.startswith("retrying: ")]
    assert len(said) == 1
    assert re.match(r"retrying: openai/a at .* HTTP 503: overloaded( \(waits [\d.]+ s\))?$", said[0])


def test_what_is_finished_is_counted_down(tmp_path):
    def slowly(request):
        asked.append(request)
        return Reply(actor(request).body, delay=0.8 + 0.6 * (len(asked) % 4) if len(asked) > 14 else 0.0)

    asked = []
    with serving(slowly) as server, shown(tmp_path, server, "--concurrency", "4") as run:
        assert run.until(lambda _: len(asked) >= 18)
        run.child.send_signal(signal.SIGINT)
        run.until(lambda _: False)
        assert run.child.wait(10) == 130
    left = [int(count) for count, _ in FINISHING.findall(run.text)]
    assert (left[0], left[-1], left) == (4, 1, sorted(left, reverse=True))


def test_a_server_that_is_away_is_shown_with_since_when_and_why(tmp_path):
    def gone(request):
        if len(server.requests) != 8:
            return None

        async def leave(connection):
            server.shut(8.0)  # long enough to be seen on a busy machine
            for transport in list(server.connections):
                transport.abort()

        return leave

    with serving(actor, misbehave=gone) as server, shown(tmp_path, server, "--concurrency", "4") as run:
        away = re.compile(r"away since \d\d:\d\d:\d\d, nothing listens there: openai/a")
        assert run.until(away.search), run.text[-2000:]
        run.until(lambda _: False)
        assert run.child.wait(10) == 0
    assert [line for line in run.lines() if "away since" in line and len(line) > 79] == []
