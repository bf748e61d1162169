"""Splits by cluster: who is never on both sides, shares, and what happens as a run grows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from personagen.errors import CorruptError, UsageError
from personagen.records import ConversationTree, Persona, Twin
from personagen.splits import crossings, split_of
from tests.cli.runs import simulated
from tests.trees import PERSONA, conversation

SHARES = {"train": 0.7, "test": 0.3}
WORDS = "amber birch cedar delta ember fjord grove heath islet jetty knoll ledge marsh nook orchid plume".split()


def person(number: int, **changes: object) -> Persona:
    """Somebody who has no three words in a row with another, and other traits."""
    words = [f"{WORDS[(number + step) % len(WORDS)]}{number}" for step in range(8)]
    known = {"id": f"p{number}", "profile": " ".join(words), "personality": f"is {words[0]} and {words[1]}"}
    return PERSONA.model_copy(update={**known, "traits": tuple(words[:3]), **changes})


def tree(number: int, persona: Persona | None = None, **changes: object) -> ConversationTree:
    told = conversation(turns=1, id=f"t{number}")
    return told.model_copy(update={"persona": persona or person(number), **changes})


def run_of(folder: Path, trees: Sequence[ConversationTree]) -> Path:
    return simulated(folder, trees)


def twin(number: int, of: str) -> ConversationTree:
    told = conversation(turns=1)
    answered = Twin(tree=of, node="0", message="And?", replies=told.nodes[1:])
    return tree(number, id=f"{of}.t", twin=answered)


LINKED = {
    "the same persona": lambda n: tree(90, person(n)),
    "the same profile": lambda n: tree(90, person(90, profile=person(n).profile)),
    "a repeat of the profile": lambda n: tree(90, person(90, profile=f"{person(n).profile} too")),
    "the same traits in another order": lambda n: tree(90, person(90, traits=person(n).traits[::-1])),
    "the same personality": lambda n: tree(90, person(90, personality=person(n).personality, traits=())),
    "a twin": lambda n: twin(90, f"t{n}"),
    "a later conversation with a changed trait": lambda n: tree(90, id=f"t{n}.s1", session=1, changed="a -> b"),
}


@pytest.mark.parametrize("what", LINKED)
def test_trees_that_are_linked_are_in_one_split(tmp_path: Path, what: str):
    trees = [tree(number) for number in range(20)]
    split = split_of(run_of(tmp_path / "run", trees), SHARES)
    for side in SHARES:
        number = next(n for n in range(20) if split[f"t{n}"] == side)
        linked = LINKED[what](number)
        run = run_of(tmp_path / side, [*trees, linked])
        found = split_of(run, SHARES)
        assert found[linked.id] == side
        assert not crossings(run, found)
        other = next(name for name in SHARES if name != side)
        assert crossings(run, {**found, linked.id: other})


def test_people_who_have_nothing_in_common_are_not_linked(tmp_path: Path):
    run = run_of(tmp_path / "run", [tree(number) for number in range(40)])
    assert not crossings(run, {f"t{number}": f"s{number}" for number in range(40)})


@pytest.mark.parametrize("shares", [SHARES, {"train": 0.9, "test": 0.1}, {"a": 0.5, "b": 0.3, "c": 0.2}])
def test_shares_are_met_as_nearly_as_clusters_allow(tmp_path: Path, shares: dict[str, float]):
    run = run_of(tmp_path / "run", [tree(number) for number in range(60)])
    sizes = Counter(split_of(run, shares).values())
    assert all(abs(sizes[name] - 60 * share) < 2 for name, share in shares.items())


def test_trees_of_clusters_that_joined_count_where_they_are_now(tmp_path: Path):
    trees = [tree(number) for number in range(20)]
    before = split_of(run_of(tmp_path / "before", trees), SHARES)
    last = max(number for number in range(20) if before[f"t{number}"] == "test")
    hub = [tree(90 + n, person(90 + n, profile=person(n).profile, traits=person(last).traits)) for n in range(last)]
    run = run_of(tmp_path / "run", [*trees, *hub, *(tree(number) for number in range(200, 280))])
    sizes = Counter(split_of(run, SHARES).values())
    assert abs(sizes["test"] - 0.3 * sizes.total()) < 2


def test_a_run_that_grows_keeps_the_split_of_every_tree(tmp_path: Path):
    trees = [tree(number, person(number % 25)) for number in range(50)]
    whole = split_of(run_of(tmp_path / "whole", trees), SHARES)
    for size in (12, 25, 49):
        part = split_of(run_of(tmp_path / str(size), trees[:size]), SHARES)
        assert part == {name: whole[name] for name in part}


def test_a_tree_that_links_two_clusters_moves_the_later_one_and_nothing_else(tmp_path: Path):
    trees = [tree(number) for number in range(20)]
    before = split_of(run_of(tmp_path / "before", trees), SHARES)
    first, later = next((a, b) for a in range(20) for b in range(a, 20) if before[f"t{a}"] != before[f"t{b}"])
    link = tree(90, person(90, profile=person(later).profile, traits=person(first).traits))
    after = split_of(run_of(tmp_path / "after", [*trees, link]), SHARES)
    assert {name for name in before if after[name] != before[name]} == {f"t{later}"}
    assert after[f"t{later}"] == after["t90"] == before[f"t{first}"]


def test_another_seed_draws_other_trees(tmp_path: Path):
    run = run_of(tmp_path / "run", [tree(number) for number in range(30)])
    assert split_of(run, SHARES, seed=1) != split_of(run, SHARES, seed=2)
    assert split_of(run, SHARES, seed=1) == split_of(run, SHARES, seed=1)


def test_whoever_is_held_out_takes_the_whole_cluster_along(tmp_path: Path):
    trees = [tree(number) for number in range(9)]
    trees.append(tree(9, person(9, attributes={"age": 80}, profile=person(2).profile)))
    held = {"old": lambda persona: persona.attributes.get("age", 0) > 70}
    split = split_of(run_of(tmp_path / "run", trees), {}, held)
    assert {name for name, side in split.items() if side == "old"} == {"t2", "t9"}
    assert {side for name, side in split.items() if name not in ("t2", "t9")} == {"train"}


def test_a_split_without_a_tree_is_refused_with_how_many_are_linked(tmp_path: Path):
    run = run_of(tmp_path / "run", [tree(number, person(1)) for number in range(7)])
    with pytest.raises(UsageError, match=r"leaves no tree for \w+: of 7 trees of .* 7 are linked"):
        split_of(run, SHARES)


def test_a_hold_out_of_nobody_is_refused(tmp_path: Path):
    run = run_of(tmp_path / "run", [tree(1), tree(2)])
    with pytest.raises(UsageError, match="the hold-out has no tree for old"):
        split_of(run, {}, {"old": lambda _: False})


def test_a_damaged_tree_is_named(tmp_path: Path):
    run = run_of(tmp_path / "run", [tree(1), tree(2)])
    lines = (run / "trees.jsonl").read_bytes().splitlines(keepends=True)
    (run / "trees.jsonl").write_bytes(lines[0] + b'{"id": "t2"}\n')
    with pytest.raises(CorruptError, match=r"trees\.jsonl:2 is not a ConversationTree"):
        split_of(run, SHARES)
