"""Real processes of ``simulate --batch``, killed and interrupted at the worst moments; this one goes on from there."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from personagen.cli import main
from personagen.llm.batch import poll
from tests import fakes
from tests.servers.actor import actor
from tests.servers.batches import batching

pytestmark = pytest.mark.slow

TIMES = {"settle": 0.05, "first": 0.02, "longest": 0.05, "grace": 0.5}
MAIN = (
    "from personagen.llm.batch import poll\n"
    f"poll.POLICY = poll.PollPolicy(**{TIMES})\n"
    "from personagen.cli import main\n"
    "main()\n"
)


class Run:
    """``personagen simulate`` on a double, in a process of its own or in this one."""

    def __init__(self, tmp_path, double, protocol, out="run"):
        fakes.personas(tmp_path, 3)
        self.out, self.double, self.process = tmp_path / out, double, None
        options = f"simulate --turns 1 --model {protocol}/m --price 1,2 --quiet --base-url {double.base(protocol)}"
        self.command = [*options.split(), "--personas", str(tmp_path / "personas.jsonl"), "--out", str(self.out)]

    def start(self):
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", MAIN, *self.command, "--batch"]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    def kill(self, *_):
        self.process.kill()
        self.process.wait()

    def ended(self):
        _, errors = self.process.communicate(timeout=90)
        return self.process.returncode, errors

    def finish(self, *options, code=0):
        result = CliRunner().invoke(main, [*self.command, *options])
        assert result.exit_code == code, result.output
        return result.stderr

    def results(self):
        return fakes.results(self.out)

    def wait_for_a_batch(self):
        until = time.monotonic() + 60
        while not any(path.endswith("/batches/batch_1") for path in self.double.asked):
            assert time.monotonic() < until
            time.sleep(0.01)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(poll, "POLICY", poll.PollPolicy(**TIMES))


@pytest.fixture(params=["openai", "anthropic"])
def protocol(request):
    return request.param


def test_killed_when_a_batch_has_just_arrived_it_is_found_again_and_nothing_is_sent_twice(tmp_path, protocol):
    with batching(actor) as double:
        whole = Run(tmp_path, double, protocol, "whole")
        whole.finish("--batch")
    with batching(actor) as double:
        run = Run(tmp_path, double, protocol)
        # The provider has it, and nobody else knows.
        double.arrived = lambda _: run.kill() if len(double.batches) == 2 else None
        run.start()
        assert run.ended()[0] == -signal.SIGKILL
        double.arrived = lambda _: None
        assert len(double.batches) == 2
        run.finish("--batch")
    assert run.results() == whole.results()
    assert len(double.keys) == len(set(double.keys))


def test_killed_while_a_batch_is_pending_the_next_process_waits_for_it(tmp_path):
    with batching(actor, held=True) as double:
        run = Run(tmp_path, double, "anthropic")
        run.start()
        run.wait_for_a_batch()
        run.kill()
        run.process.communicate()
        double.held = False
        run.finish("--batch")
    assert len(double.keys) == len(set(double.keys))
    assert run.results()["trees.jsonl"].count(b"\n") == 3


def test_killed_before_a_batch_arrives_it_is_sent_by_the_next_process(tmp_path):
    def kill(_):
        double.arriving = lambda _: None
        run.kill()
        raise ConnectionError

    with batching(actor, arriving=kill) as double:
        run = Run(tmp_path, double, "openai")
        run.start()
        assert run.ended()[0] == -signal.SIGKILL
        assert double.batches == []
        run.finish("--batch")
    assert len(double.keys) == len(set(double.keys))


def test_interrupted_while_a_batch_is_pending_it_ends_at_once_and_the_same_command_picks_it_up(tmp_path):
    with batching(actor, held=True) as double:
        run = Run(tmp_path, double, "openai")
        run.start()
        run.wait_for_a_batch()
        run.process.send_signal(signal.SIGINT)
        code, errors = run.ended()
        assert code == 130, errors
        assert "submitted batches continue at the provider; run the same command" in errors
        assert errors.strip().splitlines()[1:] == [f"to resume: personagen {shlex.join([*run.command, '--batch'])}"]
        # Without --batch these calls would be paid for a second time.
        assert "3 calls of this run are" in run.finish(code=3)
        double.held = False
        run.finish("--batch")
    assert len(double.keys) == len(set(double.keys))
    assert run.results()["trees.jsonl"].count(b"\n") == 3
