"""The shapes of planned trees: how many user turns, and which branches continue."""

from __future__ import annotations

from collections import Counter

import pytest

from personagen import tree
from personagen.flows.plan import Plan
from personagen.flows.shape import levels, planned
from tests.fakes import PERSONA


def plan(**changes):
    fields = {"id": "t", "persona": PERSONA, "repeat": 0, "turns": 4, "candidates": 2}
    fields |= {"grow": "coin", "max_nodes": 500, "seed": 1}
    return Plan(**{**fields, **changes})


@pytest.mark.parametrize("turns", [6, 10, 40])
@pytest.mark.parametrize("max_nodes", [150, 500, 2000])
def test_a_capped_tree_uses_its_room_and_its_deepest_branches_began_with_every_reply(turns, max_nodes):
    capped = plan(grow="all", turns=turns, max_nodes=max_nodes)
    places = planned(capped)
    room = max_nodes // 3
    assert len(places) == min(sum(levels(capped)), 2**turns - 1) <= room
    assert len(places) in (2**turns - 1, room, room - 1)
    deepest = [at for at in places if tree.turn(at) == turns]
    if len(deepest) > 20:
        share = sum(at.startswith("0.0.") for at in deepest) / len(deepest)
        assert 0.25 < share < 0.75
    if max_nodes >= 500 or turns == 6:
        assert len(deepest) >= 4


def test_no_branch_of_a_capped_tree_ends_before_the_last_turn_once_the_tree_is_as_wide_as_it_may_be():
    capped = plan(grow="all", turns=10)
    widths, places = levels(capped), planned(capped)
    assert widths == [1, 2, 4, 8, 16, 27, 27, 27, 27, 27]
    for at in (at for at in places if tree.turn(at) < 10):
        assert any(f"{at}.{slot}.0" in places for slot in range(2))
    continued = Counter(tree.parent(at)[-1] for at in places if tree.turn(at) > 6)
    assert abs(continued["0"] - continued["1"]) <= 4  # at most one a level


def test_a_cap_that_fits_one_branch_only_still_reaches_the_last_turn():
    assert levels(plan(grow="all", turns=10, max_nodes=32)) == [1] * 10
    assert levels(plan(grow="best-hard", turns=10, max_nodes=32)) == [1] * 10


@pytest.mark.parametrize("candidates", [2, 3, 5])
@pytest.mark.parametrize("max_nodes", [20, 33, 60, 150])
@pytest.mark.parametrize("turns", [2, 3, 6, 10])
def test_a_cap_leaves_best_hard_equally_many_turns_for_every_seed(turns, max_nodes, candidates):
    size = {"grow": "best-hard", "turns": turns, "max_nodes": max_nodes, "candidates": candidates}
    room = max(turns, min(max_nodes // (1 + candidates), turns + turns * (turns - 1) // 2))
    assert {sum(levels(plan(seed=seed, **size))) for seed in range(20)} == {room}
