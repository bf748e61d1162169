"""Conditions on pairs."""

from __future__ import annotations

import pytest

from personagen.errors import UsageError
from personagen.pairs import pairs_of
from personagen.where import where
from tests.trees import conversation

PAIR = pairs_of(conversation(turns=2))[0][1].model_copy(
    update={"margin": 1.5, "personal": True, "knowable": False, "pooled": "rejected"}
)


@pytest.mark.parametrize(
    "text",
    ["personal", "not-knowable", "margin>=1.5", "margin > 1", "margin=1.5", "margin<2", "turn<=2", "pooled=rejected"],
)
def test_a_condition_that_holds(text):
    assert where([text])(PAIR)
    assert where(["chosen_agent=aware"])(PAIR)


@pytest.mark.parametrize(
    "text",
    ["not-personal", "knowable", "margin>=2", "margin<1.5", "turn>2", "pooled=chosen", "chosen_agent=plain"],
)
def test_a_condition_that_does_not_hold(text):
    assert not where([text])(PAIR)


@pytest.mark.parametrize("text", ["generic", "not-generic", "confidence<9", "flip_share>=0", "leaking"])
def test_what_is_not_known_meets_no_condition(text):
    assert not where([text])(PAIR.model_copy(update={"leaking": None}))


def test_all_conditions_must_hold():
    assert where(["personal", "margin>1"])(PAIR)
    assert not where(["personal", "margin>2"])(PAIR)
    assert where([])(PAIR)


@pytest.mark.parametrize(
    "text", ["", "nice", "margin", "margin>=much", "pooled>chosen", "prompt=x", "not-margin", "a>b>c"]
)
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(UsageError, match="--where"):
        where([text])
