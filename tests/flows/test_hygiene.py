"""What the verdicts of a tree say about the judge."""

from __future__ import annotations

import pytest

from personagen.flows.hygiene import judge_counts, judge_summary
from personagen.records import Check, Judgment
from personagen.runs.run import added
from tests.trees import conversation


def judged(rank, *, turns=6, candidates=2, trees=4, **fields):
    """The summary of trees whose verdicts are ``rank(order, which)``: a ranking, or None for a tie."""
    made = []
    for number in range(trees):
        tree = conversation(turns=turns, candidates=candidates, id=f"t{number}")
        judgments = []
        for at, judgment in enumerate(tree.judgments):
            ranking = rank(judgment.order, at)
            more = {"ranking": tuple(ranking or judgment.order), "tie": ranking is None}
            judgments.append(judgment.model_copy(update=more))
        more = {name: make(judgments) for name, make in fields.items()}
        made.append(tree.model_copy(update={"judgments": tuple(judgments), **more}))
    return judge_summary(added(map(judge_counts, made)))


def test_a_judge_that_prefers_what_it_sees_first():
    found = judged(lambda order, _: order)
    assert found["position"]["value"] == 1.0
    assert found["position"]["count"] == 48
    assert found["orders"]["value"] == 0.0
    assert found["kappa_orders"]["value"] == 0.0


def test_a_judge_that_looks_at_the_replies_only():
    found = judged(lambda order, at: sorted(order, reverse=at % 4 < 2))
    assert found["position"]["value"] == 0.5
    assert found["orders"]["value"] == 1.0
    assert found["kappa_orders"]["value"] == 1.0


def test_half_of_the_verdicts_are_biased_and_all_pairs_of_many_replies_count():
    found = judged(lambda order, at: order if at % 4 < 2 else sorted(order), candidates=4)
    assert found["position"]["value"] == 0.75
    assert found["orders"]["value"] == 0.5
    assert found["orders"]["count"] == 4 * 6 * 6


def test_a_tie_agrees_with_a_tie_only_and_prefers_no_place():
    found = judged(lambda order, at: None if at % 2 else sorted(order))
    assert found["orders"]["value"] == 0.0
    assert judged(lambda order, at: None)["orders"]["value"] == 1.0
    assert "position" not in judged(lambda order, at: None)


def test_verdicts_of_one_order_and_of_other_personas_say_nothing():
    tree = conversation(turns=2)
    alone = tree.model_copy(update={"judgments": tree.judgments[:1]})
    assert judge_summary(judge_counts(alone)) == {}
    other = tuple(made.model_copy(update={"persona": "far"}) for made in tree.judgments)
    assert judge_counts(tree.model_copy(update={"judgments": (*tree.judgments, *other)})) == judge_counts(tree)


def test_scores_are_compared_reply_by_reply():
    def scored(first, second):
        tree = conversation(turns=1)
        one, other = tree.judgments  # shown in opposite orders
        both = (one.model_copy(update={"scores": first}), other.model_copy(update={"scores": second}))
        return judge_counts(tree.model_copy(update={"judgments": both}))

    assert scored((5, 2), (2, 5))["table_scores"] == {"2/2": 1, "5/5": 1}
    assert scored((5, 2), (3, 4))["table_scores"] == {"2/3": 1, "5/4": 1}
    assert scored((5, 2), ())["table_scores"] == {}
    added_up = added([scored((5, 2), (2, 5)), scored((1, 4), (4, 1)), scored((3, 2), (3, 3))])
    assert 0.7 < judge_summary(added_up)["kappa_scores"]["value"] < 1


@pytest.mark.parametrize("name", ["repeated", "seconded"])
def test_the_first_verdict_is_compared_with_the_one_asked_for_again(name: str):
    def turned(judgments: list[Judgment]) -> tuple[Judgment, ...]:
        firsts = judgments[::2]
        return tuple(
            made.model_copy(update={"ranking": made.ranking[::-1]}) if at < 2 else made
            for at, made in enumerate(firsts)
        )

    found = judged(lambda order, at: sorted(order, reverse=at % 4 < 2), **{name: turned})
    assert found[name]["count"] == 24
    assert found[name]["value"] == pytest.approx(16 / 24)
    assert found[f"kappa_{name}"]["value"] == pytest.approx(1 - 2 * 8 / 24, abs=0.01)


def test_checks_are_counted():
    checks = (Check(node="0"), Check(node="0.0.0", contradicted=("is 41",)))
    counted = judge_counts(conversation(turns=2).model_copy(update={"checks": checks}))["checks"]
    assert counted == {"messages": 2, "contradicting": 1}
