"""What `personagen show` says of trees with several branches, and of later sessions."""

from __future__ import annotations

import json
from pathlib import Path

from personagen.trajectories import trajectories_of
from tests.cli.runs import simulated
from tests.cli.test_show import drawn
from tests.trees import branching, conversation


def test_json_of_a_tree_with_several_branches_holds_its_trajectory_pairs(command, tmp_path: Path):
    tree = branching()
    folder = simulated(tmp_path / "run", [tree, conversation(id="t2")])
    told = json.loads(command("show", folder, "1", "--json").stdout)
    assert told["trajectories"] == [json.loads(pair.line()) for pair in trajectories_of(tree)] != []
    assert "trajectories" not in json.loads(command("show", folder, "2", "--json").stdout)


def test_a_later_session_and_what_has_changed_are_named_above_the_tree():
    later = conversation(turns=1).model_copy(update={"session": 2, "changed": "shy -> bold"})
    assert "growth: coin · session 2 · changed: shy -> bold" in drawn(later)
    assert "session" not in drawn(conversation(turns=1))
