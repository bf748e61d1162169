"""What the trials make of outcomes that break a promise."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.faults import damage, kills, race, space
from tests.faults.trial import Scale


@pytest.mark.parametrize(
    ("said", "faults"),
    [
        ("personagen: the journal run/journal.db is damaged; restore it\nto resume: personagen simulate\n", 0),
        ("personagen: internal error (KeyError: 'x'); set PERSONAGEN_TRACEBACK=1 to see the traceback\n", 1),
        ("personagen: the journal is damaged\nand more\n", 1),
        ("Traceback (most recent call last):\n", 1),
    ],
)
def test_a_crash_is_no_refusal_of_a_damaged_journal(said: str, faults: int):
    assert len(list(damage._refusal(said))) == faults


@pytest.mark.parametrize(("said", "held"), [(20, True), (14, False)])
def test_a_failing_disk_that_too_few_runs_speak_of_breaks_the_promise(said: int, held: bool):
    rows = [{"at": n, "wrong": [], "lost": 0, "said": n < said} for n in range(20)]
    assert space._finding("disk full", rows).held is held


@pytest.mark.parametrize(
    ("codes", "fault"),
    [([0, 75], None), ([0, 0], "2 ran: "), ([-14, 75], "0 ran: "), ([0, 74], "exit 74, ")],
)
def test_a_race_has_one_winner_and_the_others_name_it(codes: list[int], fault: str | None):
    told = f"the folder is in use by process 1 on {race.socket.gethostname()}; wait for it"
    rows = [{"pid": pid, "code": code, "said": told} for pid, code in enumerate(codes, 1)]
    faults = list(race._faults(rows))
    assert not faults if fault is None else faults[0].startswith(fault)


@pytest.mark.parametrize(
    ("lost", "held"),
    [([4, 1, 12], True), ([5, 1, 12], False), ([12, 256, 12], True), ([13, 256, 12], False), ([9, 4, 12], False)],
)
def test_more_paid_in_vain_than_can_be_under_way_breaks_the_promise(lost: list[int], held: bool):
    (found,) = kills.paid_in_vain("kills", "", [{"lost": [[0, 16, 12], lost]}])
    assert found.held is held


def test_runs_are_made_until_there_were_so_many_kills_and_only_the_killed_ones_count(tmp_path: Path):
    def attempt(rng: Random) -> dict[str, Any]:
        return {"kills": rng.choice((0, 0, 2))}

    runs = kills.until(Scale(7, True, tmp_path, lambda line: None), "few", 9, attempt)
    killed = [run for run in runs if run["kills"]]
    assert len(killed) < len(runs)
    assert len(killed) >= 5
    assert kills.crashes(runs, "kills") == f"{2 * len(killed)} kills in {len(killed)} runs"
