"""Rows of pairs of branches."""

from __future__ import annotations

import pytest

from personagen.exporters import EXPORTERS
from personagen.pairs import pairs_of
from tests.exporters.rows import rows_of
from tests.trees import branching, conversation

TREE = branching(3)


def test_a_row_has_both_branches_with_equally_many_messages_from_the_fork_on():
    rows = rows_of("trajectories", TREE)
    assert rows
    for row in rows:
        assert row["prompt"][-1]["role"] == "user"
        roles = [message["role"] for message in row["chosen"]]
        assert roles == [message["role"] for message in row["rejected"]]
        assert roles == ["assistant", *["user", "assistant"] * (len(roles) // 2)]
        assert len(row["chosen_agents"]) == len(row["rejected_agents"]) == len(roles) // 2 + 1
        assert row["chosen_value"] > row["rejected_value"]


def test_only_branches_whose_fork_is_an_exported_pair_are_rows():
    kept = [pair for pair in pairs_of(TREE)[0] if pair.turn == 2]
    rows = rows_of("trajectories", TREE, pairs=kept)
    assert {row["turn"] for row in rows} == {2}
    assert len(rows) < len(rows_of("trajectories", TREE))


def test_segments_are_two_rows_the_rejected_one_first_alike_up_to_the_first_reply_that_differs():
    rows = rows_of("segments", TREE)
    assert len(rows) == 2 * len(rows_of("trajectories", TREE))
    for worse, better in zip(rows[::2], rows[1::2], strict=True):
        assert (worse["chosen"], better["chosen"]) == (False, True)
        both = list(zip(worse["conversations"], better["conversations"], strict=True))
        first = next(at for at, (one, other) in enumerate(both) if one != other)
        assert [message["from"] for message in both[first]] == ["gpt", "gpt"]
        assert both[-1][0]["from"] == "gpt"


@pytest.mark.parametrize("kind", ["trajectories", "segments"])
def test_a_conversation_of_one_branch_gives_no_row(kind: str):
    assert rows_of(kind, conversation(turns=4)) == []
    assert "--grow best-hard" in EXPORTERS[kind].lack
