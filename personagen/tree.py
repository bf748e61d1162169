"""Conversation trees: pure functions over the nodes of a ``ConversationTree``, whose ids are paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING

from personagen.records import ConversationTree, Message, Node

if TYPE_CHECKING:
    import networkx as nx

ROOT = "0"


def order(node_id: str) -> tuple[int, ...]:
    """The sort key of a node id; ``0.10`` comes after ``0.2``."""
    return tuple(map(int, node_id.split(".")))


def child(node_id: str, slot: int) -> str:
    """The id of the child of ``node_id`` in ``slot`` (0 is the first)."""
    return f"{node_id}.{slot}"


def parent(node_id: str) -> str | None:
    """The id of the parent, or None at the root."""
    return node_id.rpartition(".")[0] or None


def turn(node_id: str) -> int:
    """The turn of a node, counted from 1; a turn is a user message and its replies."""
    return node_id.count(".") // 2 + 1


def by_id(tree: ConversationTree) -> dict[str, Node]:
    """The tree's nodes by id."""
    return {node.id: node for node in tree.nodes}


def path(nodes: Mapping[str, Node], node_id: str) -> list[Node]:
    """The nodes from the root to ``node_id``, inclusive."""
    steps = node_id.split(".")
    return [nodes[".".join(steps[: depth + 1])] for depth in range(len(steps))]


def messages(nodes: Mapping[str, Node], node_id: str) -> tuple[Message, ...]:
    """The conversation from the root to ``node_id`` as messages."""
    return tuple(Message(role=node.role, content=node.content) for node in path(nodes, node_id))


def leaves(nodes: Sequence[Node]) -> list[Node]:
    """The nodes without children, in path order."""
    parents = {parent(n.id) for n in nodes}
    return sorted((n for n in nodes if n.id not in parents), key=lambda n: order(n.id))


def one_path(tree: ConversationTree) -> list[Node]:
    """The nodes of one conversation of the tree: to one of its deepest leaves, drawn by the tree's id."""
    ends = leaves(tree.nodes)
    depth = max(end.id.count(".") for end in ends)
    deepest = [end.id for end in ends if end.id.count(".") == depth]
    return path(by_id(tree), Random(f"path/{tree.id}").choice(deepest))


def as_graph(tree: ConversationTree) -> nx.DiGraph[str]:
    """The tree as a networkx graph: one vertex per node with its fields as attributes, edges from parent to child."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    for node in tree.nodes:
        graph.add_node(node.id, **node.model_dump(exclude={"id"}))
        above = parent(node.id)
        if above is not None:
            graph.add_edge(above, node.id)
    return graph
