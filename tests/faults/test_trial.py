"""The frame of the trials: what a row says, and what an interrupted or failed trial leaves for the next command."""

from __future__ import annotations

from tests.faults.trial import finding


def test_one_fault_breaks_the_promise_and_the_first_is_told_with_its_place():
    rows = [{"at": 1, "wrong": []}, {"at": "cut 0.5", "wrong": ["lost", "late"]}]
    assert vars(finding("kept", "all", "2 runs", rows[:1])) == {
        "promise": "kept",
        "goal": "all",
        "measured": "2 runs, 0 faults",
        "held": True,
    }
    broken = finding("kept", "all", "2 runs", rows)
    assert (broken.measured, broken.held) == ("2 runs, 2 faults; the first: cut 0.5: lost", False)


def test_a_figure_out_of_its_bounds_breaks_the_promise_without_a_fault():
    assert not finding("soon", "1 s", "2 s", [], held=False).held
