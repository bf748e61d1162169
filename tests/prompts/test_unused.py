"""A prompt file with a name that is not quite right is told before anything is asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from personagen.flows.simulate import simulate
from personagen.options import SimulateOptions
from personagen.prompts.files import packaged
from personagen.prompts.unused import unused_prompts
from tests import fakes


@pytest.fixture
def folder(tmp_path):
    def put(*names, text="x"):
        for name in names:
            file = tmp_path / "mine" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return (tmp_path / "mine", packaged())

    return put


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("judge/prefers.md", "judge/prefer.md"),
        ("judges/prefer.md", "judge/prefer.md"),
        ("Judge/Prefer.md", "judge/prefer.md"),
        ("user/speak.markdown", "user/speak.md"),
        ("user/speak.md.txt", "user/speak.md"),
        ("prefer.md", "judge/prefer.md"),
        ("systems.md", "system.md"),
    ],
)
def test_the_nearest_known_name_is_told(folder, name, meant):
    where = folder(name)
    (note,) = unused_prompts(where)
    assert note.startswith(f"{where[0] / name} is not used by any agent; another {meant} is used instead")


def test_files_that_have_their_place_or_are_included_or_are_notes_are_not_told(folder):
    folder("judge/prefer.md", text='{% include "judge/rules.md" %} {%- include "tone.md" -%}')
    assert unused_prompts(folder("judge/rules.md", "tone.md", "README.md", "judge/prefer.md~", "system.md")) == ()


def test_a_prompt_of_no_agent_that_is_like_none_is_told_too(folder):
    (note,) = unused_prompts(folder("critic/scold.md"))
    assert note.endswith("critic/scold.md is not used by any agent")


def test_nothing_is_told_about_the_packaged_folder():
    assert unused_prompts((packaged(),)) == ()


def test_a_run_notes_it_and_logs_it_before_it_begins(folder, tmp_path, caplog):
    where = folder("judge/prefers.md")
    given = {"personas": str(fakes.personas(tmp_path, 1)), "out": str(tmp_path / "run"), "turns": 1}
    options = SimulateOptions(**given | {"model": "tests.fakes:llm", "prompts": str(where[0])})
    told = []

    def consent(estimate):
        told.extend(caplog.messages)
        return True

    summary = asyncio.run(simulate(options, consent=consent))
    assert "judge/prefers.md" in told[0]
    assert told[0] in summary.report.notes


def test_files_that_cant_be_read_as_text_or_at_all_stop_no_run(folder, monkeypatch):
    where = folder("judge/prefers.md", "other.md")
    (where[0] / "other.md").write_bytes('{% include "caf\u00e9.md" %}'.encode("latin-1"))
    assert len(unused_prompts(where)) == 1

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert len(unused_prompts(where)) == 1
    monkeypatch.setattr(Path, "rglob", refused)
    assert unused_prompts(where) == ()
