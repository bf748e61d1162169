"""Whatever the records of a run hold, its page is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personagen import report
from tests.cli.runs import several, simulated

DAMAGE = {
    "belief": lambda tree, pair, state: tree.update(beliefs=["x"]),
    "twin": lambda tree, pair, state: tree.update(twin="x"),
    "attributes": lambda tree, pair, state: tree["persona"].update(attributes=["x"]),
    "traits": lambda tree, pair, state: tree["persona"].update(traits=[5]),
    "node": lambda tree, pair, state: tree["nodes"][1].update(id=""),
    "path": lambda tree, pair, state: tree["nodes"][1].update(id="0.x"),
    "no nodes": lambda tree, pair, state: tree.update(nodes=[]),
    "turn": lambda tree, pair, state: pair.update(turn="x"),
    "margin": lambda tree, pair, state: pair.update(margin="x"),
    "summary": lambda tree, pair, state: state.update(summary=[]),
    "verdicts": lambda tree, pair, state: state["summary"].update(verdicts={"compared": 3, "personal": None}),
    "more than all": lambda tree, pair, state: state["summary"].update(verdicts={"compared": 3, "personal": 9}),
    "options": lambda tree, pair, state: state.update(options=None),
    "usage": lambda tree, pair, state: state["usage"].update(by_role={"user": None}),
    "shortcuts": lambda tree, pair, state: state["summary"].update(shortcuts={"longer": {"value": 1}}),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_whatever_a_damaged_record_has_the_page_is_written_and_the_others_are_in_it(tmp_path: Path, kind: str):
    run = simulated(tmp_path / "run", several(3))
    trees, pairs = (
        [json.loads(line) for line in (run / name).read_text().splitlines()] for name in ("trees.jsonl", "pairs.jsonl")
    )
    state = json.loads((run / "run.json").read_text())
    DAMAGE[kind](trees[1], pairs[0], state)
    (run / "trees.jsonl").write_text("".join(json.dumps(one) + "\n" for one in trees))
    (run / "pairs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in pairs))
    (run / "run.json").write_text(json.dumps(state))
    made = report(run)
    assert made.conversations >= 2
    assert made.problems or kind == "more than all"
