"""Text of models on a terminal, and output that ends in a pipe or on a poor screen."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.cli import main
from personagen.cli.progress import line
from personagen.cli.terminal import as_json, clean, cleans, fitted, one_line
from personagen.errors import ServerError
from personagen.records import Usage
from personagen.runs.progress import Status
from tests.cli.runs import several, simulated
from tests.trees import conversation

TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
STEERING = st.sampled_from(
    ["\x1b[2J", "\x1b]0;t\x07", "\x1bP", "\x9b1m", "\u202e", "\u2069", "\ud800", "\r", "\x1b", "\x1b("]
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\x1b[31;1mred\x1b[0m b", "ared b"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1b]never ended, and all of this stays", "never ended, and all of this stays"),
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("a\tb", "a   b"),
        ("half \ud83d", "half "),
        ("fill\u3164ed \u034fand\U000e0041 tagged", "filled and tagged"),
        ("e" + "\u0301" * 40 + "x", "e" + "\u0301" * 6 + "x"),
        ("नमस्ते שלום 👩‍🌾 é", "नमस्ते שלום 👩‍🌾 é"),
    ],
)
def test_what_steers_the_screen_is_dropped_and_what_is_read_stays(text: str, left: str):
    assert clean(text) == left


@given(st.lists(st.one_of(STEERING, st.text(max_size=5), st.characters(categories=["Cc", "Cf"]))).map("".join))
def test_nothing_that_is_left_steers_the_screen(text: str):
    left = clean(text)
    kinds = {char: unicodedata.category(char) for char in left if char not in "\n\u200c\u200d"}
    assert not [char for char, kind in kinds.items() if kind in ("Cc", "Cs", "Zl", "Zp")]
    assert not {unicodedata.bidirectional(char) for char in left} & TURNING
    assert clean(left) == left
    assert "\n" not in one_line(text)


@given(st.lists(st.one_of(STEERING, st.text(max_size=5), st.characters(categories=["Cc", "Cf"]))).map("".join))
def test_json_shows_nothing_that_steers_and_reads_back_as_it_was(text: str):
    line = as_json({"text": text})
    assert clean(line) == line
    assert json.loads(line)["text"].encode("utf-16", "surrogatepass") == text.encode("utf-16", "surrogatepass")


def test_what_is_logged_is_cleaned():
    record = logging.LogRecord("x", logging.WARNING, "", 1, "%s says %d", ("\x1b[2J\u202emodel", 1), None)
    assert cleans(record)
    assert record.getMessage() == "model says 1"


def test_cleaning_takes_time_in_proportion_to_the_text():
    for start in ("\x1b]", "\x90", "\x1b[", "\x1bP\x1b"):
        assert len(clean(start * 100_000)) < 500_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return simulated(tmp_path / "run", several(40))


def shown_by(folder: Path, pipe: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`personagen show folder` with its output through a shell pipe, in a process of its own."""
    command = f'"{sys.executable}" -m personagen show "{folder}" {pipe}'
    whole = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **env}
    return subprocess.run(["/bin/sh", "-c", command], env=whole, capture_output=True, text=True, check=False)


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path):
    run = simulated(tmp_path / "run", [conversation(turns=60, candidates=8)])
    done = shown_by(run, "1 | head -n 1")
    assert done.stdout.startswith("tree 1")
    assert done.stderr == ""


def test_a_screen_that_cannot_show_every_character_gets_the_rest(folder: Path):
    done = shown_by(folder, "", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "chosen ? aware .0" in done.stdout


@pytest.mark.slow
def test_nothing_is_coloured_where_output_is_piped_or_colours_are_unwanted(folder: Path):
    assert "\x1b" not in shown_by(folder, "").stdout
    coloured = shown_by(folder, "", FORCE_COLOR="1", TERM="xterm-256color").stdout
    assert "\x1b[" in coloured
    assert "\x1b[3" not in shown_by(folder, "", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color").stdout


WILD = "\x1b[2J\x1b]8;;http://x\x07[bold]\x9b31m\u202e\u2066\u200b\x00\x07\x08\r\u2028\x7f[/bold]\ud800"


def steering(shown: str) -> list[str]:
    return [c for c in shown if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in "\u2028\u202e\u2066\u200b"]


@pytest.mark.parametrize("arguments", [(), ("1",), ("--json",), ("1", "--json"), ("nobody",)])
def test_nothing_a_model_wrote_steers_the_screen_through_show(command, tmp_path: Path, arguments):
    wild = WILD.replace("\ud800", "")
    tree = conversation(id=f"t{wild}")
    who = tree.persona.model_copy(
        update={"id": wild, "profile": wild, "attributes": {wild: wild}, "origin": {wild: wild}}
    )
    nodes = tuple(n.model_copy(update={"content": wild, "agent": wild}) for n in tree.nodes)
    tree = tree.model_copy(update={"persona": who, "nodes": nodes, "grow": wild, "models": {wild: wild}})
    run = simulated(tmp_path / "run", [tree], status=f"stopped: {wild}")
    result = command("show", run, *arguments)
    assert result.exit_code == (2 if "nobody" in arguments else 0)
    assert not steering(result.stdout + result.stderr)
    assert "[bold]" in result.stdout + result.stderr


def test_nothing_in_a_persona_or_a_servers_words_steers_the_screen(command, tmp_path: Path):
    (tmp_path / "p.jsonl").write_bytes(json.dumps({"profile": f"Ada is 40. {WILD[:-1]}"}).encode())
    for words in (
        ("prompts", "render", "judge/prefer", "--persona", "p.jsonl"),
        ("simulate", "--personas", "p.jsonl", "--model", "tests.cli.test_terminal:failing"),
        ("simulate", "--personas", "p.jsonl", "--format", "\x1b[2J\u202e"),
    ):
        result = command(*words)
        assert not steering(result.stdout + result.stderr), words


async def failing(call):
    raise ServerError(f"the server says {WILD}")


def test_a_status_with_a_servers_words_is_one_clean_line():
    status = Status(*["trees", 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], Usage(), 1.0, f"batch {WILD}\nnext")
    assert not steering(line(status))
    assert "\n" not in line(status)


class Screen(io.StringIO):
    def isatty(self):
        return True


LONG = "retrying: openai/m at http://127.0.0.1:8000/v1 answered HTTP 503: the server is not there now (waits 1 s)"
ROW = "  note                    the judge and assistant are models of one family, and models prefer texts of their own"
NEXT = f"next: personagen export {'a/long/folder/' * 6} --format trl"


@pytest.mark.parametrize(("line", "indent"), [(LONG, 2), (ROW, 26), (ROW.replace("  note", "    note"), 28)])
def test_a_long_line_is_broken_at_blanks_in_a_terminal_and_a_row_stays_in_its_column(line, indent, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = fitted(line, Screen()).split("\n")
    assert max(map(len, lines)) < 80
    assert all(line.startswith(" " * indent) and line[indent] != " " for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == " ".join(line.split())
    assert fitted(line, io.StringIO()) == line


def test_a_command_to_copy_is_not_broken(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert fitted(NEXT, Screen()) == NEXT


def test_an_error_is_broken_at_blanks_in_a_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    with pytest.raises(SystemExit):
        main(["show", f"{'gone/' * 12}run", "--failed"])
    lines = screen.getvalue().splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) < 80
