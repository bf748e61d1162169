"""What tests of flows share: a model of their own, simulations in their own folder, and an edited prompt."""

from __future__ import annotations

import asyncio

import pytest

from personagen.flows.simulate import simulate
from personagen.options import SimulateOptions, build
from personagen.prompts import files as prompts
from tests import fakes


@pytest.fixture
def model(monkeypatch):
    """``model(reply)`` puts a fake that answers so in the cast's place, and returns it."""

    def use(reply):
        fake = fakes.Fake(reply)
        monkeypatch.setattr(fakes, "llm", fake)
        return fake

    return use


@pytest.fixture
def run(tmp_path):
    """``run("out", turns=4)`` simulates, by default six personas in three turns with ``tests.fakes:llm``."""

    def run(out="run", *, people=6, progress=None, consent=None, **options):
        given = {"personas": str(fakes.personas(tmp_path, people)), "out": str(tmp_path / out), "turns": 3}
        given |= {"model": "tests.fakes:llm", **options}
        return asyncio.run(simulate(build(SimulateOptions, given), progress, consent))

    return run


@pytest.fixture
def edited(tmp_path):
    """``edited("judge/prefer", old, new)`` is a folder of prompts with that one changed."""

    def edit(name, old, new):
        text = (prompts.packaged() / f"{name}.md").read_text()
        assert old in text
        file = tmp_path / "mine" / f"{name}.md"
        file.parent.mkdir(parents=True)
        file.write_text(text.replace(old, new))
        return str(tmp_path / "mine")

    return edit
