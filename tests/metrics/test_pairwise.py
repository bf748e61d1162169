"""The accuracy of a reward model on pairs, overall and by kind."""

from __future__ import annotations

from personagen.metrics.pairwise import Rewarded, accuracy, by_group, by_kind, by_turn, hard_margin


def pair(chosen=1.0, rejected=0.0, persona="a", turn=1, **more):
    return Rewarded(persona=persona, turn=turn, chosen=chosen, rejected=rejected, **more)


def test_a_tie_counts_half():
    found = accuracy([pair(1, 0), pair(0, 0), pair(0, 1), pair(2, 1)])
    assert found is not None
    assert (found.value, found.pairs, found.personas) == (0.625, 4, 1)


def test_without_a_pair_there_is_no_accuracy():
    assert accuracy([]) is None


def test_the_interval_resamples_personas_and_not_pairs():
    right, wrong = [pair(1, 0, "right") for _ in range(200)], [pair(0, 1, "wrong") for _ in range(200)]
    found = accuracy([*right, *wrong])
    assert found is not None
    assert (found.low, found.value, found.high) == (0.0, 0.5, 1.0)


def test_a_third_of_the_pairs_or_more_are_hard():
    assert hard_margin([pair(margin=m) for m in (0, 1, 2, 3, 4, 5)]) == 1
    assert hard_margin([pair(margin=m) for m in (0, 1, 1, 1, 2, 3, 4)]) == 1
    assert hard_margin([pair(margin=None), *(pair(margin=m) for m in (1, 2, 3))]) == 1


def test_where_all_margins_are_equal_no_pair_is_hard():
    equal = [pair(margin=0.0), pair(margin=0.0)]
    assert hard_margin(equal) is None
    assert hard_margin([]) is None
    assert not {"hard", "easy"} & by_kind(equal).keys()


def test_kinds_hold_their_pairs_and_what_is_unknown_is_in_no_kind():
    found = by_kind(
        [
            pair(1, 0, personal=True, knowable=False, margin=4.0),
            pair(0, 1, personal=False, knowable=True, margin=1.0, twin=True),
            pair(1, 0, margin=3.0),
        ]
    )
    assert {name: (one.value, one.pairs) for name, one in found.items()} == {
        "personal": (1.0, 1),
        "shared": (0.0, 1),
        "hard": (0.0, 1),
        "easy": (1.0, 2),
        "knowable": (0.0, 1),
        "unknowable": (1.0, 1),
        "twin": (0.0, 1),
    }


def test_turns_are_apart_and_in_order():
    found = by_turn([pair(0, 1, turn=10), pair(1, 0, turn=2), pair(1, 0, turn=10)])
    assert [(turn, one.value) for turn, one in found.items()] == [(2, 1.0), (10, 0.5)]


def test_a_group_takes_five_personas():
    four = [pair(persona=f"p{n}", groups=frozenset({"city: Ghent"})) for n in range(4)]
    assert by_group([*four, pair(persona="p0", groups=frozenset({"city: Ghent"}))]) == {}
    found = by_group([*four, pair(0, 1, persona="p4", groups=frozenset({"city: Ghent", "age: 30 to 49"}))])
    assert {name: (one.value, one.personas) for name, one in found.items()} == {"city: Ghent": (0.8, 5)}
