"""Conversation trees for tests: one built by hand, and wild ones drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from personagen.records import Belief, ConversationTree, Inference, Judgment, Node, Persona
from personagen.tree import parent

PERSONA = Persona(
    id="p1",
    profile="Marta, 61, repairs church organs in Porto.",
    personality="She is blunt and impatient.",
    facts=("She repairs church organs.", "She lives in Porto."),
    traits=("blunt", "impatient"),
)


def verdicts(node: str, ranking: Sequence[str], *, tie: bool = False) -> tuple[Judgment, Judgment]:
    """Two verdicts that agree on ``ranking``, with the replies shown in path order and turned round."""
    order = tuple(sorted(ranking))
    return (
        Judgment(node=node, order=order, ranking=tuple(ranking), tie=tie),
        Judgment(node=node, order=order[::-1], ranking=tuple(ranking), tie=tie),
    )


def replies(tree: ConversationTree, node: str) -> list[Node]:
    """The replies to ``node``, in slot order."""
    return [reply for reply in tree.nodes if parent(reply.id) == node]


def conversation(*, turns: int = 3, candidates: int = 2, said: Sequence[int] = (), id: str = "t1") -> ConversationTree:
    """A judged tree in which slot 0 is always best and the last slot worst; ``said`` gives the slot that goes on."""
    nodes, beliefs, judgments = [], [], []
    at = "0"
    for turn in range(1, turns + 1):
        quote = f"my day {turn} at the organ"
        nodes.append(Node(id=at, role="user", content=f"This was {quote}.", agent="user"))
        inferences = (
            Inference(fact="She repairs organs", quote=quote, kind="profile"),
            Inference(fact="She is blunt.", quote=quote, kind="personality"),
        )
        beliefs.append(Belief(node=at, inferences=inferences if turn > 1 else ()))
        replies = [f"{at}.{slot}" for slot in range(candidates)]
        for slot, reply in enumerate(replies):
            agent = "aware" if slot == 0 else "plain"
            nodes.append(Node(id=reply, role="assistant", content=f"Reply {slot} in turn {turn}.", agent=agent))
        judgments.extend(verdicts(at, replies))
        at = f"{replies[said[turn - 1] if said else 0]}.0"
    return ConversationTree(
        id=id,
        persona=PERSONA,
        nodes=tuple(sorted(nodes, key=lambda node: [int(step) for step in node.id.split(".")])),
        beliefs=tuple(beliefs),
        judgments=tuple(judgments),
        models={"assistant": "offline"},
    )


def branching(turns: int = 3, candidates: int = 2) -> ConversationTree:
    """A tree in which every reply continues; slot 0 is always best."""
    whole = conversation(turns=turns, candidates=candidates)
    nodes, judgments, level = {}, [], ["0"]
    [user, *_], reply = [n for n in whole.nodes if n.role == "user"], whole.nodes[1]
    for _ in range(turns):
        for at in level:
            nodes[at] = user.model_copy(update={"id": at, "content": f"says {at}"})
            slots = [f"{at}.{slot}" for slot in range(candidates)]
            for slot, one in enumerate(slots):
                agent = ("aware", "plain", "near")[slot]
                nodes[one] = reply.model_copy(update={"id": one, "content": f"replies {one}", "agent": agent})
            judgments += verdicts(at, slots)
        level = [f"{at}.{slot}.0" for at in level for slot in range(candidates)]
    return whole.model_copy(update={"nodes": tuple(nodes.values()), "judgments": tuple(judgments), "grow": "all"})


TEXTS = st.one_of(st.sampled_from(["Yes.", " yes. ", "No.", "", "\u200b"]), st.text(max_size=12))


@st.composite
def trees(draw: st.DrawFn) -> ConversationTree:
    """A tree of any shape: up to 4 replies a user message, 0 to 3 verdicts of any kind, any reply going on."""
    nodes, judgments = [], []
    pending = ["0"]
    while pending and len(nodes) < 60:
        at = pending.pop()
        nodes.append(Node(id=at, role="user", content=draw(TEXTS), agent="user"))
        replies = [f"{at}.{slot}" for slot in range(draw(st.integers(0, 4)))]
        nodes.extend(Node(id=r, role="assistant", content=draw(TEXTS), agent="plain") for r in replies)
        for _ in range(draw(st.sampled_from([2, 2, 2, 0, 1, 3]))):
            order, ranking = (draw(st.permutations(replies)) for _ in range(2))
            tie = draw(st.sampled_from([False, False, False, True]))
            judgments.append(Judgment(node=at, order=tuple(order), ranking=tuple(ranking), tie=tie))
        if at.count(".") < 6:
            pending.extend(f"{reply}.0" for reply in replies if draw(st.booleans()))
    order_of_arrival = draw(st.permutations(nodes))
    return ConversationTree(id="wild", persona=PERSONA, nodes=tuple(order_of_arrival), judgments=tuple(judgments))
