"""Trees as paths."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from personagen import tree
from personagen.records import ConversationTree, Message, Node
from tests.trees import conversation, trees


def node(id: str, role: str = "user") -> Node:
    return Node(id=id, role=role, content=f"<{id}>", agent=role)


SMALL = {n.id: n for n in (node("0"), node("0.0", "assistant"), node("0.1", "assistant"), node("0.1.0"))}


def test_ids_sort_by_number_and_not_by_letter():
    assert sorted(["0.10", "0.2", "0", "0.2.0"], key=tree.order) == ["0", "0.2", "0.2.0", "0.10"]


def test_a_child_knows_its_parent_and_the_root_has_none():
    assert tree.child("0.1", 12) == "0.1.12"
    assert tree.parent("0.1.12") == "0.1"
    assert tree.parent(tree.ROOT) is None


@pytest.mark.parametrize(("id", "turn"), [("0", 1), ("0.3", 1), ("0.3.0", 2), ("0.3.0.1", 2), ("0.3.0.1.0", 3)])
def test_a_turn_is_a_user_message_and_the_replies_to_it(id: str, turn: int):
    assert tree.turn(id) == turn


def test_adding_leaves_the_old_nodes_as_they_were():
    grown = tree.add(SMALL, node("0.0.0"))
    assert set(grown) - set(SMALL) == {"0.0.0"}
    assert "0.0.0" not in SMALL


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (node("0.1", "assistant"), "exists already"),
        (node("1"), "would be a second"),
        (node("0.2.0"), "has no parent 0.2"),
        (node("0.1.1", "assistant"), "right after a assistant"),
        (node("0.2"), "right after a user"),
    ],
)
def test_a_node_that_does_not_fit_is_refused(new: Node, said: str):
    with pytest.raises(ValueError, match=said):
        tree.add(SMALL, new)


def test_a_first_node_may_be_added_to_nothing():
    assert tree.add({}, node("0")) == {"0": node("0")}


def test_a_path_leads_from_the_root_to_the_node():
    assert [n.id for n in tree.path(SMALL, "0.1.0")] == ["0", "0.1", "0.1.0"]


def test_messages_are_the_conversation_down_to_the_node_and_no_sibling():
    assert tree.messages(SMALL, "0.1.0") == (
        Message(role="user", content="<0>"),
        Message(role="assistant", content="<0.1>"),
        Message(role="user", content="<0.1.0>"),
    )


def test_children_stand_in_slot_order_and_grandchildren_are_none_of_them():
    nodes = [node(id) for id in ("0.10", "0.2", "0", "0.2.0", "0.9")]
    assert [n.id for n in tree.children(nodes, "0")] == ["0.2", "0.9", "0.10"]


def test_leaves_are_the_nodes_without_children_in_path_order():
    nodes = [node(id) for id in ("0.10", "0.2", "0", "0.2.0", "0.9")]
    assert [n.id for n in tree.leaves(iter(nodes))] == ["0.2.0", "0.9", "0.10"]


def test_a_graph_has_the_nodes_their_fields_and_the_edges():
    graph = tree.as_graph(conversation(turns=2, said=[1, 0]))
    assert set(graph.edges) == {
        ("0", "0.0"),
        ("0", "0.1"),
        ("0.1", "0.1.0"),
        ("0.1.0", "0.1.0.0"),
        ("0.1.0", "0.1.0.1"),
    }
    assert graph.nodes["0.1"] == {"role": "assistant", "content": "Reply 1 in turn 1.", "agent": "plain", "call": ""}


@settings(deadline=None)
@given(trees())
def test_any_tree_can_be_built_up_again_by_adding_its_nodes_in_path_order(wild: ConversationTree):
    nodes: dict[str, Node] = {}
    for each in sorted(wild.nodes, key=lambda n: tree.order(n.id)):
        nodes = tree.add(nodes, each)
    assert nodes == tree.by_id(wild)


@settings(deadline=None)
@given(trees())
def test_every_node_is_on_the_path_to_some_leaf(wild: ConversationTree):
    nodes = tree.by_id(wild)
    reached = {step.id for leaf in tree.leaves(wild.nodes) for step in tree.path(nodes, leaf.id)}
    assert reached == set(nodes)
