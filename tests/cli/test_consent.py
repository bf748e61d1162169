"""What is shown before a run, and when it asks whether it may begin."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import termios
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from personagen.cli import consent as asking
from personagen.runs.estimate import Estimate, Range
from tests import fakes

ESTIMATE = Estimate(
    planned="4 conversations x 3 turns",
    calls=72,
    max_calls=216,
    input_tokens=Range(50_000, 90_000, 900_000),
    cached_input_tokens=30_600,
    output_tokens=Range(6_000, 12_000, 130_000),
    cost_usd=Range(0.05, 7.2, 71.0),
    known_usd=7.2,
    unknown=(),
    by_role={"user": 7.0, "judge": 0.2},
    may_cost_usd=7.2,
    limit="",
    bytes=2_100_000,
    free_bytes=5_000_000_000,
)
# Where somebody may be asked, wherever the tests run themselves.
ALONE = {name: value for name, value in os.environ.items() if name not in ("CI", "JPY_PARENT_PID")}
UNKNOWN = replace(ESTIMATE, cost_usd=None, known_usd=0.2, unknown=("openai/x",), by_role={"user": None, "judge": 0.2})


def test_the_block_tells_calls_tokens_cost_and_disk():
    assert asking.describe(ESTIMATE).splitlines() == [
        "Planned: 4 conversations x 3 turns",
        "  calls   about 72, at most 216",
        "  tokens  about 90,000 in (34% from cache), 12,000 out",
        "  cost    about 7.20 USD (0.0500 USD if replies are short), at most 71.00 USD",
        "          user 7.00 USD, judge 0.20 USD",
        "  disk    about 3 MB, 5.0 GB free",
    ]


def test_an_unknown_price_is_told_as_unknown():
    assert "unknown: no price for openai/x (set --price IN,OUT); other models about 0.20 USD" in asking.describe(
        UNKNOWN
    )


def test_no_price_is_told_where_nothing_can_cost():
    assert not re.search("cost|price|USD", asking.describe(replace(UNKNOWN, free=True)))


def test_a_disk_that_may_get_full_and_a_limit_are_told():
    told = asking.describe(
        replace(ESTIMATE, free_bytes=3_000_000, limit="--max-calls 5, with 5 left, will end it early")
    )
    assert "the disk may fill up" in told
    assert "--max-calls 5" in told


def at_a_terminal(monkeypatch, *, terminal=True):
    for name in ("CI", "JPY_PARENT_PID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: terminal, fileno=lambda: 0))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())


@pytest.mark.parametrize("where", ["CI", "notebook", "background", "another terminal", "no stdin", "no stderr"])
def test_it_does_not_ask_where_nobody_can_answer(monkeypatch, where):
    def not_ours(_):
        raise OSError(25, "Inappropriate ioctl for device")

    at_a_terminal(monkeypatch)
    assert asking._is_interactive()
    match where:
        case "CI":
            monkeypatch.setenv("CI", "true")
        case "notebook":
            monkeypatch.setenv("JPY_PARENT_PID", "12")
        case "background":
            monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
        case "another terminal":
            monkeypatch.setattr(os, "tcgetpgrp", not_ours)
        case _:
            monkeypatch.setattr(sys, where.partition(" ")[2], None)
    assert not asking._is_interactive()
    assert asking.consent(above=1.0, quiet=True)(ESTIMATE)


@pytest.mark.parametrize("closed", ["<&-", "2>&-"])
def test_a_run_goes_on_where_a_stream_is_closed(tmp_path, closed):
    command = [sys.executable, "-m", "personagen", "simulate", "--personas", str(fakes.personas(tmp_path, 1))]
    command += ["--turns", "1", "--model", "tests.fakes:llm", "--price", "9000,9000", "--out", str(tmp_path / "run")]
    closing = ["sh", "-c", f"{shlex.join(command)} {closed}"]
    done = subprocess.run(closing, env=ALONE, capture_output=True, timeout=60, check=False)
    assert (done.returncode, (tmp_path / "run" / "trees.jsonl").is_file()) == (0, True), done


@pytest.mark.parametrize(
    ("may_cost", "above", "terminal", "asks"),
    [
        (7.2, 5.0, True, True),
        (7.2, 5.0, False, False),
        (7.2, 10.0, True, False),
        (5.0, 5.0, True, False),
        (float("inf"), 1e9, True, True),
        (float("inf"), None, True, False),
    ],
)
def test_it_asks_only_in_a_terminal_and_above_the_limit(monkeypatch, may_cost, above, terminal, asks):
    asked = []
    monkeypatch.setattr(asking, "_confirmed", lambda estimate: asked.append(estimate) or False)
    at_a_terminal(monkeypatch, terminal=terminal)
    went_on = asking.consent(above=above, quiet=False)(replace(ESTIMATE, may_cost_usd=may_cost))
    assert (bool(asked), went_on) == (asks, not asks)


@pytest.mark.parametrize("asks", [True, False])
def test_quiet_shows_nothing_unless_there_is_a_question(monkeypatch, capsys, asks):
    monkeypatch.setattr(asking, "_confirmed", lambda estimate: True)
    at_a_terminal(monkeypatch)
    assert asking.consent(above=1.0 if asks else 9.0, quiet=True)(ESTIMATE)
    assert ("at most 216" in capsys.readouterr().err) == asks


def test_the_block_stands_before_the_summary_and_the_summary_compares(command, personas):
    result = command("simulate", "--personas", personas, "--turns", 1, "--model", "tests.fakes:llm", "--price", "1,1")
    assert result.exit_code == 0
    assert "Planned: 6 conversations x 1 turns\n  calls   about 48, at most 144" in result.stderr
    assert "USD; 48 calls, actual 48" in result.stdout


@pytest.mark.parametrize("given", ["nan", "-1", "soon"])
def test_another_limit_than_a_number_or_never_is_refused(command, personas, given):
    result = command("simulate", "--personas", personas, "--confirm-above", given)
    assert result.exit_code == 2
    assert "choose never or a number from 0 to 1,000,000,000" in result.stderr


def test_the_comparison_is_left_out_where_nothing_was_asked(command, personas):
    command("simulate", "--personas", personas, "--turns", 1, "--model", "tests.fakes:llm", "--out", "r")
    again = command("simulate", "--personas", personas, "--turns", 1, "--model", "tests.fakes:llm", "--out", "r")
    assert "estimate" not in again.stdout
    assert again.stderr == ""


@pytest.mark.parametrize("answer", ["n\n", "\n", "y\n", "SIGINT", "SIGTERM", "SIGHUP"])
def test_in_a_terminal_a_dear_run_waits_for_a_yes(tmp_path, answer):
    file = fakes.personas(tmp_path, 2)
    command = [sys.executable, "-m", "personagen", "simulate", "--personas", file, "--turns", "1", "--json"]
    command += ["--model", "tests.fakes:llm", "--price", "9000,9000", "--out", tmp_path / "run"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command,
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - the session's own terminal
        env=ALONE,
    ) as child:
        try:
            os.close(theirs)
            shown = _until(ours, b"[y/N]")
            assert "at most 48" in shown
            if answer.startswith("SIG"):
                time.sleep(0.2)
                os.kill(child.pid, signal.Signals[answer])
            else:
                os.write(ours, answer.encode())
            rest = _until(ours, None)
            out, _ = child.communicate(timeout=30)
        finally:
            child.kill()
    os.close(ours)
    if answer == "y\n":
        assert (child.returncode, json.loads(out)["trees"]) == (0, 2)
    else:
        assert (child.returncode, out) == (130, b"")
        assert "not started: nothing was sent and nothing was spent" in rest


def _until(terminal, mark, seconds=30.0):
    """What the terminal shows until ``mark``, or until the other side is closed."""
    shown, until = b"", time.monotonic() + seconds
    while (mark is None or mark not in shown) and time.monotonic() < until:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    return shown.decode()


def test_a_model_that_would_turn_the_line_round_is_shown_cleaned(capsys):
    asking.consent(above=None, quiet=False)(replace(UNKNOWN, unknown=("openai/\u202egpt\x1b[2J",)))
    assert "no price for openai/gpt (set" in capsys.readouterr().err


def test_the_estimate_names_the_calls_and_the_cost_of_an_option(command, tmp_path):
    size = ("--personas", fakes.personas(tmp_path), "--turns", 3, "--conversations", 6, "--dry-run")
    shown = command("simulate", *size, "--check-rate", 1, "--out", tmp_path / "run").stderr
    assert "\n          36 of them for --check-rate\n" in shown
    assert "\n          36 of them for --counterfactual\n" in shown
    assert "of them for" not in command("simulate", *size, "--counterfactual", 0, "--out", tmp_path / "six").stderr
    priced = replace(ESTIMATE, by_option={"--twins": (20, 0.5), "--check-rate": (9, None)})
    assert asking.describe(priced).splitlines()[2:4] == [
        "          20 of them for --twins, 0.50 USD",
        "          9 of them for --check-rate",
    ]
