"""What an agent is: one file, which the commands and the estimate read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from personagen.agents import ACTS, assistant, author, judge, observer, user
from personagen.prompts import files as prompts

REPO = Path(__file__).parents[2]
GREETER = '''"""The greeter: opens a conversation."""

from personagen.agents.act import Act
from personagen.agents.ask import say


async def greet(ctx, persona, conversation, site):
    inputs = {"conversation": list(conversation), "profile": persona.profile}
    return await say(ctx, "greeter/greet", inputs, "assistant", conversation, site)


ACTS = {"greeter/greet": Act(greet, lambda s: (s.persona, s.history), usual_tokens=20, offline_tokens=10)}
'''
GREET = """---
description: Greets this person.
inputs: [conversation, profile]
---
user:
{% include "conversation.md" %}
Greet: {{ profile }}
"""
KNOWN = """
from types import SimpleNamespace
from personagen.call import Sampling
from personagen.agents import ACTS
from personagen.runs.rehearsal import Lengths
prompts = {"greeter/greet": SimpleNamespace(sampling=Sampling())}
print(Lengths({name: act.usual_tokens for name, act in ACTS.items()}, prompts).output("greeter/greet", 1))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository's package and prompts with a greeter in it."""
    for name in ("personagen", "prompts", "seeds"):
        shutil.copytree(REPO / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "personagen" / "agents" / "greeter.py").write_text(GREETER)
    (tmp_path / "prompts" / "greeter").mkdir()
    (tmp_path / "prompts" / "greeter" / "greet.md").write_text(GREET)
    return tmp_path


def changed(folder: Path) -> set[str]:
    """The files of ``folder`` that the repository has not, or has otherwise."""
    files = (file for part in ("personagen", "prompts") for file in (folder / part).rglob("*") if file.is_file())
    names = {str(file.relative_to(folder)): file for file in files if "__pycache__" not in file.parts}
    return {
        name
        for name, file in names.items()
        if not (REPO / name).is_file() or (REPO / name).read_bytes() != file.read_bytes()
    }


@pytest.mark.slow
def test_an_agent_is_its_file_and_its_prompt(copy: Path):
    elsewhere = {"cwd": copy / "seeds", "env": os.environ | {"PYTHONPATH": str(copy)}}

    def out(*words: str) -> str:
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, **elsewhere)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "17 prompts are valid" in out("-m", "personagen", "prompts", "check")
    rendered = out("-m", "personagen", "prompts", "render", "greeter/greet")
    assert "Greet: Ines is 46" in rendered
    assert "one of them eats no meat" in rendered
    assert out("-c", KNOWN).strip() in ("20", "20.0")
    assert changed(copy) == {
        "personagen/agents/greeter.py",
        "prompts/greeter/greet.md",
    }


def test_every_prompt_that_comes_along_is_an_act_of_its_agent():
    assert sorted(ACTS) == prompts.names()
    for role, agent in {
        "assistant": assistant,
        "author": author,
        "judge": judge,
        "observer": observer,
        "user": user,
    }.items():
        assert {name.partition("/")[0] for name in agent.ACTS} == {role}
