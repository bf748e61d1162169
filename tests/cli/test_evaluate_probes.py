"""`personagen evaluate --probes` and `--human`: the rows of the summary, and a finished run that is compared later."""

from __future__ import annotations

import json
from pathlib import Path

WORDS = ("evaluate", "--limit", 3, "--turns", 2, "--out", "run", "--no-report")


def rows(text: str) -> dict[str, str]:
    pairs = (line.strip().split("  ", 1) for line in text.splitlines()[1:])
    return {name: rest[0].strip() for name, *rest in pairs if rest}


def scores(run: Path, shift: int = 0) -> str:
    lines = [json.loads(line) for line in (run / "ratings.jsonl").read_text().splitlines()]
    own = [one for one in lines if not one["rater"] and not one["repeat"]]
    return "".join(f"{one['tree']},{one['node']},{min(5, max(1, one['score'] + shift))}\n" for one in own)


def test_probes_have_rows_with_intervals(command, personas):
    found = rows(command(*WORDS, "--personas", personas, "--probes").stdout)
    assert {"recalled at 1", "guessed at 2", "traits at 2", "agrees with falsehood", "difference"} <= found.keys()
    assert found["agrees with falsehood"].endswith("of 3 claims")
    assert found["replies that leak"].endswith("of 6 replies")


def test_without_probes_only_the_leaks_are_counted(command, personas):
    found = rows(command(*WORDS, "--personas", personas).stdout)
    assert "replies that leak" in found
    assert not {"agrees with falsehood", "recalled at 1", "judge and people"} & found.keys()


def test_scores_of_people_are_compared_with_a_finished_run_without_a_call(command, personas, tmp_path: Path):
    command(*WORDS, "--personas", personas)
    (tmp_path / "scores.csv").write_text("tree,node,score\n" + scores(tmp_path / "run") + "elsewhere,0.0,3\n")
    result = command(*WORDS, "--personas", personas, "--human", "scores.csv")
    found = rows(result.stdout)
    assert found["judge and people"].startswith("100% the same of 6, kappa 1.00")
    assert "(0 new" in found["calls"]
    assert "scores.csv: 1 row is of no reply that the judge scored (line 8)" in result.stdout
    human = json.loads((tmp_path / "run" / "results.json").read_bytes())["judge"]["human"]
    assert (human["count"], human["same"], human["unknown"]) == (6, 1.0, [8])


def test_a_file_of_scores_is_read_before_anything_is_asked(command, personas, tmp_path: Path):
    (tmp_path / "scores.csv").write_text("tree,score\nt,3\n")
    result = command(*WORDS, "--personas", personas, "--human", "scores.csv")
    assert result.exit_code == 2
    assert "--human scores.csv has no column node or turn" in result.stderr
    assert not (tmp_path / "run").exists()
