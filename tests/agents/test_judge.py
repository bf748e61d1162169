"""A verdict is read in any plain form, and in no other."""

from __future__ import annotations

import orjson
import pytest

from personagen.agents import judge
from personagen.agents import replies as parse
from personagen.errors import ReplyError


def ranking(text, labels):
    return parse.parsed(judge.Ranking, text, labels=labels)


def test_a_ranking_must_hold_every_label_once():
    verdict = ranking('{"ranking": ["B", "A"], "tie": false, "reason": "r"}', "AB")
    assert verdict == judge.Ranking(ranking=("B", "A"), tie=False, reason="r")
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
    verdict = ranking(orjson.dumps({"ranking": form, "tie": None}).decode(), "AB")
    assert verdict.ranking == ("B", "A")
    assert not verdict.tie


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
    verdict = ranking(orjson.dumps(reply).decode(), "AB")
    assert verdict.tie
    assert verdict.ranking == ("A", "B")


def test_a_tie_that_is_neither_true_nor_false_is_refused():
    with pytest.raises(ReplyError, match="neither true nor false"):
        ranking('{"ranking": "A, B", "tie": "perhaps"}', "AB")


def test_the_schema_of_a_verdict_lists_every_order_and_the_tie():
    assert judge.ranking_schema("AB")["properties"]["ranking"]["enum"] == ["A, B", "B, A", "tie"]
    assert len(judge.ranking_schema("ABC")["properties"]["ranking"]["enum"]) == 7
    many = judge.ranking_schema("ABCDE")["properties"]
    assert many["ranking"]["maxItems"] == many["ranking"]["minItems"] == 5
    assert many["tie"] == {"type": "boolean"}
