"""What can't be meant is answered with a sentence and exit code 2, whatever way it comes in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personagen.cli import commands
from personagen.cli.settings import load_defaults
from personagen.errors import UsageError
from personagen.personas.seeds import load_personas, load_seeds
from personagen.prompts import files as prompts
from tests.cli.runs import several, simulated

LONG, DEEP, UNREADABLE = "x" * 300, "y/" * 3000, os.fsdecode(b"\xff")
PATHS = ["", " ", LONG, DEEP, UNREADABLE, "a\nb", "a\x1b[2Jb", "\0"]
SIMULATE = ("simulate", "--personas", "p.jsonl")
# Examples are files in the same folder, written anew each time.
REUSED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
PERSONA = '{"id":"a","profile":"Ada is 40 and paints boats.","personality":"She is blunt."}'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.jsonl").write_text(PERSONA)
    os.mkfifo(tmp_path / "pipe.jsonl")
    simulated(tmp_path / "run", several(2))
    return tmp_path


def refused(result) -> bool:
    """Exit code 2 and one line on standard error, which Click puts how the command is used in front of."""
    *before, said = result.stderr.splitlines()
    assert result.exit_code == 2, result.stderr
    assert said.startswith(("personagen: ", "Error: ")), result.stderr
    assert before == [] or before[0].startswith("Usage: personagen "), result.stderr
    return not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in result.stderr if c != "\n")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "line",
    [
        (*SIMULATE, "--out"),
        ("simulate", "--personas"),
        (*SIMULATE, "--prompts"),
        ("expand", "--seeds"),
        ("show",),
        ("export", "run", "--out"),
        ("export",),
        ("init",),
        ("prompts", "list", "--prompts"),
        ("prompts", "render", "judge/prefer", "--persona"),
        ("prompts", "render", "judge/prefer", "--inputs"),
        ("prompts", "render"),
    ],
)
def test_a_path_that_can_be_none_is_refused(command, here: Path, line, path: str):
    before = sorted(here.iterdir())
    assert refused(command(*line, path))
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    "line",
    [
        (*SIMULATE, "--seed", 2**64),
        (*SIMULATE, "--seed", -(2**63) - 1),
        (*SIMULATE, "--max-calls", 10**30),
        (*SIMULATE, "--timeout", "nan"),
        (*SIMULATE, "--timeout", "inf"),
        (*SIMULATE, "--budget", "1e999"),
        (*SIMULATE, "--budget", "nan"),
        ("expand", "--target", "1000000000000"),
        (*SIMULATE, "--budget", -1),
        (*SIMULATE, "--noise", "nan"),
        (*SIMULATE, "--model", f"openai/{UNREADABLE}"),
        (*SIMULATE, "--model", "a\x1b]0;t\x07:f"),
        (*SIMULATE, "--gr\x1b[2Jow", "coin"),
        (*SIMULATE, "--grow", "\x1b[2J"),
        (*SIMULATE, "--out", "p.jsonl"),
        ("simulate", "--personas", "pipe.jsonl"),
        ("expand", "--seeds", "pipe.jsonl"),
        ("expand", "--target", 10**30),
        ("expand", "--language", UNREADABLE),
        ("expand", "--filter", f"{UNREADABLE}:x"),
        ("show", "run", "9" * 40),
        ("show", "run", UNREADABLE),
        ("show", "run", "--rows", 10**30),
        ("export", "run", "--out", "pipe.jsonl"),
        ("export", "run", "--format", "../x"),
        ("prompts", "render", "../judge/prefer"),
        ("prompts", "render", "judge/prefer", "--persona", f"p.jsonl:{'9' * 40}"),
        ("\x1b[2Jshow",),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(command, here: Path, line):
    assert refused(command(*line))
    assert (here / "pipe.jsonl").is_fifo()


def test_an_address_that_is_none_exits_3_and_says_how_to_write_one(command, here: Path):
    result = command(*SIMULATE, "--base-url", "http://[::1", "--model", "openai/x")
    said = "personagen: --base-url http://[::1 is not a valid URL (Invalid IPv6 URL): write it as http://HOST:PORT/v1\n"
    assert (result.exit_code, result.stderr) == (3, said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[simulate]\nseed = [1]\n", "personagen.toml:2: --seed [1]: choose a whole number from -9,223,372"),
        ("seed = '1'\n", "personagen.toml:1: --seed 1: choose a whole number from "),
        (
            "[simulate]\n\nmax-nodes = 1.5\n",
            "personagen.toml:3: --max-nodes 1.5: choose a whole number from 3 to 1,000,000",
        ),
        ("[simulate]\nbudget = true\n", "personagen.toml:2: --budget True: choose a number from 0 to 1,000,000,000"),
        ("[simulate]\nbatch = 'yes'\n", "personagen.toml:2: --batch yes: choose true or false"),
        ("[simulate]\nmodel = [1]\n", "personagen.toml:2: --model [1]: choose a text or a list of texts"),
        ("[simulate]\nout = 2026-01-01\n", "personagen.toml:2: --out is datetime.date(2026, 1, 1): give a path"),
        (
            "[simulate]\nconcurrency = [1]\n",
            "personagen.toml:2: --concurrency [1]: choose auto or a whole number from 1 to 10,000",
        ),
        ("[simulate.seed]\n", "personagen.toml: --seed {}: choose a whole number"),
        (f"[simulate]\nseed = {2**70}\n", "personagen.toml:2: --seed 1180591620717411303424: choose a whole number"),
        ("[simulate]\nout = ''\n", "personagen.toml:2: --out is empty"),
        ("[simulate]\nout = 'a\\u0000'\n".replace("'", '"'), "--out holds the control character"),
        (f"seed = {'9' * 5000}\n", "personagen.toml: "),
        ("seed = " + "[" * 5000, "personagen.toml: "),
        ("seed = 1\nseed = 2\n", "personagen.toml: "),
    ],
)
def test_a_setting_of_another_type_is_refused_with_its_line(command, here: Path, text: str, said: str):
    (here / "personagen.toml").write_text(text)
    result = command(*SIMULATE)
    assert refused(result)
    assert said in result.stderr


@pytest.mark.parametrize("name", ["SEED", "TURNS", "BUDGET", "TIMEOUT", "OUT", "CONCURRENCY", "GROW", "BATCH"])
def test_an_environment_variable_of_another_type_is_refused(command, here: Path, monkeypatch, name: str):
    monkeypatch.setenv(f"PERSONAGEN_SIMULATE_{name}", UNREADABLE)
    assert refused(command(*SIMULATE))


@pytest.mark.parametrize(
    "row",
    [
        '{"id":"a","profile":"Ada \\ud800","personality":"She is blunt."}',
        '{"id":"a","profile":"Ada","personality":"blunt","facts":["\\ud800"]}',
        '{"id":"\\ud800","profile":"Ada","personality":"blunt"}',
        '{"id":"a","profile":"Ada","personality":"blunt","origin":{},"attributes":{"age":"\\ud800"}}',
        '{"id":"a","profile":"Ada","personality":"blunt","origin":{},"attributes":{"age":' + "9" * 30 + "}}",
        '{"id":"a","profile":"Ada","personality":"blunt","origin":{"\\udfff":"x"}}',
        '{"id":"","profile":"Ada","personality":"blunt","origin":{}}',
        '{"id":"../../x","profile":"Ada","personality":"blunt","origin":{}}',
        '{"id":"a\\u0000","profile":"Ada","personality":"blunt"}',
        '{"id":"' + "x" * 300 + '","profile":"Ada","personality":"blunt","origin":{}}',
        '{"profile\\ud800":"Ada","personality":"blunt"}',
        '{"profile":' + "[" * 5000 + "]" * 5000 + "}",
        '{"profile":' + "9" * 5000 + "}",
        '{"profile":"Ada is 40.","facts":{"a":' * 300 + "1" + "}}" * 300,
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_a_row_that_can_be_no_persona_is_refused_with_its_line(command, here: Path, row: str):
    (here / "p.jsonl").write_text(f"{PERSONA.replace('a', 'b', 1)}\n{row}\n")
    result = command(*SIMULATE)
    assert refused(result)
    assert "p.jsonl:2: " in result.stderr


@REUSED
@given(st.one_of(st.binary(max_size=80), st.text('{}[]",:\\u0d8ab\n', max_size=60).map(str.encode)), st.data())
def test_no_seed_file_raises_anything_but_a_usage_error(tmp_path: Path, content: bytes, data: st.DataObject):
    suffix = data.draw(st.sampled_from(["jsonl", "json", "csv", "tsv", "txt"]))
    file = tmp_path / f"seeds.{suffix}"
    file.write_bytes(content)
    for load in (load_seeds, load_personas):
        try:
            load(file)
        except UsageError as error:
            assert str(file) in str(error)  # noqa: PT017


@REUSED
@given(
    st.one_of(st.binary(max_size=60), st.text("-{}[]%&*: \n#!aeinpuxst", max_size=60).map(str.encode)), st.booleans()
)
def test_no_prompt_file_raises_anything_but_a_usage_error(tmp_path: Path, content: bytes, fronted: bool):
    front = b"---\ndescription: d\ninputs: [a]\n---\nuser:\n{{ a }}" if fronted else b""
    (tmp_path / "judge").mkdir(exist_ok=True)
    (tmp_path / "judge" / "prefer.md").write_bytes(front + content)
    try:
        prompts.load("judge/prefer", (tmp_path,)).render({"a": "b"})
    except UsageError as error:
        assert "prefer.md" in str(error)  # noqa: PT017


@REUSED
@given(st.one_of(st.binary(max_size=60), st.text("[]{}=\"'., \n#simulateds129", max_size=60).map(str.encode)))
def test_no_settings_file_raises_anything_but_a_usage_error(here: Path, content: bytes):
    (here / "personagen.toml").write_bytes(content)
    try:
        load_defaults(commands)
    except UsageError as error:
        assert "personagen.toml" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        (("show", "run"), "run.json"),
        (("export", "run", "--out", "x.jsonl"), "run.json"),
        (("export", "run", "--format", "aloe", "--with-persona", "--out", "x.jsonl"), "trees.jsonl"),
        (("prompts", "check"), "personagen.toml"),
        ((*SIMULATE, "--out", "new"), "personagen.toml"),
    ],
)
def test_a_file_that_may_not_be_read_is_told_in_one_line(here: Path, command, monkeypatch, line, hidden: str):
    stat = Path.stat

    def denied(self, **options):
        if self.name == hidden:
            raise PermissionError(13, "Permission denied", str(self))
        return stat(self, **options)

    monkeypatch.setattr(Path, "stat", denied)
    result = command(*line)
    assert result.exit_code == 74
    [said] = result.stderr.splitlines()
    assert said.endswith(f"{hidden}: Permission denied; check its permissions and the disk")
