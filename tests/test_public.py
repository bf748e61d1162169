"""What ``import personagen`` offers, and what it does not load."""

from __future__ import annotations

import inspect
import os
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import personagen
from personagen.cli import COMMANDS
from tests import fakes
from tests.servers import serving
from tests.servers.actor import actor

NAMES = [
    *("Call", "Completion", "ConversationTree", "LLM", "Message", "Persona", "PersonagenError", "PreferencePair"),
    *("Status", "TrajectoryPair", "aevaluate", "aexpand", "asimulate", "evaluate", "expand", "export"),
    *("publish", "pull", "read_pairs", "read_personas"),
    *("read_trajectories", "read_trees", "report", "simulate"),
]
HEAVY = (
    "aiohttp",
    "anthropic",
    "asyncio",
    "datasets",
    "httpx",
    "httpx2",
    "importlib.metadata",
    "jinja2",
    "litellm",
    "networkx",
    "numpy",
    "openai",
    "orjson",
    "pydantic",
    "rich",
    "sentence_transformers",
    "sqlite3",
    "tenacity",
    "tomllib",
    "torch",
    "yaml",
)

# Run in a process of its own: this one has loaded much already.
PROBE = """
import sys
def stop(event, args):
    if event.startswith("socket."):
        raise RuntimeError(f"a socket was opened: {event} {args}")
sys.addaudithook(stop)
%s
print(",".join(name for name in HEAVY if name in sys.modules))
"""


def loaded_by(code: str) -> list[str]:
    """Which of the heavy packages ``code`` loads."""
    program = f"HEAVY = {HEAVY!r}\n{PROBE % code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [name for name in done.stdout.splitlines()[-1].split(",") if name]


def typed(*command: str) -> str:
    return f"from personagen.cli import main\nmain({[*command]!r}, 'personagen', standalone_mode=False)"


def test_the_public_names_are_these_and_each_is_there():
    assert sorted(personagen.__all__) == NAMES
    assert [name for name in NAMES if getattr(personagen, name, None) is None] == []
    assert set(NAMES) < set(dir(personagen))


def test_every_public_name_is_documented():
    assert [name for name in NAMES if not (getattr(personagen, name).__doc__ or "").strip()] == ["LLM"]  # an alias


def test_help_lists_the_keywords_with_their_defaults_and_what_they_are_for():
    keywords = inspect.signature(personagen.simulate).parameters
    assert keywords["turns"].default == 10
    assert {keyword.kind.name for keyword in keywords.values()} == {"KEYWORD_ONLY"}
    assert "turns: Turns per conversation." in pydoc.render_doc(personagen.simulate)


@pytest.mark.slow
def test_mypy_refuses_a_misspelt_keyword_and_a_value_of_another_type(tmp_path: Path):
    calls = {
        "personagen.simulate(turn=3)": 'Unexpected keyword argument "turn"',
        "personagen.simulate(turns='3')": 'Argument "turns"',
        "personagen.simulate(grow=3)": 'Argument "grow"',
        "personagen.export('run', fromat='trl', out='x')": 'Unexpected keyword argument "fromat"',
        "personagen.simulate(turns=3, concurrency='auto', model='offline', out=Path('x'))": "",
        "personagen.expand(model={'author': model}, filters=['a:b'], confirm_above=None)": "",
        "personagen.simulate(personas=iter(['a']), columns={'profile': 'bio'}, progress=lambda status: None)": "",
        "personagen.simulate(columns=3)": 'Argument "columns"',
        "personagen.read_personas([{'bio': 'a'}], columns={'profile': 'bio'})[0].attributes['age']": "",
        "personagen.Completion(text='a reply').usage.input_tokens": "",
        "personagen.Completion()": 'Missing named argument "text"',
        "personagen.export('run', lambda trees, pairs: [{'n': pair.turn} for pair in pairs], 'x')": "",
    }
    head = (
        "from pathlib import Path\n\nimport personagen\n\n\n"
        "async def model(call: personagen.Call) -> personagen.Completion: ...  # type: ignore[empty-body]\n\n\n"
    )
    (tmp_path / "mine.py").write_text(head + "\n".join(calls) + "\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", tmp_path / "cache", "mine.py"]
    env = {**os.environ, "MYPYPATH": str(Path(personagen.__file__).parents[1])}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    faults = {line.split(":")[1]: line for line in done.stdout.splitlines() if ": error: " in line}
    for number, said in enumerate(calls.values(), head.count("\n") + 1):
        assert (said in faults[str(number)]) if said else str(number) not in faults, done.stdout


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = personagen.nothing


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_loads_nothing_heavy_and_opens_no_socket(command: tuple[str, ...]):
    assert loaded_by(typed(*command, "--help")) == []


def test_the_version_loads_nothing_heavy():
    code = "import contextlib\nfrom personagen.__main__ import start\nsys.argv[1:] = ['--version']\n"
    assert loaded_by(f"{code}with contextlib.suppress(SystemExit):\n    start()") == []


def test_help_loads_no_command_but_the_one_that_is_asked_about():
    program = f"import sys\n{typed('--help')}\nprint(sorted(n for n in sys.modules if n.startswith('personagen')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['personagen', 'personagen.cli', 'personagen.errors']"


def test_a_run_on_an_openai_model_loads_no_other_providers_library(tmp_path: Path):
    options = ("--model", "openai/m", "--conversations", "1", "--turns", "1", "--out", str(tmp_path / "run"))
    with serving(actor) as server:
        code = typed("simulate", "--personas", str(fakes.personas(tmp_path)), "--base-url", server.v1, *options)
        program = f"import sys\n{code}\nprint([n for n in ('anthropic', 'litellm', 'numpy') if n in sys.modules])"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr
        assert len(server.requests) >= 6


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import personagen") == []


def test_the_version_is_the_one_in_the_metadata():
    from importlib.metadata import version

    command = [sys.executable, "-m", "personagen", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"personagen, version {version('personagen')}\n"


def test_the_probe_itself_notices_a_heavy_import():
    assert loaded_by("import numpy") == ["numpy"]


def test_the_probe_itself_notices_a_socket():
    with pytest.raises(AssertionError, match="a socket was opened"):
        loaded_by("import socket; socket.socket()")
