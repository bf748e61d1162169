"""What ``import personagen`` offers, and what it does not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

import personagen

NAMES = ["PersonagenError", "expand", "export", "read_pairs", "read_personas", "read_trees", "simulate"]
HEAVY = (
    "anthropic",
    "datasets",
    "httpx",
    "jinja2",
    "litellm",
    "networkx",
    "numpy",
    "openai",
    "pydantic",
    "sentence_transformers",
    "torch",
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


def helped(*command: str) -> str:
    return f"from personagen.cli import main\nmain({[*command, '--help']!r}, 'personagen', standalone_mode=False)"


def test_the_public_names_are_these_and_each_is_there():
    assert sorted(personagen.__all__) == NAMES
    assert [name for name in NAMES if getattr(personagen, name, None) is None] == []


def test_every_public_name_is_documented():
    assert [name for name in NAMES if not (getattr(personagen, name).__doc__ or "").strip()] == []


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = personagen.nothing


@pytest.mark.parametrize("command", [(), ("expand",), ("simulate",), ("export",), ("show",), ("prompts",), ("init",)])
def test_help_loads_nothing_heavy_and_opens_no_socket(command: tuple[str, ...]):
    assert loaded_by(helped(*command)) == []


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
