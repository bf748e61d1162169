"""`personagen import aloe` as it is typed; what it writes is tested with the flow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.runs import several, simulated


@pytest.fixture
def file(command, tmp_path: Path) -> Path:
    """A file in ALOE's schema."""
    run = simulated(tmp_path / "run", several(2))
    assert command("export", run, "--format", "aloe", "--with-persona").exit_code == 0
    return run / "aloe.jsonl"


def test_an_imported_file_can_be_shown_and_exported_as_the_same_bytes(command, file: Path, tmp_path: Path):
    result = command("import", "aloe", file, "--out", tmp_path / "back")
    assert result.exit_code == 0
    assert f"next: personagen show {tmp_path / 'back'}" in result.stdout
    assert "import, done" in command("show", tmp_path / "back").stdout
    assert command("export", tmp_path / "back", "--format", "aloe", "--with-persona").exit_code == 0
    assert (tmp_path / "back" / "aloe.jsonl").read_bytes() == file.read_bytes()


def test_json_is_the_summary_of_the_library(command, file: Path, tmp_path: Path):
    said = json.loads(command("import", "aloe", file, "--out", tmp_path / "back", "--json").stdout)
    assert said["of"] == "simulate"
    assert said["records"] == {"pairs": 6, "trees": 2, "turns": 6}


def test_a_mistake_is_one_sentence_with_its_exit_code(command, file: Path, tmp_path: Path):
    result = command("import", "aloe", file, "--out", tmp_path)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "holds something else" in result.stderr


def test_without_a_file_it_says_what_is_missing(command):
    assert command("import", "aloe").exit_code == 2
