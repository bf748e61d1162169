"""What ``import personagen`` offers, and what it does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import personagen
from personagen.cli import COMMANDS
from tests import fakes
from tests.servers import serving
from tests.servers.actor import actor

NAMES = ["PersonagenError", "expand", "export", "read_pairs", "read_personas", "read_trees", "simulate"]
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


def test_every_public_name_is_documented():
    assert [name for name in NAMES if not (getattr(personagen, name).__doc__ or "").strip()] == []


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = personagen.nothing


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_loads_nothing_heavy_and_opens_no_socket(command: tuple[str, ...]):
    assert loaded_by(typed(*command, "--help")) == []


def test_the_version_loads_nothing_heavy():
    assert loaded_by(typed("--version")) == []


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

    code = "from personagen.cli import main; main(['--version'], 'personagen')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert version("personagen") in done.stdout


def test_the_probe_itself_notices_a_heavy_import():
    assert loaded_by("import numpy") == ["numpy"]


def test_the_probe_itself_notices_a_socket():
    with pytest.raises(AssertionError, match="a socket was opened"):
        loaded_by("import socket; socket.socket()")
