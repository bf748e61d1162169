"""A page is written whole or not at all."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest

from personagen import report
from personagen.errors import DiskError


@pytest.mark.parametrize("room", [4_000, 150_000])
def test_without_room_for_the_page_the_run_stays_whole_and_no_part_of_it_is_left(tmp_path: Path, run: Any, room: int):
    run("run", people=4)
    before = {file: file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))  # stands for a disk with so many bytes left
    try:
        with pytest.raises(DiskError, match=r"^(the report|.*report\.html) can't be written: File too large; free"):
            report(tmp_path / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {file: file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file()} == before


def test_a_page_in_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path, run: Any):
    run("run", people=1)
    with pytest.raises(DiskError, match=r"no/x\.html can't be written: No such file"):
        report(tmp_path / "run", out=tmp_path / "no" / "x.html")
