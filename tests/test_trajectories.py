"""Trajectory pairs: which branches are compared, from where to where, and what they are worth."""

from __future__ import annotations

import pytest
from hypothesis import given

from personagen.records import Check, Judgment
from personagen.trajectories import scores_of, trajectories_of, value
from personagen.tree import by_id, messages, parent
from tests.trees import branching, conversation, trees, verdicts


def without(tree, *places):
    """``tree`` without what follows from ``places``."""
    gone = lambda at: any(at == place or at.startswith(f"{place}.") for place in places)  # noqa: E731
    kept = [node for node in tree.nodes if not gone(node.id)]
    return tree.model_copy(
        update={"nodes": tuple(kept), "judgments": tuple(j for j in tree.judgments if not gone(j.node))}
    )


def rejudged(tree, node, *ranking, tie=False):
    others = [verdict for verdict in tree.judgments if verdict.node != node]
    return tree.model_copy(update={"judgments": (*others, *verdicts(node, ranking, tie=tie))})


def test_a_fork_compares_the_best_branch_of_the_preferred_reply_with_the_worst_of_the_other():
    first, second, third = trajectories_of(branching())
    assert (first.node, first.chosen_end, first.rejected_end) == ("0", "0.0.0.0.0.0", "0.1.0.1.0.1")
    assert (first.chosen_value, first.rejected_value) == (5.0, 1.0)
    assert [m.content for m in first.prompt] == ["says 0"]
    assert [m.content for m in first.chosen] == [
        *("replies 0.0", "says 0.0.0", "replies 0.0.0.0", "says 0.0.0.0.0", "replies 0.0.0.0.0.0"),
    ]
    assert [m.role for m in first.rejected] == ["assistant", "user", "assistant", "user", "assistant"]
    assert first.rejected_agents == ("plain",) * 3
    assert (second.node, third.node) == ("0.0.0", "0.1.0")
    assert (len(second.chosen_agents), second.turn, len(second.prompt)) == (2, 2, 3)


def test_the_value_of_a_branch_is_the_mean_score_of_its_replies():
    tree = rejudged(branching(), "0.0.0", "0.0.0.1", "0.0.0.0")  # slot 1 is better there
    first, second, _ = trajectories_of(tree)
    assert first.chosen_end == "0.0.0.1.0.0"
    assert (second.chosen_end, second.rejected_end) == ("0.0.0.1.0.0", "0.0.0.0.0.1")
    scored = branching(turns=2)
    marks = {"0": (4, 3), "0.0.0": (2, 2), "0.1.0": (5, 1)}
    judgments = [
        j.model_copy(update={"scores": marks[j.node] if j.order[0].endswith("0") else marks[j.node][::-1]})
        for j in scored.judgments
    ]
    [pair] = trajectories_of(scored.model_copy(update={"judgments": tuple(judgments)}))
    assert (pair.chosen_value, pair.rejected_value) == (3.0, 2.0)


def test_a_pair_with_a_message_that_contradicts_the_persona_is_left_out():
    forks = lambda *checks: [  # noqa: E731
        pair.node for pair in trajectories_of(branching().model_copy(update={"checks": checks}))
    ]
    assert forks(Check(node="0.0.0"), Check(node="0.1.0.0.0", contradicted=("blunt",))) == ["0", "0.0.0"]
    assert forks(Check(node="0.0.0", contradicted=("blunt",))) == ["0.1.0"]
    assert forks(Check(node="0", contradicted=("blunt",))) == []


def test_a_pair_whose_values_contradict_the_verdict_at_the_fork_is_left_out():
    scored = branching(turns=2)
    marks = {"0": (4, 3), "0.0.0": (1, 1), "0.1.0": (5, 5)}
    judgments = [
        j.model_copy(update={"scores": marks[j.node] if j.order[0].endswith("0") else marks[j.node][::-1]})
        for j in scored.judgments
    ]
    assert trajectories_of(scored.model_copy(update={"judgments": tuple(judgments)})) == []


def test_both_segments_are_cut_to_the_shorter_branch():
    tree = without(branching(turns=4), *(f"0.1.0.{slot}.0.{end}.0" for slot in "01" for end in "01"))
    first = trajectories_of(tree)[0]
    assert (first.chosen_end, first.rejected_end) == ("0.0.0.0.0.0", "0.1.0.1.0.1")
    assert len(first.chosen) == len(first.rejected) == 5
    assert first.chosen_value == 5.0  # of the whole branch


