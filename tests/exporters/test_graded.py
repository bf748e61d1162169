"""Rows with graded lists, with beliefs, and by user."""

from __future__ import annotations

from personagen.exporters.columns import person
from personagen.pairs import pairs_of
from personagen.records import Inference
from tests.exporters.rows import rows_of
from tests.trees import PERSONA, conversation


def scored(tree, first: tuple[int, ...], second: tuple[int, ...]):
    """The tree with scores in both verdicts of its first turn, in the orders shown."""
    one, two, *rest = tree.judgments
    made = (one.model_copy(update={"scores": first}), two.model_copy(update={"scores": second}), *rest)
    return tree.model_copy(update={"judgments": made})


def test_a_list_has_each_reply_with_its_score_and_rank_in_both_orders():
    tree = scored(conversation(turns=1, candidates=3), (5, 3, 1), (2, 3, 4))
    [row] = rows_of("ultrafeedback", tree)
    assert row["instruction"] == "This was my day 1 at the organ."
    assert row["models"] == ["aware", "plain", "plain"]
    assert [(one["overall_score"], one["scores"], one["ranks"]) for one in row["completions"]] == [
        (4.5, [5.0, 4.0], [1, 1]),
        (3.0, [3.0, 3.0], [2, 2]),
        (1.5, [1.0, 2.0], [3, 3]),
    ]
    assert row["completions"][0] == {
        "model": "aware",
        "response": "Reply 0 in turn 1.",
        "overall_score": 4.5,
        "scores": [5.0, 4.0],
        "ranks": [1, 1],
    }


def test_a_verdict_without_scores_counts_by_its_ranking():
    [row] = rows_of("ultrafeedback", conversation(turns=1, candidates=3))
    assert [one["scores"] for one in row["completions"]] == [[5.0, 5.0], [3.0, 3.0], [1.0, 1.0]]


def test_a_message_with_three_pairs_is_one_list():
    assert [row["turn"] for row in rows_of("ultrafeedback", conversation(turns=2, candidates=3))] == [1, 2]


def test_beliefs_have_the_conversation_what_it_reveals_with_quotes_and_the_true_persona():
    tree = conversation(turns=2)
    first, second = rows_of("beliefs", tree)
    assert first["inferences"] == first["revealed"] == []
    assert [message["role"] for message in second["messages"]] == ["user", "assistant", "user"]
    assert second["inferences"][0] == {
        "fact": "She repairs organs",
        "quote": "my day 2 at the organ",
        "kind": "profile",
        "sure": "high",
    }
    assert second["inferences"][0]["quote"] in second["messages"][-1]["content"]
    assert second.items() >= person(PERSONA).items()


def test_revealed_are_the_lines_of_the_persona_that_an_inference_covers():
    [_, row] = rows_of("beliefs", conversation(turns=2))
    assert row["revealed"] == ["She repairs church organs.", "blunt"]


def test_a_wrong_inference_reveals_no_line():
    tree = conversation(turns=1)
    wrong = Inference(fact="He keeps bees", quote="organ", kind="profile")
    [belief] = tree.beliefs
    tree = tree.model_copy(update={"beliefs": (belief.model_copy(update={"inferences": (wrong,)}),)})
    assert rows_of("beliefs", tree)[0]["revealed"] == []


def test_the_first_half_of_a_persona_s_turns_supports_the_second():
    rows = rows_of("per-user", conversation(turns=5, candidates=3))
    assert [(row["turn"], row["part"]) for row in rows[::3]] == [
        *[(1, "support"), (2, "support")],
        *[(3, "query"), (4, "query"), (5, "query")],
    ]
    assert {row["persona"] for row in rows} == {"p1"}
    assert len(rows) == 15


def test_later_sessions_are_queries_only():
    tree = conversation(turns=4).model_copy(update={"session": 1, "id": "t1.s1"})
    assert {(row["part"], row["session"]) for row in rows_of("per-user", tree)} == {("query", 1)}


def test_the_parts_are_those_of_the_pairs_that_are_exported():
    tree = conversation(turns=4)
    late = [pair for pair in pairs_of(tree)[0] if pair.turn > 2]
    assert [row["part"] for row in rows_of("per-user", tree, pairs=late)] == ["support", "query"]
