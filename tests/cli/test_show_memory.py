"""What `personagen show` takes of memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from personagen.cli import browse
from personagen.store.files import BUFFER_BYTES
from tests.cli.runs import several, simulated


def test_memory_does_not_grow_with_the_run(tmp_path: Path):
    def peak(count: int) -> int:
        run = simulated(tmp_path / f"run{count}", several(count))
        made, _ = browse.open_run(run)
        tracemalloc.start()
        try:
            browse.listed(made, 5)
            browse.find(made, f"t{count}")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    few, many = peak(400), peak(1200)
    assert (tmp_path / "run400" / "trees.jsonl").stat().st_size > 2 * BUFFER_BYTES
    assert many < 1.1 * few
