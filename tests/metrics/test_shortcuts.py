"""Rules that know nothing of the user, on pairs whose answer is planted."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from personagen.metrics.linear import folds_of, held_out, of_numbers, of_words
from personagen.metrics.shortcuts import MIN_PAIRS, Compared, groups_of, shortcuts

WORDS = [f"{a}{b}" for a in "bdfgklmnprstvz" for b in ("ala", "omu", "eni", "iko", "uze")]


def text(rng: Random, words: int) -> str:
    return " ".join(rng.choices(WORDS, k=words))


def pairs(count: int, planted, seed: int = 0) -> list[Compared]:
    """``count`` pairs of 20 users; ``planted(rng)`` gives the texts, the candidates and the description."""
    rng = Random(seed)
    return [Compared(*planted(rng), user=f"u{number % 20}", group=f"g{number % 20}") for number in range(count)]


def neutral(rng: Random) -> tuple[str, str, tuple[str, str], str]:
    agents = rng.choice([("aware", "plain"), ("plain", "aware")])
    return text(rng, rng.randint(20, 40)), text(rng, rng.randint(20, 40)), agents, text(rng, 30)


def test_nothing_is_told_by_a_rule_where_nothing_is_planted():
    for name, found in shortcuts(pairs(1500, neutral)).items():
        assert 0.44 < found.value < 0.56, name
        assert found.low < 0.5 < found.high or abs(found.value - 0.5) < 0.05


def test_the_longer_reply_is_found_and_so_are_length_and_format():
    def planted(rng):
        chosen, rejected, agents, about = neutral(rng)
        return (chosen + text(rng, 30) if rng.random() < 0.8 else chosen), rejected, agents, about

    found = shortcuts(pairs(1000, planted))
    assert found["longer"].value == pytest.approx(0.9, abs=0.05)
    assert found["length_and_format"].value > 0.85
    assert found["longer"].low < 0.9 < found["longer"].high + 0.05
    assert found["aware"].value < 0.58


def test_a_telling_word_is_found_by_the_bag_of_words_only():
    def planted(rng):
        chosen, rejected, agents, about = neutral(rng)
        mark = rng.random() < 0.9
        length = min(len(chosen), len(rejected))
        return f"{chosen[:length]}{' sunny' if mark else ' cloud'}", f"{rejected[:length]} cloud", agents, about

    found = shortcuts(pairs(1000, planted))
    assert found["bag_of_words"].value > 0.85
    assert found["length_and_format"].value < 0.65


def test_format_is_more_than_length():
    def planted(rng):
        chosen, rejected, agents, about = neutral(rng)
        return f"- {chosen}\n- so", f"x {rejected} y so", agents, about

    assert shortcuts(pairs(400, planted))["length_and_format"].value > 0.95


def test_a_recital_of_the_description_is_counted_by_runs_of_three_words():
    def planted(rng):
        chosen, rejected, agents, about = neutral(rng)
        if rng.random() < 0.5:
            return chosen, rejected, agents, about
        told = " ".join(about.split()[4:9])
        return f"{chosen} {told}", f"{rejected} {' '.join(reversed(told.split()))}", agents, about

    found = shortcuts(pairs(1000, planted))["recites"]
    assert found.value > 0.98
    assert found.pairs == pytest.approx(500, abs=60)


def test_aware_counts_only_where_an_aware_reply_met_a_plain_one():
    def planted(rng):
        chosen, rejected, _, about = neutral(rng)
        return chosen, rejected, rng.choice([("aware", "plain"), ("aware", "near"), ("mine:own", "plain")]), about

    found = shortcuts(pairs(900, planted))
    assert found["aware"].value == 1.0
    assert found["aware"].pairs == pytest.approx(300, abs=60)


def test_aware_is_told_from_plain_by_its_words_whoever_was_chosen():
    def planted(rng):
        chosen, rejected, agents, about = neutral(rng)
        marks = {"aware": "sunny", "plain": "cloud"}
        return f"{chosen} {marks[agents[0]]}", f"{rejected} {marks[agents[1]]}", agents, about

    found = shortcuts(pairs(800, planted))
    assert found["aware_from_plain"].value > 0.95
    assert found["bag_of_words"].value < 0.6


def test_a_word_of_one_group_of_users_is_no_shortcut_for_the_others():
    """Each user likes a word of their own, which is learned only if pairs of one user are on both sides."""
    rng = Random(3)
    made = [
        Compared(
            f"{text(rng, 20)} likes{n % 40}", f"{text(rng, 20)} hates{n % 40}", ("a", "b"), "", f"u{n}", f"g{n % 40}"
        )
        for n in range(1000)
    ]
    assert shortcuts(made)["bag_of_words"].value < 0.56
    mixed = [Compared(p.chosen, p.rejected, p.agents, p.about, p.user, f"g{n}") for n, p in enumerate(made)]
    assert shortcuts(mixed)["bag_of_words"].value > 0.7


@pytest.mark.parametrize(
    ("count", "groups", "names"),
    [(MIN_PAIRS - 1, 20, set()), (400, 4, {"longer", "aware"}), (0, 1, set())],
)
def test_too_few_pairs_or_users_say_nothing(count, groups, names):
    agents = ("aware", "plain")
    made = [Compared("long enough", "short", agents, "", f"u{n % 20}", f"g{n % groups}") for n in range(count)]
    assert shortcuts(made).keys() == names


def test_users_who_share_a_list_or_a_profile_by_way_of_others_are_one_group():
    users = {"a": [("traits", "x")], "b": [("traits", "x"), ("profile", "y")], "c": [("profile", "y")], "d": []}
    groups = groups_of(users)
    assert groups["a"] == groups["b"] == groups["c"] != groups["d"]


def test_a_group_is_in_one_fold_and_folds_are_about_equally_large():
    groups = [f"g{n}" for n in range(50) for _ in range(1 + n % 7)]
    folds = folds_of(groups)
    assert all(len({fold for fold, one in zip(folds, groups, strict=True) if one == group}) == 1 for group in groups)
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 7


def test_turned_rows_are_those_of_the_swapped_texts():
    ones, others = ["aa bb cc dd"] * 5 + ["ee ff"] * 5, ["aa bb"] * 5 + ["gg hh"] * 5
    signs = [1, -1, 0, 1, -1] * 2
    turned = of_words(ones, others).turned(signs)
    swapped = [(a, b) if sign > 0 else (b, a) for a, b, sign in zip(ones, others, signs, strict=True)]
    whole = of_words(*map(list, zip(*swapped, strict=True))).turned([abs(sign) for sign in signs])
    weights = np.arange(turned.shape[1], dtype=float)
    assert turned.shape == whole.shape == (8, 10)
    assert np.allclose(turned.times(weights), whole.times(weights))


def test_swapping_the_texts_of_every_pair_changes_no_accuracy():
    rng = Random(5)
    ones = [[rng.random(), rng.random()] for _ in range(200)]
    others = [[rng.random() - 0.3, rng.random()] for _ in range(200)]
    groups = [f"g{n % 10}" for n in range(200)]
    forth, back = held_out(of_numbers(ones, others), groups), held_out(of_numbers(others, ones), groups)
    assert forth.mean() == back.mean() > 0.6


def test_texts_without_a_word_in_common_use_are_undecided():
    made = of_words(["only"] * 2 + [""] * 8, ["once"] * 2 + [""] * 8)
    assert held_out(made, [f"g{n}" for n in range(10)]).tolist() == [0.5] * 10
