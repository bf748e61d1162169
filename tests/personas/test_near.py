"""Near sets, found among many: exactly those that a comparison of each with each finds."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from personagen.personas.filters import Rules, candidate, duplicates
from personagen.personas.near import RULES, NearSets, Repeats, root_of, trait_list, wording
from personagen.personas.pool import start
from personagen.records import Description

SETS = st.lists(st.frozensets(st.integers(0, 9), max_size=6), max_size=9)


def groups(links: list[list[int]]) -> list[int]:
    top = list(range(len(links)))
    for number, others in enumerate(links):
        for other in others:
            top[root_of(top, number)] = root_of(top, other)
    roots = [root_of(top, number) for number in range(len(top))]
    return [roots.index(root) for root in roots]


@settings(deadline=None, max_examples=200)
@given(SETS, st.sampled_from([0.5, 0.6, 0.75, 1.0]))
def test_the_groups_are_those_of_comparing_each_with_each(sets: list[frozenset[int]], threshold: float):
    near: list[list[int]] = [[] for _ in sets]
    for one, other in combinations(range(len(sets)), 2):
        if sets[one] and len(sets[one] & sets[other]) >= threshold * len(sets[one] | sets[other]) - 1e-9:
            near[other].append(one)
    found = NearSets(threshold)
    for one in sets:
        found.add(one)
    links = found.links()
    assert groups(links) == groups(near)
    assert sum(map(len, links)) == len(sets) - len(set(groups(near)))
    assert all(other in near[number] for number, others in enumerate(links) for other in others)


@settings(deadline=None)
@given(SETS, st.integers(0, 9))
def test_links_do_not_depend_on_what_is_added_later(sets: list[frozenset[int]], first: int):
    whole, part = NearSets(0.6), NearSets(0.6)
    for number, one in enumerate(sets):
        whole.add(one)
        if number < first:
            part.add(one)
    assert whole.links()[:first] == part.links()


def test_a_repeat_is_what_the_filter_of_the_pool_calls_one():
    import numpy as np

    text = "Marta, 61, repairs church organs in Porto and sings in a choir on Sundays with her sister."
    same = "Ines, 44, repairs church organs in Porto and sings in a choir on Sundays with her sister."
    other = "Rui drives a night bus in Braga, keeps three cats and plays chess by mail."
    found = Repeats(RULES.duplicate, wording)
    assert [found.number(one) for one in (text, same, other, text)] == [0, 1, 2, 0]
    assert found.links() == [[], [0], []]
    described = [Description(id=one[:4], kind="profile", text=one) for one in (text, same, other)]
    view = start(described[:1], np.ones((1, 1), np.float32), Rules())
    refused = [duplicates(candidate(one, "x", np.ones(1, np.float32)), view) is not None for one in described[1:]]
    assert refused == [True, False]


def test_a_trait_list_is_in_the_words_of_the_lexicon_or_else_the_personality():
    assert trait_list(["pig-headed", "Blunt"], "x") == trait_list(["blunt", "stubborn"], "y")
    assert trait_list([], "She is odd.") == {"She is odd."}
    assert trait_list([], "") == frozenset()
