"""A verdict is read in any plain form, and in no other."""

from __future__ import annotations

import orjson
import pytest

from personagen.agents import judge
from personagen.agents import replies as parse
from personagen.errors import ReplyError


def ranking(text, labels, lines=0):
    return parse.parsed(judge.Ranking, text, labels=labels, lines=lines)


def verdict(lines=6, **said):
    return ranking(orjson.dumps({"ranking": "A, B", **said}).decode(), "AB", lines)


def test_a_ranking_must_hold_every_label_once():
    found = ranking('{"ranking": ["B", "A"], "tie": false, "reason": "r"}', "AB")
    assert found == judge.Ranking(ranking=("B", "A"), tie=False, reason="r")
    for bad in (["A", "A"], ["A", "C"], "AB", None, "A better reply", [], "", 3, ["A", ["B"]]):
        with pytest.raises(ReplyError, match="order of A, B"):
            ranking(orjson.dumps({"ranking": bad}).decode(), "AB")
    with pytest.raises(ReplyError, match="order of A, B, C"):
        ranking('{"ranking": "B"}', "ABC")


@pytest.mark.parametrize("tie", [False, None, "null", "None", "", 0])
def test_no_tie_is_read_in_any_plain_form(tie):
    assert not ranking(orjson.dumps({"ranking": "B, A", "tie": tie}).decode(), "AB").tie


@pytest.mark.parametrize(
    "form",
    [
        "B, A",
        "b,a",
        "B > A",
        "Reply B, Reply A",
        "B",
        ["b", "a"],
        ["Reply B", "Reply A"],
        ["B"],
        ["B > A"],
        "1. B 2. A",
    ],
)
def test_a_ranking_is_read_in_any_plain_form(form):
    found = ranking(orjson.dumps({"ranking": form, "tie": None}).decode(), "AB")
    assert found.ranking == ("B", "A")
    assert not found.tie


@pytest.mark.parametrize(
    "form",
    ["A < B", "A <- B", "A/B", "A|B", "A != B", "A, not B", "A: 2, B: 1", "A (7/10), B (9/10)", "2. A, 1. B", "A?"],
)
def test_a_ranking_that_may_mean_another_order_is_refused(form):
    with pytest.raises(ReplyError, match="order of A, B"):
        ranking(orjson.dumps({"ranking": form}).decode(), "AB")


@pytest.mark.parametrize(
    "reply",
    [
        {"ranking": "tie"},
        {"ranking": "A = B"},
        {"ranking": "A ~ B"},
        {"ranking": "A, B", "tie": "true"},
        {"tie": True},
        {"ranking": [], "tie": 1},
    ],
)
def test_a_tie_is_read_in_any_plain_form(reply):
    found = ranking(orjson.dumps(reply).decode(), "AB")
    assert found.tie
    assert found.ranking == ("A", "B")


def test_a_tie_that_is_neither_true_nor_false_is_refused():
    with pytest.raises(ReplyError, match="neither true nor false"):
        ranking('{"ranking": "A, B", "tie": "perhaps"}', "AB")


def test_the_schema_of_a_verdict_lists_every_order_and_the_tie():
    assert judge.ranking_schema("AB")["properties"]["ranking"]["enum"] == ["A, B", "B, A", "tie"]
    assert len(judge.ranking_schema("ABC")["properties"]["ranking"]["enum"]) == 7
    many = judge.ranking_schema("ABCDE")["properties"]
    assert many["ranking"]["maxItems"] == many["ranking"]["minItems"] == 5
    assert many["tie"] == {"type": "boolean"}


def test_the_schema_of_a_verdict_leaves_nothing_open_but_the_reason():
    made = judge.ranking_schema("ABC", 4)
    assert list(made["properties"]) == ["reason", "because", "scores", "confidence", "ranking"]
    assert judge.ranking_schema("AB", 19)["properties"]["because"]["maxItems"] == 4
    assert made["properties"]["because"] == {
        "type": "array",
        "items": {"type": "integer", "enum": [1, 2, 3, 4]},
        "maxItems": 4,
    }
    scores = made["properties"]["scores"]
    assert list(scores["properties"]) == scores["required"] == ["A", "B", "C"]
    assert not scores["additionalProperties"]
    assert {str(mark) for mark in scores["properties"].values()} == {str(made["properties"]["confidence"])}
    assert made["properties"]["confidence"] == {"type": "integer", "enum": [1, 2, 3, 4, 5]}


def test_where_nothing_is_known_about_the_user_there_are_no_lines_to_name():
    assert list(judge.ranking_schema("AB")["properties"]) == ["reason", "scores", "confidence", "ranking"]


@pytest.mark.parametrize(
    "scores",
    [
        {"A": 4, "B": 2},
        {"B": 2, "A": 4},
        {"a": 4.0, "b": "2"},
        {"Reply A": "4/5", "Reply B": "2 out of 5"},
        {"A": "four", "B": "Two."},
        {"A": 3.6, "B": "1,9"},
        [4, 2],
        ["4/5", "2/5"],
    ],
)
def test_scores_are_read_in_any_plain_form(scores):
    assert verdict(scores=scores).scores == (4, 2)


@pytest.mark.parametrize(
    "scores",
    [
        {"A": 4},
        [4],
        [4, 2, 3],
        {"A": 4, "B": 0},
        {"A": 4, "B": 8},
        {"A": "4/10", "B": "2/10"},
        "4, 2",
        {"A": True, "B": 2},
        {"A": 4, "B": "good"},
        {"A": 4, "C": 2},
        {},
        None,
        4,
    ],
)
def test_scores_that_are_not_plain_are_missing_and_the_ranking_counts(scores):
    found = verdict(scores=scores)
    assert (found.scores, found.ranking) == ((), ("A", "B"))


@pytest.mark.parametrize(
    ("said", "read"), [(4, 4), ("4", 4), ("4/5", 4), ("four", 4), (3.5, 4), (None, 0), (9, 0), ("sure", 0)]
)
def test_confidence_is_read_in_any_plain_form_or_missing(said, read):
    assert verdict(confidence=said).confidence == read


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ([1, 4], (1, 4)),
        ([4, 1, 4], (1, 4)),
        (["1", "[4]"], (1, 4)),
        (["line 1", "(4)"], (1, 4)),
        ("1, 4", (1, 4)),
        (4, (4,)),
        ([1, 9], (1,)),
        ([], ()),
        ("", ()),
        ("none", ()),
    ],
)
def test_grounds_are_read_in_any_plain_form(said, read):
    assert verdict(because=said).because == read


@pytest.mark.parametrize("said", [None, {"1": True}, "they like it short", [9], [0, -3], True])
def test_grounds_that_name_no_line_are_missing_rather_than_none_needed(said):
    assert verdict(because=said).because is None
    assert verdict(lines=0, because=[1]).because is None


def test_a_verdict_in_the_old_form_has_no_scores_and_no_grounds():
    assert verdict(tie=False, reason="r") == judge.Ranking(reason="r", ranking=("A", "B"))
