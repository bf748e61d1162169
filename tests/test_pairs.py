"""From judged trees to pairs."""

from __future__ import annotations

from hypothesis import given, settings

from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Message, Node
from tests.trees import PERSONA, conversation, trees, verdicts


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


def test_two_replies_make_one_pair_and_many_one_for_any_two_farthest_apart_first():
    pairs = pairs_of(conversation(turns=1, candidates=3))[0]
    assert [(pair.chosen_node, pair.rejected_node) for pair in pairs] == [
        ("0.0", "0.2"),
        ("0.0", "0.1"),
        ("0.1", "0.2"),
    ]
    assert pairs[0].chosen == (Message(role="assistant", content="Reply 0 in turn 1."),)
    assert pairs[0].rejected == (Message(role="assistant", content="Reply 2 in turn 1."),)
    assert (pairs[0].chosen_agent, pairs[0].rejected_agent) == ("aware", "plain")
    assert len(pairs_of(conversation(turns=1, candidates=5))[0]) == 10


def test_a_pair_says_where_it_comes_from():
    pair = pairs_of(conversation(turns=1))[0][0]
    assert (pair.persona, pair.tree, pair.node, pair.models) == ("p1", "t1", "0", {"assistant": "offline"})


def test_two_replies_that_change_places_between_the_verdicts_make_no_pair_and_the_others_do():
    tree = conversation(turns=1, candidates=4)
    first, second = tree.judgments
    second = second.model_copy(update={"ranking": ("0.0", "0.2", "0.1", "0.3")})
    pairs, rejections = pairs_of(tree.model_copy(update={"judgments": (first, second)}))
    assert len(pairs) == 5
    assert {"0.1", "0.2"} not in [{pair.chosen_node, pair.rejected_node} for pair in pairs]
    assert rejections == []


def test_a_turn_of_many_replies_without_a_pair_is_one_rejection():
    tree = conversation(turns=1, candidates=4)
    first, second = tree.judgments
    second = second.model_copy(update={"ranking": first.ranking[::-1]})
    pairs, rejections = pairs_of(tree.model_copy(update={"judgments": (first, second)}))
    assert (pairs, [r.reason for r in rejections]) == ([], ["the better reply changed with the order, from 0.0 to 0.3"])


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
    def nothing_passes(case):
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
def test_turns_with_a_pair_and_rejections_together_are_the_user_messages(tree: ConversationTree):
    pairs, rejections = pairs_of(tree)
    users = sorted(node.id for node in tree.nodes if node.role == "user")
    assert sorted([*{p.node for p in pairs}, *(r.place.partition("/")[2] for r in rejections)]) == users


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


ORGANS = ("She repairs church organs.",)


def grounded(tree: ConversationTree, *, because=(ORGANS, ()), others=(), **more) -> ConversationTree:
    """``tree`` with scores and grounds in both verdicts of its last turn, and the rankings of ``others``."""
    *early, first, second = tree.judgments
    own = [
        made.model_copy(update={"scores": scores, "confidence": sure, "because": lines, "lines": 4, **more})
        for made, scores, sure, lines in zip((first, second), ((5, 2), (3, 4)), (5, 4), because, strict=True)
    ]
    theirs = [
        first.model_copy(update={"persona": name, "ranking": tuple(ranking) or first.ranking, "tie": not ranking})
        for name, ranking in others
    ]
    return tree.model_copy(update={"judgments": (*early, *own, *theirs)})


def last(tree: ConversationTree):
    return pairs_of(tree)[0][-1]


def test_a_pair_says_what_its_verdicts_rest_on():
    pair = last(grounded(conversation(turns=2)))
    assert (pair.margin, pair.confidence) == (2, 4.5)
    assert (pair.because, pair.generic, pair.knowable) == (ORGANS, False, True)
    assert pair.leaking is False


def test_a_line_that_the_user_has_not_revealed_makes_a_pair_unknowable():
    pair = last(grounded(conversation(turns=2), because=(ORGANS, ("She lives in Porto.",))))
    assert pair.because == PERSONA.facts
    assert pair.knowable is False


def test_a_pair_for_which_no_line_was_needed_is_generic_and_knowable():
    pair = last(grounded(conversation(turns=2), because=((), ())))
    assert (pair.generic, pair.knowable, pair.because) == (True, True, ())


def test_verdicts_without_grounds_say_nothing():
    pair = last(conversation(turns=2))
    assert (pair.margin, pair.confidence, pair.knowable, pair.generic) == (None, None, None, None)
    assert (pair.flip_share, pair.pooled, pair.personal) == (None, None, None)
    half = grounded(conversation(turns=2), lines=0)
    assert (last(half).generic, last(half).knowable) == (None, None)


def test_without_inferences_it_is_not_known_what_was_revealed():
    pair = last(grounded(conversation(turns=2).model_copy(update={"beliefs": ()})))
    assert (pair.knowable, pair.leaking, pair.generic) == (None, None, False)


def test_a_reply_that_uses_an_unrevealed_fact_is_leaking_and_makes_no_pair():
    tree = conversation(turns=1)
    told = tree.nodes[-1].model_copy(update={"content": "Since she lives in Porto, take the tram."})
    leaky = tree.model_copy(update={"nodes": (*tree.nodes[:-1], told)})
    [pair], _ = pairs_of(leaky, gates={})
    assert (pair.leaking, pair.scores["leak"]) == (True, 1.0)
    assert [row.gate for row in pairs_of(leaky)[1]] == ["leak"]
    assert last(tree).leaking is False
    assert last(tree).scores == {"similar": 0.5, "leak": 0.0, "dump": 0.0}


def test_a_pair_is_personal_if_half_of_the_other_personas_prefer_the_rejected_reply():
    nobody, far, near = ("nobody", ["0.0", "0.1"]), ("far", ["0.1", "0.0"]), ("near", ["0.0", "0.1"])
    tree = conversation(turns=1)
    pair = last(grounded(tree, others=[far, near, nobody]))
    assert (pair.flip_share, pair.personal, pair.pooled) == (0.5, True, "chosen")
    pair = last(grounded(tree, others=[near, nobody]))
    assert (pair.flip_share, pair.personal) == (0, False)
    pair = last(grounded(tree, others=[("far", []), ("nobody", [])]))
    assert (pair.flip_share, pair.personal, pair.pooled) == (0, False, "tie")
    pair = last(grounded(tree, others=[("nobody", ["0.1", "0.0"])]))
    assert (pair.flip_share, pair.personal, pair.pooled) == (None, None, "rejected")


def test_only_personal_pairs_are_kept_if_asked_for_and_the_others_are_rejected():
    tree = conversation(turns=1).model_copy(update={"keep": "personal"})
    flips, agrees = (grounded(tree, others=[("far", ranking)]) for ranking in (["0.1", "0.0"], ["0.0", "0.1"]))
    assert [pair.personal for pair in pairs_of(flips)[0]] == [True]
    for shared, why in ((agrees, "100% of the other personas"), (tree, "no other persona was asked")):
        pairs, [rejection] = pairs_of(shared)
        assert (pairs, rejection.gate) == ([], "shared")
        assert why in rejection.reason


def test_a_reply_that_was_not_asked_for_since_nothing_was_known_is_a_rejection_of_its_own():
    tree = conversation(turns=1)
    alone = tree.model_copy(update={"nodes": tree.nodes[:1] + tree.nodes[2:], "judgments": (), "unasked": ("0.0",)})
    pairs, [rejection] = pairs_of(alone)
    assert (pairs, rejection.gate) == ([], "uninformed")
