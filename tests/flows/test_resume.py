"""Real processes of ``simulate`` and ``evaluate``, killed and interrupted: the same bytes, nothing asked twice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import fakes
from tests.fakes import results

pytestmark = pytest.mark.slow


class Process:
    """A real run of a command on the fakes, whose questions are logged."""

    def __init__(self, tmp_path, out, command="simulate", options="--conversations 12 --model tests.fakes:llm"):
        self.out, self.log = tmp_path / out, tmp_path / f"{out}.log"
        self.log.touch()
        self.command = [sys.executable, "-m", "personagen", command, "--personas", str(fakes.personas(tmp_path))]
        self.command += ["--out", str(self.out), *f"--turns 4 --concurrency 6 --quiet {options}".split()]

    def start(self):
        environment = os.environ | {"TEST_PERSONAGEN_LOG": str(self.log), "PYTHONPATH": str(Path(__file__).parents[2])}
        return subprocess.Popen(self.command, env=environment, stderr=subprocess.PIPE, text=True)

    def finish(self):
        running = self.start()
        _, errors = running.communicate(timeout=60)
        assert running.returncode == 0, errors

    def asked(self):
        return self.log.read_text().split()

    def stored(self):
        connection = sqlite3.connect(self.out / "journal.db")
        try:
            return {key for (key,) in connection.execute("SELECT key FROM calls")}
        finally:
            connection.close()

    def wait_for(self, questions):
        until = time.monotonic() + 60
        while len(self.asked()) < questions:
            assert time.monotonic() < until
            time.sleep(0.005)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The results of a run that nothing interrupts."""
    process = Process(tmp_path_factory.mktemp("whole"), "whole")
    process.finish()
    return results(process.out)


@pytest.mark.parametrize("draw", range(3))
def test_a_run_killed_at_any_point_and_resumed_gives_the_same_bytes_and_asks_nothing_twice(tmp_path, whole, draw):
    rng = random.Random(draw)
    process = Process(tmp_path, "killed")
    for _ in range(2):
        running = process.start()
        process.wait_for(len(process.asked()) + rng.randrange(1, 90))
        running.kill()
        running.communicate()
        stored, asked = process.stored(), process.asked()
        assert stored <= set(asked)
    process.finish()
    assert results(process.out) == whole
    assert not stored & set(process.asked()[len(asked) :])


def test_an_evaluation_killed_twice_resumes_to_the_same_figures_and_asks_nothing_twice(tmp_path):
    models = " ".join(f"--{name} tests.fakes:llm" for name in ("model", "user-model", "judge-model"))
    files = ("trees.jsonl", "ratings.jsonl", "results.json")
    whole, process = (Process(tmp_path, name, "evaluate", f"--baselines {models}") for name in ("whole", "killed"))
    whole.finish()
    for questions in (40, 110):
        running = process.start()
        process.wait_for(questions)
        running.kill()
        running.communicate()
    stored, asked = process.stored(), process.asked()
    process.finish()
    assert [(process.out / name).read_bytes() for name in files] == [(whole.out / name).read_bytes() for name in files]
    assert not stored & set(process.asked()[len(asked) :])


def test_an_interrupted_run_drains_writes_what_it_has_and_exits_130(tmp_path, whole):
    process = Process(tmp_path, "stopped")
    running = process.start()
    process.wait_for(150)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "run the same command to resume" in errors
    assert "Traceback" not in errors
    assert set(process.asked()) == process.stored()
    assert (process.out / "run.json").exists()
    process.finish()
    assert results(process.out) == whole
