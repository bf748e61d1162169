"""How many broken replies of a real model the gates find, and how many sound messages they reject.

``python -m pytest -s tests/gates/test_replies.py`` prints the figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from personagen.gates import first_objection
from personagen.records import ConversationTree, Persona
from personagen.store.files import read_records
from tests.gates.replies import Labelled, hard, labelled, spoken
from tests.offline.cast import bench

UNNAMED = "other"  # off topic or nonsense, without a form that a gate could know
MIN_RECALL, MAX_FALSE = 0.8, 0.02


def rate(replies: Iterable[Labelled]) -> tuple[int, int]:
    turns = [one.turn for one in replies]
    return sum(first_objection(turn) is not None for turn in turns), len(turns)


def shown(what: str, found: tuple[int, int]) -> str:
    return f"{what:<28} {found[0]:4} of {found[1]:4}  {found[0] / max(1, found[1]):6.1%}"


@pytest.fixture(scope="module")
def replies() -> list[Labelled]:
    return labelled()


def test_at_least_two_hundred_different_replies_are_labelled(replies: list[Labelled]):
    assert len({one.turn.text for one in replies}) == len(replies) >= 200


def test_four_fifths_of_the_broken_replies_are_found_and_hardly_a_sound_one_is(replies: list[Labelled]):
    for split in ("first", "second", "held-out"):
        part = [one for one in replies if one.split == split]
        kinds = Counter((one.turn.role, one.kind or "sound") for one in part)
        print(f"\n{split}")
        for role, kind in sorted(kinds):
            print(shown(f"  {role}, {kind}", rate(x for x in part if (x.turn.role, x.kind or "sound") == (role, kind))))
        print(shown("  broken, named kinds", rate(one for one in part if one.kind not in ("", UNNAMED))))
        print(shown("  broken, all", rate(one for one in part if one.kind)))
        print(shown("  sound", rate(one for one in part if not one.kind)))
    found, broken = rate(one for one in replies if one.kind not in ("", UNNAMED))
    false, sound = rate(one for one in replies if not one.kind)
    print(shown("all: broken, named kinds", (found, broken)))
    print(shown("all: sound", (false, sound)))
    assert found >= MIN_RECALL * broken
    assert false <= MAX_FALSE * sound


def test_no_sound_message_that_comes_close_to_a_fault_is_rejected():
    rejected = [(turn.text, objection) for turn in hard() if (objection := first_objection(turn))]
    assert rejected == []


@pytest.mark.slow
def test_no_message_of_the_offline_cast_that_is_kept_is_a_broken_one_and_hardly_any_is_asked_again(run, tmp_path: Path):
    people = [Persona(id=f"p{n}", **persona) for n, persona in enumerate(bench.personas(20, None))]
    file = tmp_path / "people.jsonl"
    file.write_bytes(b"".join(person.line() + b"\n" for person in people))
    summary = run("cast", personas=str(file), model="offline", turns=6, conversations=24)
    turns = [
        turn for tree in read_records(tmp_path / "cast" / "trees.jsonl", ConversationTree) for turn in spoken(tree)
    ]
    rejected = [(turn.text, objection) for turn in turns if (objection := first_objection(turn))]
    print(shown("\noffline cast", (len(rejected), len(turns))))
    assert len(turns) > 400
    assert rejected == []
    assert sum(summary.rejected_messages.values()) < 0.01 * len(turns)  # what the assistant says again is asked again
