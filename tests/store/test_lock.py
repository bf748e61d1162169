"""One process per run folder."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from personagen.errors import InUseError
from personagen.store.lock import locked

HOLD = """
import pathlib, sys
from personagen.store.lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_in_use_is_refused_naming_its_holder(tmp_path):
    with locked(tmp_path), pytest.raises(InUseError, match=f"process {os.getpid()}"), locked(tmp_path):
        pass


def test_a_lock_is_free_again_after_its_holder_was_killed(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(InUseError, match=f"process {holder.pid}"), locked(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    with locked(tmp_path):
        assert str(os.getpid()) in (tmp_path / ".lock").read_text()


def test_the_name_of_the_lock_is_durable_before_anything_is_done_in_the_folder(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("personagen.store.lock.sync_folder", synced.append)
    with locked(tmp_path):
        assert synced == [tmp_path]