def test_a_branch_that_ends_before_others_of_its_fork_is_not_taken():
    tree = without(branching(turns=3), "0.0.0.0.0")
    assert trajectories_of(tree)[0].chosen_end == "0.0.0.1.0.0"


def test_a_fork_needs_two_replies_that_continue_and_verdicts_that_agree():
    assert trajectories_of(conversation(turns=4)) == []
    assert [pair.node for pair in trajectories_of(without(branching(), "0.1.0"))] == ["0.0.0"]
    assert [pair.node for pair in trajectories_of(rejudged(branching(), "0", "0.1", "0.0", tie=True))] == [
        "0.0.0",
        "0.1.0",
    ]
    one_order = branching(turns=2).model_copy(update={"judgments": branching(turns=2).judgments[::2]})
    assert trajectories_of(one_order) == []


def test_three_candidates_make_a_pair_for_each_two_that_both_verdicts_rank_alike():
    whole = branching(turns=2, candidates=3)
    assert len(trajectories_of(whole)) == 3
    first, second = [j for j in whole.judgments if j.node == "0"]
    other = second.model_copy(update={"ranking": ("0.1", "0.0", "0.2")})
    kept = (*(j for j in whole.judgments if j.node != "0"), first, other)
    pairs = trajectories_of(whole.model_copy(update={"judgments": kept}))
    assert {(pair.chosen_agents[0], pair.rejected_agents[0]) for pair in pairs} == {
        ("aware", "near"),
        ("plain", "near"),
    }


def test_verdicts_of_other_personas_and_of_nobody_do_not_count():
    whole = branching(turns=2)
    others = tuple(
        Judgment(node="0", order=("0.0", "0.1"), ranking=("0.1", "0.0"), persona=who) for who in ("p9", "nobody")
    )
    assert trajectories_of(whole.model_copy(update={"judgments": whole.judgments + others})) == trajectories_of(whole)


@pytest.mark.parametrize(
    ("fields", "scores"),
    [
        ({"ranking": ("b", "a")}, {"a": 1.0, "b": 5.0}),
        ({"ranking": ("b", "a"), "tie": True}, {"a": 3.0, "b": 3.0}),
        ({"ranking": ("b", "a"), "scores": (4, 2)}, {"a": 4.0, "b": 2.0}),
        ({"ranking": ("b", "a"), "scores": (4,)}, {"a": 1.0, "b": 5.0}),
        ({"ranking": ("b", "a"), "persona": "nobody"}, {}),
    ],
)
def test_scores_are_those_of_the_judge_or_else_the_ranking_from_five_to_one(fields, scores):
    assert scores_of([None, Judgment(node="0", order=("a", "b"), **fields)]) == scores


def test_the_scores_of_both_orders_are_averaged_and_what_was_not_judged_is_in_the_middle():
    made = [
        Judgment(node="0", order=("a", "b", "c"), ranking=("a", "b", "c")),
        Judgment(node="0", order=("c", "b", "a"), ranking=("b", "a", "c")),
    ]
    assert scores_of(made) == {"a": 4.0, "b": 4.0, "c": 1.0}
    assert value(scores_of(made), ["a", "c", "unjudged"]) == 2.5
    assert value({}, ["a"]) == 3.0


@given(trees())
def test_any_tree_gives_pairs_that_are_paths_from_one_fork(tree):
    nodes = by_id(tree)
    for pair in trajectories_of(tree):
        for side, end, agents in (
            (pair.chosen, pair.chosen_end, pair.chosen_agents),
            (pair.rejected, pair.rejected_end, pair.rejected_agents),
        ):
            assert messages(nodes, end) == pair.prompt + side
            assert len(side) == 2 * len(agents) - 1 >= 3
        depths = [
            max(at.count(".") for at in nodes if f"{at}.".startswith(f"{'.'.join(end.split('.')[:steps])}."))
            for end in (pair.chosen_end, pair.rejected_end)
            for steps in [pair.node.count(".") + 2]
        ]
        answered = [depth if depth % 2 else depth - 1 for depth in depths]
        assert pair.chosen_end.count(".") == pair.rejected_end.count(".") == min(answered)
        steps = len(pair.node.split(".")) + 1
        first, other = (end.split(".")[:steps] for end in (pair.chosen_end, pair.rejected_end))
        assert first != other
        assert parent(".".join(first)) == parent(".".join(other)) == pair.node
        assert 1 <= pair.rejected_value < pair.chosen_value <= 5
