"""Conditions on pairs."""

from __future__ import annotations

import pytest

from personagen.errors import UsageError
from personagen.pairs import pairs_of
from personagen.where import where
from tests.trees import PERSONA, conversation

PAIR = pairs_of(conversation(turns=2))[0][1].model_copy(
    update={"margin": 1.5, "personal": True, "knowable": False, "pooled": "rejected"}
)

ATTRIBUTES = {"age": 61, "city": "Porto", "home town": "Vila Real"}
KNOWN = PAIR.model_copy(update={"attributes": ATTRIBUTES, "scores": {"leak": 0.1}})
SOMEBODY = PERSONA.model_copy(update={"attributes": ATTRIBUTES, "traits": ("blunt", "a bit stubborn")})


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


def test_a_pair_with_a_twin_is_picked_by_that():
    linked = PAIR.model_copy(update={"twin": "t.twin/0.0.0"})
    assert [where(["twin"])(pair) for pair in (linked, PAIR)] == [True, False]
    assert [where(["not-twin and personal"])(pair) for pair in (linked, PAIR)] == [False, True]


def test_all_conditions_must_hold():
    assert where(["personal", "margin>1"])(PAIR)
    assert not where(["personal", "margin>2"])(PAIR)
    assert where([])(PAIR)


@pytest.mark.parametrize(
    "text",
    [
        "margin >= 1 and personal",
        "knowable or personal",
        "knowable or margin > 1 and personal",
        "not knowable",
        "not (knowable or turn > 2)",
        "(margin<1 or personal) and not margin < 1",
        "NOT knowable AND personal",
        "attribute.age >= 60 and attribute.city = Porto",
        "attribute.age = 61",
        "attribute.age == 61 and margin == 1.5",
        "attribute.age >= '60'",
        "attribute.age != 60",
        "\"attribute.home town\" = 'Vila Real'",
        "score.leak <= 0.2",
        "trait = blunt and not trait = shy",
        "trait = pig-headed",
        "chosen_agent != plain and persona = p1 and tree = t1",
    ],
)
def test_conditions_are_joined_and_negated(text):
    assert where([text])(KNOWN, SOMEBODY)


@pytest.mark.parametrize(
    "text",
    [
        "knowable and personal",
        "knowable or not personal",
        "(knowable or personal) and turn > 2",
        "knowable and margin > 1 or turn > 2",
        "not personal",
        "attribute.age > 61",
        "attribute.city > 3",
        "attribute.city = Lisbon",
        "trait != blunt",
    ],
)
def test_joined_conditions_that_do_not_hold(text):
    assert not where([text])(KNOWN, SOMEBODY)


@pytest.mark.parametrize("text", ["generic", "attribute.job = baker", "score.dump > 0", "trait = blunt"])
def test_neither_what_is_not_known_nor_its_opposite_holds(text):
    assert not where([text])(KNOWN)
    assert not where([f"not ({text})"])(KNOWN)
    assert not where([f"{text} and personal"])(KNOWN)
    assert where([f"{text} or personal"])(KNOWN)
    assert where([f"not ({text} and knowable)"])(KNOWN)
    assert not where([f"not ({text} and personal)"])(KNOWN)


@pytest.mark.parametrize(
    "text", ["", "nice", "margin", "margin>=much", "pooled>chosen", "prompt=x", "not-margin", "a>b>c", "score.=", "="]
)
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(UsageError, match="--where"):
        where([text])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("margin >= 1 an personal", "at character 13, 'an': write and, or, or nothing more"),
        ("personal and", "at its end: choose personal"),
        ("personal and nice", "at character 14, 'nice': choose personal"),
        ("not (personal or knowable", "at character 5, '(': this parenthesis is not closed"),
        ("personal)", "at character 9, ')': write and, or, or nothing more"),
        ("margin >= big", "at character 11, 'big': margin is compared with a number"),
        ("margin >=", "at its end: give a value that margin is compared with"),
        ("margin 3", "at character 8, '3': compare margin with >=, <=, !=, =, >, < and a value"),
        ("pooled > chosen", "at character 8, '>': compare pooled with =, != and a value"),
        ("personal & knowable", "at character 10, '&': write and, or, or nothing more"),
        ("chosen_agent = 'aware", 'at character 16, "\'aware": no word, number or sign begins here'),
        ("margin >= nan", "at character 11, 'nan': margin is compared with a number"),
        ("attribute.city > Lisbon", "at character 18, 'Lisbon': attribute.city is compared by its size with a number"),
        ("pooled = none", "at character 10, 'none': pooled is chosen, rejected or tie"),
        ("attribute. = 1", "at character 1, 'attribute.': choose personal"),
        ("score. > 1", "at character 1, 'score.': choose personal"),
        ("or personal", "at character 1, 'or': choose personal"),
    ],
)
def test_an_error_names_the_place(text, said):
    with pytest.raises(UsageError) as error:
        where([text])
    assert str(error.value).startswith(f"--where {text}: {said}")


@pytest.mark.parametrize("text", ["(" * 500 + "personal" + ")" * 500, "not " * 500 + "personal"])
def test_a_condition_is_not_nested_without_end(text):
    with pytest.raises(UsageError, match="nested more than 100 deep"):
        where([text])


def test_a_condition_says_which_attributes_and_scores_it_compares():
    assert where(["attribute.age > 3 or score.leak = 0", "personal"]).names == {"attribute.age", "score.leak"}


def test_a_condition_says_whether_it_asks_about_the_pair_or_the_persona():
    assert [where([text]).persona for text in ("trait = shy", "attribute.age > 3", "personal")] == [True, False, False]
    assert [where([text]).pair for text in ("trait = shy", "attribute.age > 3", "personal")] == [False, False, True]
    assert where(["attribute.age > 60 and trait = blunt"]).holds_for(SOMEBODY)
    assert not where(["attribute.age > 61"]).holds_for(SOMEBODY)
