"""What the gates of pairs catch of planted faults, and how often they reject a sound pair.

Their thresholds were set on other personas and wordings; ``benchmarks/planted.py`` prints the same for any run.
"""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from benchmarks.planted import GATES, counted, shares
from personagen.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    for words in (
        ("expand", "--target", 60, "--seed", 97, "--out", folder / "pool"),
        ("simulate", "--personas", folder / "pool/personas.jsonl", "--turns", 6, "--seed", 97, "--out", folder / "run"),
    ):
        assert CliRunner().invoke(main, [str(word) for word in (*words, "--quiet")]).exit_code == 0
    return counted(folder / "run", 97)


@pytest.mark.parametrize("gate", GATES)
def test_planted_faults_are_caught_and_sound_pairs_pass(counts, gate: str):
    false_alarms, caught = shares(counts[gate])
    print(f"{gate}: false alarms {false_alarms:.2%}, caught {caught:.2%}, {dict(counts[gate])}")
    assert counts[gate]["clean/n"] >= 300
    assert caught >= 0.98
    assert false_alarms <= 0.02


@pytest.mark.parametrize("gate", GATES)
def test_no_kind_of_fault_slips_through(counts, gate: str):
    kinds = {kind for kind in counts[gate] if f"{kind}/n" in counts[gate] and kind != "clean"}
    assert len(kinds) >= 3
    assert {kind for kind in kinds if counts[gate][kind] < 0.93 * counts[gate][f"{kind}/n"]} == set()
