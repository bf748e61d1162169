"""The columns that formats share, and which replies of a turn won or lost."""

from __future__ import annotations

from hypothesis import given, settings

from personagen.exporters.columns import losers, origin, reply_of, winners
from personagen.pairs import pairs_of
from personagen.records import ConversationTree
from tests.trees import conversation, trees


def test_origin_says_where_a_pair_comes_from():
    pair = pairs_of(conversation(turns=2))[0][1].model_copy(update={"margin": 1.5, "twin": "t9/0.0.0"})
    assert origin(pair) == {
        "persona": "p1",
        "tree": "t1",
        "node": "0.0.0",
        "turn": 2,
        "chosen_agent": "aware",
        "rejected_agent": "plain",
        "margin": 1.5,
        "twin": "t9/0.0.0",
    }


def test_a_margin_that_is_unknown_is_a_number_that_no_margin_has():
    assert origin(pairs_of(conversation(turns=1))[0][0])["margin"] == -1.0


def test_of_three_replies_the_one_in_the_middle_neither_wins_nor_loses():
    pairs = pairs_of(conversation(turns=2, candidates=3))[0]
    assert len(pairs) == 6
    assert [pair.chosen[0].content for pair in winners(pairs)] == ["Reply 0 in turn 1.", "Reply 0 in turn 2."]
    assert [pair.rejected[0].content for pair in losers(pairs)] == ["Reply 2 in turn 1.", "Reply 2 in turn 2."]


@settings(deadline=None)
@given(trees())
def test_each_reply_wins_or_loses_once_at_most(tree: ConversationTree):
    pairs = pairs_of(tree)[0]
    won = [(pair.node, pair.chosen[0].content) for pair in winners(pairs)]
    lost = [(pair.node, pair.rejected[0].content) for pair in losers(pairs)]
    assert len({*won, *lost}) == len(won) + len(lost)


def test_a_pair_of_an_early_version_finds_its_reply_by_the_text():
    tree = conversation(turns=2)
    pair = pairs_of(tree)[0][1]
    assert reply_of(tree, pair) == reply_of(tree, pair.model_copy(update={"chosen_node": ""})) == "0.0.0.0"
