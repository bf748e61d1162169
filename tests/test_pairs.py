"""From judged trees to pairs."""

from __future__ import annotations

from hypothesis import given, settings

from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Message, Node
from tests.trees import conversation, trees, verdicts


def test_every_judged_user_message_makes_one_pair_in_path_order():
    pairs, rejections = pairs_of(conversation(turns=10))
    assert [pair.turn for pair in pairs] == list(range(1, 11))
    assert [pair.node for pair in pairs][:3] == ["0", "0.0.0", "0.0.0.0.0"]
    assert rejections == []


def test_the_prompt_is_the_conversation_that_was_had_up_to_the_user_message():
    pair = pairs_of(conversation(turns=2, said=[1, 0]))[0][1]
    assert pair.prompt == (
        Message(role="user", content="This was my day 1 at the organ."),
        Message(role="assistant", content="Reply 1 in turn 1."),
        Message(role="user", content="This was my day 2 at the organ."),
    )


def test_a_pair_is_the_best_against_the_worst_of_many_candidates():
    pair = pairs_of(conversation(turns=1, candidates=5))[0][0]
    assert pair.chosen == (Message(role="assistant", content="Reply 0 in turn 1."),)
    assert pair.rejected == (Message(role="assistant", content="Reply 4 in turn 1."),)
    assert (pair.chosen_agent, pair.rejected_agent) == ("aware", "plain")


def test_a_pair_says_where_it_comes_from():
    pair = pairs_of(conversation(turns=1))[0][0]
    assert (pair.persona, pair.tree, pair.node, pair.models) == ("p1", "t1", "0", {"assistant": "offline"})


def test_candidates_in_the_middle_may_change_places_between_the_verdicts():
    tree = conversation(turns=1, candidates=4)
    first, second = tree.judgments
    second = second.model_copy(update={"ranking": ("0.0", "0.2", "0.1", "0.3")})
    pairs, rejections = pairs_of(tree.model_copy(update={"judgments": (first, second)}))
    assert len(pairs) == 1
    assert rejections == []


def test_a_rejection_names_the_tree_the_node_and_the_gate():
    tree = conversation(turns=2)
    judgments = (*verdicts("0", ["0.0", "0.1"], tie=True), *tree.judgments[2:])
    pairs, rejections = pairs_of(tree.model_copy(update={"judgments": judgments}))
    assert [pair.turn for pair in pairs] == [2]
    assert [(r.place, r.gate) for r in rejections] == [("t1/0", "tie")]


def test_a_message_whose_second_verdict_is_missing_is_rejected_as_unjudged():
    tree = conversation(turns=1)
    pairs, rejections = pairs_of(tree.model_copy(update={"judgments": tree.judgments[:1]}))
    assert pairs == []
    assert [(r.gate, r.reason) for r in rejections] == [("judged", "1 of 2 verdicts")]


def test_a_message_nobody_answered_is_counted_too():
    tree = conversation(turns=1)
    last = Node(id="0.0.0", role="user", content="Still there?", agent="user")
    pairs, rejections = pairs_of(tree.model_copy(update={"nodes": (*tree.nodes, last)}))
    assert len(pairs) == 1
    assert [(r.place, r.gate) for r in rejections] == [("t1/0.0.0", "judged")]


def test_further_gates_can_be_handed_in():
    def nothing_passes(judgments, replies):
        return "never"

    pairs, rejections = pairs_of(conversation(turns=2), {"mine": nothing_passes})
    assert pairs == []
    assert [r.gate for r in rejections] == ["mine", "mine"]


def test_path_order_counts_slots_as_numbers():
    tree = conversation(turns=1, candidates=11)
    later = [Node(id=f"0.{slot}.0", role="user", content="Go on.", agent="user") for slot in (10, 2)]
    _, rejections = pairs_of(tree.model_copy(update={"nodes": (*tree.nodes, *later)}))
    assert [r.place for r in rejections] == ["t1/0.2.0", "t1/0.10.0"]


@settings(deadline=None)
@given(trees())
def test_pairs_and_rejections_together_are_the_user_messages(tree: ConversationTree):
    pairs, rejections = pairs_of(tree)
    users = sorted(node.id for node in tree.nodes if node.role == "user")
    assert sorted([p.node for p in pairs] + [r.place.partition("/")[2] for r in rejections]) == users


@settings(deadline=None)
@given(trees())
def test_a_pair_is_two_different_replies_to_the_message_its_prompt_ends_with(tree: ConversationTree):
    content = {node.id: node.content for node in tree.nodes}
    for pair in pairs_of(tree)[0]:
        replies = [text for node, text in content.items() if node.rpartition(".")[0] == pair.node]
        assert pair.prompt[-1] == Message(role="user", content=content[pair.node])
        assert {pair.chosen[0].content, pair.rejected[0].content} <= set(replies)
        assert pair.chosen[0].content.split() != pair.rejected[0].content.split()
        assert [m.role for m in pair.prompt] == (["user", "assistant"] * len(pair.prompt))[: len(pair.prompt)]


@settings(deadline=None)
@given(trees())
def test_the_order_in_which_nodes_arrived_changes_nothing(tree: ConversationTree):
    assert pairs_of(tree) == pairs_of(tree.model_copy(update={"nodes": tree.nodes[::-1]}))
