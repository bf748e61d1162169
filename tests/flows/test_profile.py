"""Profiles of an export: what a TOML file can say, and what is wrong with one that says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.flows.profile import read_profile

WHOLE = """
hard = ["personal", "margin >= 1 and not leaking"]
soft = ["confidence >= 4"]

[strata]
turn = 200
trait = 30
attribute.gender = 500

[holdout]
older = "attribute.age >= 60 or persona = p9"
"""


def read(tmp_path: Path, text: str):
    file = tmp_path / "profile.toml"
    file.write_text(text)
    return read_profile(file)


def test_a_profile_is_conditions_caps_and_held_out_personas(tmp_path: Path):
    found = read(tmp_path, WHOLE)
    assert [one.text for one in found.hard] == ["personal", "margin >= 1 and not leaking"]
    assert [one.text for one in found.soft] == ["confidence >= 4"]
    assert found.strata == (("turn", 200), ("trait", 30), ("attribute.gender", 500))
    assert [(name, one.text) for name, one in found.holdout] == [("older", "attribute.age >= 60 or persona = p9")]


def test_an_empty_profile_asks_nothing(tmp_path: Path):
    found = read(tmp_path, "")
    assert (found.hard, found.soft, found.strata, found.holdout) == ((), (), (), ())


def test_a_byte_order_mark_is_read_over(tmp_path: Path):
    assert read(tmp_path, '\ufeffhard = ["personal"]').hard[0].text == "personal"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nhard = [", r":2: it is no TOML"),
        ("\n\nhards = []", r":3: hards is nothing that a profile says; choose hard, soft, strata, holdout"),
        ('hard = "personal"', r":1: hard is no list of conditions"),
        ('soft = [\n  "margin >= 1",\n  "nice",\n]', r":3: soft nice: at character 1, 'nice': choose personal"),
        ("strata = 3", r":1: strata is no table: write \[strata\]"),
        ("[strata]\nmood = 3", r":2: pairs are not counted by mood; choose margin"),
        ("[strata]\nturn = 0", r":2: the most pairs of one turn is 0: give a whole number from 1 up"),
        ("[strata]\nturn = true", r":2: the most pairs of one turn is True"),
        ('[holdout]\n"a b" = "trait = shy"', r":2: 'a b' can't name a split"),
        ('[holdout]\nall = "trait = shy"', r":2: 'all' can't name a split"),
        ("[holdout]\nold = 60", r":2: old is no condition: write old = "),
        ('[holdout]\nold = "margin > 1"', r":2: old holds out personas: ask for persona, trait or attribute.NAME only"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, text: str, said: str):
    with pytest.raises(UsageError, match=rf"profile\.toml{said}"):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="can't be read: No such file"):
        read_profile(tmp_path / "missing.toml")
