"""What a power cut leaves of a disk."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.faults.disk import Operation
from tests.faults.power import Disk, put


def after(operations: list[Operation], cuts: int = 200, disk: Disk | None = None) -> list[dict[str, bytes | None]]:
    """What so many cuts leave, each drawn in another way."""
    disk = disk or Disk()
    for op in operations:
        disk.play(op)
    return [disk.cut(Random(seed)) for seed in range(cuts)]


MADE = [Operation("C", "a"), Operation("D", "")]


def test_what_was_synced_is_there_after_every_cut():
    left = after([*MADE, Operation("W", "a", 0, b"answer"), Operation("S", "a")])
    assert all(disk == {"a": b"answer"} for disk in left)


def test_a_write_that_was_not_synced_is_there_or_dropped_or_cut_in_sectors_or_zeroed():
    data = b"x" * 1024
    seen = {disk["a"] for disk in after([*MADE, Operation("W", "a", 0, data)])}
    assert seen == {data, b"", bytes(1024), b"x" * 512, bytes(512) + b"x" * 512}


def test_each_write_has_a_fate_of_its_own():
    writes = [Operation("W", "a", at * 512, bytes([65 + at]) * 512) for at in range(3)]
    seen = {disk["a"] for disk in after([*MADE, *writes])}
    assert any(content and content[:512] == bytes(512) and content.endswith(b"C" * 512) for content in seen)


def test_a_cut_to_size_that_was_not_synced_may_be_undone():
    done = [*MADE, Operation("W", "a", 0, b"answer"), Operation("S", "a"), Operation("T", "a", 2)]
    assert {disk["a"] for disk in after(done)} == {b"answer", b"an"}


def test_a_file_whose_folder_was_not_synced_may_have_no_name_though_it_was_synced_itself():
    left = after([Operation("C", "a"), Operation("W", "a", 0, b"answer"), Operation("S", "a")])
    assert {disk.get("a") for disk in left} == {b"answer", None}


def test_a_rename_is_sure_once_its_folder_was_synced_and_replaces_the_other_file_or_not_before():
    begun = [*MADE, Operation("W", "a", 0, b"old"), Operation("S", "a"), Operation("C", "b"), Operation("D", "")]
    done = [*begun, Operation("W", "b", 0, b"new"), Operation("S", "b"), Operation("R", "b", 0, b"a")]
    left = after(done)
    assert {disk["a"] for disk in left} == {b"old", b"new"}
    assert all(("b" in disk) == (disk["a"] == b"old") for disk in left)
    assert after([*done, Operation("D", "")], cuts=1) == [{"a": b"new"}]


def test_a_renamed_file_that_was_not_synced_may_be_empty():
    done = [*MADE, Operation("W", "a", 0, b"new"), Operation("R", "a", 0, b"b"), Operation("D", "")]
    assert b"" in {disk["b"] for disk in after(done)}


def test_a_file_is_lost_with_a_folder_whose_name_was_not_synced():
    done = [Operation("M", "run"), Operation("C", "run/a"), Operation("W", "run/a", 0, b"x")]
    left = after([*done, Operation("S", "run/a"), Operation("D", "run")])
    assert {tuple(sorted(disk)) for disk in left} == {(), ("run", "run/a")}
    assert {tuple(sorted(disk)) for disk in after([*done, Operation("D", "run"), Operation("D", "")])} == {
        ("run", "run/a")
    }


def test_what_was_there_before_is_sure_and_can_be_put_down_again(tmp_path: Path):
    (tmp_path / "one" / "run").mkdir(parents=True)
    (tmp_path / "one" / "run" / "a").write_bytes(b"answer")
    (tmp_path / "two").mkdir()
    (left,) = after([Operation("W", "run/a", 0, b"A"), Operation("S", "run/a")], 1, Disk.of(tmp_path / "one"))
    put(left, tmp_path / "two")
    assert (tmp_path / "two" / "run" / "a").read_bytes() == b"Answer"


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_cuts_in_the_same_way(seed: int):
    done = [Operation("C", "a"), *(Operation("W", "a", 700 * n, bytes([n]) * 700) for n in range(5))]
    first, second = Disk(), Disk()
    for op in done:
        first.play(op)
        second.play(op)
    assert first.cut(Random(seed)) == second.cut(Random(seed))
