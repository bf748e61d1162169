"""The failing disk fails where it is told to, for SQLite's calls as well as for Python's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.disk import NoCompiler, failing, library, operations

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="a failing disk needs Linux and a C compiler"
)
Played = Callable[..., "subprocess.CompletedProcess[str]"]
WRITES = """
import os, sys
from pathlib import Path
folder = Path(sys.argv[1])
(folder / "new").write_bytes(b"0123456789")
with (folder / "new").open("r+b") as file:
    os.pwrite(file.fileno(), b"ab", 4)
    os.fsync(file.fileno())
(folder / "new").replace(folder / "whole")
handle = os.open(folder, os.O_RDONLY)
os.fsync(handle)
(folder / "whole").unlink()
"""
JOURNAL = """
import sqlite3, sys
journal = sqlite3.connect(sys.argv[1] + "/a.db", isolation_level=None)
journal.execute("PRAGMA journal_mode = WAL")
journal.execute("PRAGMA synchronous = FULL")
journal.execute("CREATE TABLE IF NOT EXISTS t(x)")
for _ in range(50):
    journal.execute("INSERT INTO t VALUES(?)", (b"x" * 1000,))
    print("stored", flush=True)
"""


@pytest.fixture
def played(tmp_path: Path) -> Played:
    """Runs a program on ``folder``, below ``tmp_path``, with a failing disk."""
    (tmp_path / "folder").mkdir()

    def play(program: str, **how: object) -> subprocess.CompletedProcess[str]:
        env = os.environ | failing(tmp_path / "folder", **how)  # type: ignore[arg-type]
        command = [sys.executable, "-I", "-S", "-c", program, str(tmp_path / "folder")]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    return play


def test_every_change_to_a_file_is_logged_with_its_bytes_and_in_order(played: Played, tmp_path: Path):
    assert played(WRITES, log=tmp_path / "log").returncode == 0
    seen = [(op.kind, op.path, op.at, op.data) for op in operations(tmp_path / "log")]
    assert seen == [
        ("C", "new", 0, b""),
        ("W", "new", 0, b"0123456789"),
        ("W", "new", 4, b"ab"),
        ("S", "new", 0, b""),
        ("R", "new", 0, b"whole"),
        ("D", "", 0, b""),
        ("U", "whole", 0, b""),
    ]


def test_the_process_dies_before_its_nth_operation_or_half_way_through_it(played: Played, tmp_path: Path):
    assert played(WRITES, kill=2).returncode == -9
    assert (tmp_path / "folder" / "new").read_bytes() == b""
    assert played(WRITES, kill=2, torn=True).returncode == -9  # it is cut to nothing first, which is the first one
    assert (tmp_path / "folder" / "new").read_bytes() == b"01234"
    assert played(WRITES, kill=8).returncode == 0


def test_sqlites_own_calls_are_seen_and_its_shared_memory_is_not(played: Played, tmp_path: Path):
    assert played(JOURNAL, log=tmp_path / "log").returncode == 0
    seen = {(op.kind, op.path) for op in operations(tmp_path / "log")}
    assert {("C", "a.db-wal"), ("W", "a.db-wal"), ("S", "a.db-wal"), ("D", "")} <= seen
    assert not [path for _, path in seen if path.endswith("-shm")]
    assert played(JOURNAL, kill=40).returncode == -9


def test_a_full_disk_takes_half_a_write_and_goes_on_when_there_is_room(played: Played, tmp_path: Path):
    full = played(JOURNAL, room=30_000)
    assert "full" in full.stderr
    assert 0 < full.stdout.count("stored") < 50
    grown = sum(f.stat().st_size for f in (tmp_path / "folder").iterdir() if not f.name.endswith("-shm"))
    assert grown <= 30_000
    assert played(JOURNAL).stdout.count("stored") == 50


def test_a_sync_fails_and_so_does_every_later_one(played: Played):
    failed = played(JOURNAL, sync=20)
    assert "disk I/O error" in failed.stderr
    assert 0 < failed.stdout.count("stored") < 20


def test_without_a_compiler_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(NoCompiler, match="install gcc or clang"):
        library(tmp_path)
