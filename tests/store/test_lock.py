"""One process per run folder."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

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


def test_a_killed_process_is_not_named_in_place_of_its_successor(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with locked(tmp_path):
        name = (tmp_path / ".lock").read_text()
        (tmp_path / ".lock").write_text(name.replace(str(os.getpid()), str(dead.pid)))
        threading.Timer(0.2, (tmp_path / ".lock").write_text, [name]).start()  # the successor comes to write its own
        with pytest.raises(InUseError, match=f"process {os.getpid()} on "), locked(tmp_path):
            pass
