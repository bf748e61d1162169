"""A command line run in this process, in a folder of its own."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from personagen.cli import main
from tests import fakes


@pytest.fixture
def command(tmp_path, monkeypatch):
    """``command("show", "run")`` runs it in an empty folder with no settings and no keys around."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments):
        return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="personagen", catch_exceptions=False)

    return run


@pytest.fixture
def personas(tmp_path):
    return fakes.personas(tmp_path)
