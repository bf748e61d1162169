"""The calls of a conversation of `evaluate`, played from its journal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from personagen import read_trees
from personagen.errors import UsageError
from personagen.flows.evaluate import evaluate
from personagen.flows.replay import replay
from personagen.options.evaluate import EvaluateOptions
from tests import fakes


@pytest.fixture
def run(tmp_path: Path) -> Path:
    options = EvaluateOptions(
        personas=str(fakes.personas(tmp_path, 3)), turns=2, baselines=True, out=str(tmp_path / "run"), repeat_rate=1
    )
    asyncio.run(evaluate(options))
    return tmp_path / "run"


def test_the_calls_of_every_condition_are_those_that_were_stored(run: Path):
    ratings = [json.loads(line) for line in (run / "ratings.jsonl").read_text().splitlines()]
    for tree in read_trees(run):
        made = asyncio.run(replay(run, tree))
        keys = {call.key for call, _ in made}
        assert {node.call for node in tree.nodes} <= keys
        assert {row["call"] for row in ratings if row["tree"] == tree.id} <= keys


def test_without_the_file_of_personas_those_of_the_conversations_are_taken(run: Path):
    (run.parent / "personas.jsonl").unlink()
    assert asyncio.run(replay(run, next(read_trees(run))))


def test_a_conversation_that_is_not_of_the_run_is_refused(run: Path):
    tree = next(read_trees(run)).model_copy(update={"id": "other-plain"})
    with pytest.raises(UsageError, match="other-plain is not planned"):
        asyncio.run(replay(run, tree))
