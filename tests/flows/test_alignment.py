"""What is made of ratings: notes on those that are missing from AL(k), and who is served worse."""

from __future__ import annotations

import pytest

from personagen.flows.alignment import missing, rated, results
from personagen.ratings import Rating
from tests.trees import PERSONA

PEOPLE = tuple(f"p{n}" for n in range(20))


def rating(persona, turn, judge="judge", score=3):
    node = ".".join("0" * (2 * turn))
    return Rating(
        tree=f"{persona}-plain", node=node, turn=turn, persona=persona, condition="plain", score=score, judge=judge
    )


def notes(ratings, *more):
    return missing(rated(ratings, PEOPLE, 2), ("judge", *more))


def test_one_rating_of_many_may_be_missing_without_a_note():
    assert notes([rating(who, turn) for who in PEOPLE for turn in (1, 2)][:-1]) == ()


def test_turns_with_fewer_people_are_said():
    [note] = notes([rating(who, turn) for who in PEOPLE for turn in (1, 2) if turn == 1 or who < "p17"])
    assert note.startswith("AL(2) plain is the mean of 9 personas, AL(1) of 20: the slope compares different people")


def test_a_turn_without_a_rating_is_said():
    [note] = notes([rating(who, 1) for who in PEOPLE])
    assert note == "no reply plain at turn 2 has a rating, so there is no average and no slope"


def test_a_judge_of_a_panel_with_fewer_ratings_is_said():
    first = [rating(who, turn) for who in PEOPLE for turn in (1, 2)]
    second = [rating(who, turn, "judge-2") for who in PEOPLE[:10] for turn in (1, 2)]
    assert notes([*first, *second], "judge-2", "judge-3") == (
        "judge-2 rated 20 replies and another judge 40: not every mean is of the same judges",
        "judge-3 rated 0 replies and another judge 40: not every mean is of the same judges",
    )


@pytest.mark.parametrize(("shift_at", "gap"), [(0, 0.0), (2, 2.0)])
def test_who_is_served_worse_is_of_the_turns_before_a_shift(shift_at, gap):
    # The blunt are served better in turn 1, and worse in turn 2.
    people = [PERSONA.model_copy(update={"id": who, "traits": ("blunt",) if who < "p15" else ()}) for who in PEOPLE]
    blunt = {one.id for one in people if one.traits}
    given = [rating(who, turn, score=4 if (who in blunt) == (turn == 1) else 2) for who in PEOPLE for turn in (1, 2)]
    found = results(rated(given, PEOPLE, 2), people, {"shift_at": shift_at})
    assert found["groups"]["trait"]["blunt"]["gap"]["value"] == gap
