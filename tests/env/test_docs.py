"""The program in docs/environment.md runs, and is as short as promised."""

from __future__ import annotations

from pathlib import Path

from tests.test_readme import REPO, blocks, run

PAGE = REPO / "docs" / "environment.md"


def test_the_program_runs_as_it_is_written(tmp_path: Path):
    [program] = [block for block in blocks(PAGE.read_text(encoding="utf-8")) if block.comment == "run"]
    done = run(program, tmp_path, "")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" turns\n") == 2, done.stdout
    assert "'cost_usd': 0.0" in done.stdout
    assert len(program.code.strip().splitlines()) <= 20
