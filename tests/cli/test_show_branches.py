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
    assert "growth: coin · session 3 · changed: shy -> bold" in drawn(later)
    assert "session" not in drawn(conversation(turns=1))


def test_a_turn_that_is_asked_only_for_what_it_reveals_says_so():
    tree = branching(turns=2)
    gone = ("0.1.0.0", "0.1.0.1")
    nodes = tuple(node for node in tree.nodes if node.id not in gone)
    judgments = tuple(made for made in tree.judgments if made.node != "0.1.0")
    explored = tree.model_copy(update={"grow": "information", "nodes": nodes, "judgments": judgments})
    assert "no pair: unanswered" in drawn(explored)
    assert "no reply, since another answer of the user reveals more" in drawn(explored)
    assert "reveals more" not in drawn(explored.model_copy(update={"grow": "all"}))
