"""The frame of the trials: what a row says, and what an interrupted or failed trial leaves for the next command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.__main__ import main, tried
from tests.faults.disk import library
from tests.faults.trial import Finding, Scale, finding


class Trial:
    """A trial of three attempts, the middle one of which goes wrong as long as ``faults`` are left."""

    def __init__(self, faults: int) -> None:
        self.faults, self.attempts, self.calls = faults, 0, 0

    def __call__(self, scale: Scale) -> list[Finding]:
        self.calls += 1
        rows = scale.each("rows", range(3), self._attempt)
        return [finding("kept", "all", f"{len(rows)} attempts", rows)]

    def _attempt(self, at: int) -> dict[str, list[str]]:
        self.attempts += 1
        if at == 1 and self.faults:
            self.faults -= 1
            return {"wrong": ["lost"]}
        return {"wrong": []}


@pytest.fixture
def scale(tmp_path: Path) -> Scale:
    """A trial's scale, with a folder that is not there yet."""
    return Scale(7, True, tmp_path / "out" / "trial", lambda line: None)


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


def test_a_trial_that_held_is_not_done_again(scale: Scale):
    trial = Trial(faults=0)
    first, second = tried(scale, trial), tried(scale, trial)
    assert first == second
    assert (first[0].held, trial.attempts, trial.calls) == (True, 3, 1)


def test_a_trial_that_failed_is_done_again_as_a_whole_and_its_rows_are_kept(scale: Scale):
    trial = Trial(faults=1)
    (first,), (second,) = tried(scale, trial), tried(scale, trial)
    assert (first.held, second.held, trial.attempts) == (False, True, 6)
    assert b"lost" in (scale.folder.with_name("trial.failed") / "rows.jsonl").read_bytes()


def test_a_fault_that_an_interrupted_trial_saw_still_counts(scale: Scale):
    scale.folder.mkdir(parents=True)
    scale.each("rows", range(2), Trial(faults=1)._attempt)
    assert not tried(scale, Trial(faults=0))[0].held


def test_the_table_is_never_written_from_some_of_the_trials(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    monkeypatch.setattr("tests.faults.space.trial", lambda scale: [])
    monkeypatch.setattr("tests.faults.__main__._write", lambda findings, how: None)
    monkeypatch.setattr("sys.argv", ["faults", "--only", "space", "--short", "--write", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "--write needs every trial" in capsys.readouterr().err


def test_without_a_compiler_the_trials_end_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("tests.faults.space.trial", lambda scale: library(tmp_path))
    monkeypatch.setattr("tests.faults.disk.shutil.which", lambda name: None)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr("sys.argv", ["faults", "--only", "space", "--short", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^faults: .*there is no cc; install gcc or clang"):
        main()
