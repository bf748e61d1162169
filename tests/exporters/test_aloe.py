"""Rows in ALOE's schema."""

from __future__ import annotations

from hypothesis import given, settings

from personagen.records import ConversationTree, Node
from tests.exporters.rows import rows_of
from tests.trees import conversation, trees, verdicts


def row_of(tree: ConversationTree) -> dict:
    (row,) = rows_of("aloe", tree)
    return row


def replayed(row: dict) -> list[str]:
    """The conversation as a reader of ALOE's data rebuilds it: each turn goes on with its ``chosen`` side."""
    return [text for turn in row["conversations"] for text in (turn["user"], turn["assistant"][turn["chosen"]])]


def test_a_row_is_the_two_descriptions_and_the_turns():
    row = row_of(conversation(turns=2))
    assert set(row) == {"profile", "personality", "conversations"}
    assert row["profile"] == "Marta, 61, repairs church organs in Porto."
    assert row["personality"] == "She is blunt and impatient."
    assert len(row["conversations"]) == 2


def test_a_turn_has_the_fields_of_the_released_script():
    assert row_of(conversation(turns=2, said=[1, 0]))["conversations"][0] == {
        "user": "This was my day 1 at the organ.",
        "assistant": {"preferred": "Reply 0 in turn 1.", "rejected": "Reply 1 in turn 1."},
        "chosen": "rejected",
        "inferred_profile": "None",
        "inferred_personality": "None",
    }


def test_what_the_observer_inferred_becomes_sentences_by_kind():
    turn = row_of(conversation(turns=2))["conversations"][1]
    assert turn["inferred_profile"] == "She repairs organs."
    assert turn["inferred_personality"] == "She is blunt."


def test_chosen_names_the_side_the_conversation_went_on_with():
    row = row_of(conversation(turns=4, said=[0, 1, 1, 0]))
    assert [turn["chosen"] for turn in row["conversations"]] == ["preferred", "rejected", "rejected", "preferred"]


def test_a_middle_candidate_that_went_on_stands_as_the_rejected_one():
    turn = row_of(conversation(turns=2, candidates=3, said=[1, 0]))["conversations"][0]
    assert turn["assistant"] == {"preferred": "Reply 0 in turn 1.", "rejected": "Reply 1 in turn 1."}
    assert turn["chosen"] == "rejected"


def test_the_last_turn_shows_the_best_against_the_worst():
    tree = conversation(turns=1, candidates=3)
    middle_first = verdicts("0", ["0.1", "0.0", "0.2"])
    turn = row_of(tree.model_copy(update={"judgments": middle_first}))["conversations"][0]
    assert turn["assistant"] == {"preferred": "Reply 1 in turn 1.", "rejected": "Reply 2 in turn 1."}
    assert turn["chosen"] == "preferred"


def test_a_turn_without_a_pair_says_on_both_sides_what_was_said():
    tree = conversation(turns=2, said=[1, 0])
    tied = (*verdicts("0", ["0.0", "0.1"], tie=True), *tree.judgments[2:])
    turns = row_of(tree.model_copy(update={"judgments": tied}))["conversations"]
    assert turns[0]["assistant"] == {"preferred": "Reply 1 in turn 1.", "rejected": "Reply 1 in turn 1."}
    assert turns[1]["assistant"] == {"preferred": "Reply 0 in turn 2.", "rejected": "Reply 1 in turn 2."}


def test_of_a_tree_with_many_branches_the_longest_is_shown():
    tree = conversation(turns=3, said=[1, 1, 0])
    branch = Node(id="0.0.0", role="user", content="Another way.", agent="user")
    row = row_of(tree.model_copy(update={"nodes": (*tree.nodes, branch)}))
    assert [turn["user"][-14:] for turn in row["conversations"]] == [f"{n} at the organ."[-14:] for n in (1, 2, 3)]
    assert len(row["conversations"]) == 3


def test_a_tree_without_pairs_is_a_row_too():
    tree = conversation(turns=1)
    rows = [*rows_of("aloe", tree), *rows_of("aloe", tree, pairs=())]
    sides = [row["conversations"][0]["assistant"] for row in rows]
    assert [side["preferred"] == side["rejected"] for side in sides] == [False, True]


@settings(deadline=None)
@given(trees())
def test_replaying_the_chosen_sides_gives_a_path_of_the_tree(tree: ConversationTree):
    said = replayed(row_of(tree))
    content = {node.id: node.content for node in tree.nodes}
    paths = {
        tuple(content[".".join(steps[: depth + 1])] for depth in range(len(steps)))
        for steps in (node.id.split(".") for node in tree.nodes)
    }
    # The last reply is followed by nothing, so either side may stand there.
    assert tuple(said[:-1]) in paths or not said


def test_of_several_pairs_the_one_with_the_reply_on_the_path_is_shown():
    tree = conversation(turns=2, candidates=3, said=[1, 0])
    first, second, *rest = tree.judgments
    torn = second.model_copy(update={"ranking": ("0.1", "0.0", "0.2")})
    turn = row_of(tree.model_copy(update={"judgments": (first, torn, *rest)}))["conversations"][0]
    assert turn["assistant"] == {"preferred": "Reply 1 in turn 1.", "rejected": "Reply 2 in turn 1."}
    assert turn["chosen"] == "preferred"
