"""The limit on open files is raised, calls in flight stay below it, and it is named where it is in the way."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from personagen.errors import DiskError
from personagen.llm.errors import Server
from personagen.llm.limits.adaptive import INITIAL_LIMIT
from personagen.llm.limits.files import RESERVED_FILES, most_in_flight
from personagen.llm.limits.limiter import Limiter
from personagen.llm.lost import unreachable
from personagen.store.journal import Journal
from tests.servers import serving
from tests.servers.actor import actor

pytestmark = pytest.mark.slow

resource = pytest.importorskip("resource")


@pytest.fixture
def limits():
    """Sets the soft limit on open files, and the hard limit as ``getrlimit`` tells it."""
    before, setrlimit = resource.getrlimit(resource.RLIMIT_NOFILE), resource.setrlimit
    yield lambda soft: setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def hard(monkeypatch):
    """Refuses, as a hard limit does, to raise the soft limit above ``most``."""
    real = resource.setrlimit

    def refuse_above(most):
        def setrlimit(what, pair):
            if pair[0] > most:
                raise ValueError("current limit exceeds maximum limit")
            real(what, pair)

        monkeypatch.setattr(resource, "setrlimit", setrlimit)

    return refuse_above


def test_a_low_soft_limit_is_raised_as_far_as_is_needed(limits, caplog):
    limits(256)
    assert most_in_flight(512) == 512
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 512 + RESERVED_FILES
    assert not caplog.text


def test_a_limit_that_can_not_be_raised_bounds_what_is_in_flight_and_is_named(limits, hard, caplog):
    limits(256)
    hard(256)
    with caplog.at_level(logging.WARNING):
        assert 64 <= most_in_flight(512) <= 256 - RESERVED_FILES
    assert "256 open files" in caplog.text
    assert "ulimit -n" in caplog.text


def test_enough_is_left_alone():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert most_in_flight(8) == 8
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


@pytest.mark.parametrize(
    ("fixed", "ceiling", "first", "most"), [(None, 100, 4, 100), (None, 3, 3, 3), (300, 40, 40, 40)]
)
def test_a_ceiling_holds_for_every_server_and_not_for_what_answers_in_this_process(fixed, ceiling, first, most):
    limiter = Limiter(fixed, {"user": "a", "judge": "here"}, {"here"}, ceiling)
    assert (limiter.at("a").limit.limit, limiter.at("a").limit.max_in_flight) == (first, most)
    assert limiter.at("here").limit.max_in_flight == (fixed or 32)
    assert INITIAL_LIMIT == 4


def test_a_request_and_a_journal_without_a_file_to_open_name_the_limit(limits, tmp_path):
    told = unreachable(Server("openai/m", "http://h/v1", "K"), OSError(24, "Too many open files"))
    assert "ulimit -n" in str(told)
    limits(64)
    with ExitStack() as stack:
        with suppress(OSError):
            while True:
                stack.enter_context(Path(os.devnull).open())
        with pytest.raises(DiskError, match="ulimit -n"):
            Journal(tmp_path / "journal.db")


def test_a_run_with_256_open_files_and_no_more_ends_well(tmp_path):
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))\n"
        "from personagen.cli import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    with serving(actor, delay=0.05) as server:
        common = [
            "--model",
            "openai/a",
            "--base-url",
            server.v1,
            "--concurrency",
            "400",
            "--out",
            str(tmp_path / "run"),
        ]
        pool = ["expand", "--target", "20", "--out", str(tmp_path / "pool")]
        play = ["simulate", "--personas", str(tmp_path / "pool" / "personas.jsonl"), "--conversations", "300"]
        for arguments in (pool, [*play, "--turns", "1", *common]):
            command = [sys.executable, "-c", code, *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    assert "256 open files" in done.stderr
