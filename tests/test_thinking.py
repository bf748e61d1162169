"""The README's commands for real models end with data where the model reasons before it answers."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from tests.servers import serving
from tests.servers.thinkers import REASONING, THOUGHT, apart, hidden, tagged
from tests.test_readme import README, Block, blocks, prepared, run

pytestmark = pytest.mark.slow

POOL = Block("sh", "personagen expand --target 24 --personalities 22 --seed 7 --out outputs/pool --quiet", "", 0)
FORMS = {"hidden": hidden, "apart": apart, "tagged": tagged}


def examples():
    """The blocks that ask a real model, with a smaller pool and a budget for the price that the test makes up."""
    found = [block.code for block in blocks(README.read_text("utf-8")) if "--model openai/" in block.code]
    smaller = [
        re.sub(r"--target \d+", "--target 22 --count 4", re.sub(r"--budget \d+", "--budget 500", code))
        for code in found
    ]
    return [Block("sh", code, "", 0) for code in smaller]


@pytest.mark.parametrize("form", FORMS)
def test_the_readmes_examples_give_data_with_a_model_that_reasons(form, tmp_path: Path):
    folder = prepared(tmp_path / "work")
    with serving(FORMS[form]) as server:
        for block in (POOL, *examples()):
            done = run(block, folder, server.url)
            assert done.returncode == 0, done.stderr[-2000:]
        for out in ("gpt-run", "local-run"):
            state = orjson.loads((folder / "outputs" / out / "run.json").read_bytes())
            assert state["summary"]["trees"] == 4
            assert state["summary"]["pairs"] > 0
            assert state["usage"]["reasoning_tokens"] >= REASONING * state["report"]["new_calls"] / 2
            results = b"".join(file.read_bytes() for file in (folder / "outputs" / out).glob("*.jsonl"))
            assert THOUGHT[:30].encode() not in results
            assert b"think>" not in results
