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


def test_a_path_leads_from_the_root_to_the_node():
    assert [n.id for n in tree.path(SMALL, "0.1.0")] == ["0", "0.1", "0.1.0"]


def test_messages_are_the_conversation_down_to_the_node_and_no_sibling():
    assert tree.messages(SMALL, "0.1.0") == (
        Message(role="user", content="<0>"),
        Message(role="assistant", content="<0.1>"),
        Message(role="user", content="<0.1.0>"),
    )


def test_leaves_are_the_nodes_without_children_in_path_order():
    nodes = [node(id) for id in ("0.10", "0.2", "0", "0.2.0", "0.9")]
    assert [n.id for n in tree.leaves(nodes)] == ["0.2.0", "0.9", "0.10"]


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
def test_every_node_is_on_the_path_to_some_leaf(wild: ConversationTree):
    nodes = tree.by_id(wild)
    reached = {step.id for leaf in tree.leaves(wild.nodes) for step in tree.path(nodes, leaf.id)}
    assert reached == set(nodes)
