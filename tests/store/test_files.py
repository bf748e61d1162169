"""Files are whole or absent."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import orjson
import pytest

from personagen.errors import CorruptError, DiskError, UsageError
from personagen.records import Message
from personagen.store import files


def test_a_file_is_replaced_in_one_step(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"old")

    def parts():
        yield b"new"
        assert file.read_bytes() == b"old"
        yield b"er"

    assert files.write(file, parts()) == 5
    assert file.read_bytes() == b"newer"
    assert [f.name for f in tmp_path.iterdir()] == ["a"]


def test_a_file_gets_its_name_once_its_content_is_synced_and_the_name_is_synced_last(tmp_path, monkeypatch):
    done, replace = [], Path.replace
    monkeypatch.setattr(files, "synced", lambda handle: done.append(f"synced {os.fstat(handle).st_size} bytes"))
    monkeypatch.setattr(Path, "replace", lambda *names: (replace(*names), done.append("renamed")))
    monkeypatch.setattr(files, "sync_folder", lambda folder: done.append(f"synced {folder.name}"))
    files.write(tmp_path / "a", [b"x"])
    assert done == ["synced 1 bytes", "renamed", f"synced {tmp_path.name}"]


def test_what_stood_there_stays_when_the_disk_refuses(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"old")

    def parts():
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(DiskError, match="No space left"):
        files.write(file, parts())
    assert file.read_bytes() == b"old"
    assert [f.name for f in tmp_path.iterdir()] == ["a"]


def test_the_name_of_a_folder_is_durable_and_so_are_those_of_new_ones_above_it(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(files, "sync_folder", synced.append)
    files.make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    assert synced == [tmp_path, tmp_path / "a"]
    files.make_folder(tmp_path / "a" / "b")  # somebody made it who may not have come to sync it
    assert synced[2:] == [tmp_path / "a"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_syncs_no_folders_is_none_of_the_disks_faults(tmp_path, monkeypatch, number):
    def fsync(_):
        raise OSError(number, "no")

    monkeypatch.setattr(files.os, "fsync", fsync)
    files.sync_folder(tmp_path)


def test_a_folder_that_may_be_entered_and_not_read_is_worked_in(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(files.os, "open", refused)
    files.sync_folder(tmp_path)


def test_a_folder_that_is_not_synced_for_a_fault_of_the_disk_is_told(tmp_path, monkeypatch):
    def fsync(_):
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(files.os, "fsync", fsync)
    with pytest.raises(OSError, match="input/output"):
        files.sync_folder(tmp_path)


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP])
def test_where_modes_cant_be_set_files_are_written_all_the_same(tmp_path, monkeypatch, code):
    def chmod(*_):
        raise OSError(code, "no")

    monkeypatch.setattr(files.os, "chmod", chmod)
    files.make_folder(tmp_path / "a")
    for text in (b"x", b"y"):
        files.write(tmp_path / "a" / "b", [text])
    assert (tmp_path / "a" / "b").read_bytes() == b"y"
    assert (tmp_path / "a" / "b").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("fault", "asked"), [(None, ["full"]), (errno.ENOTSUP, ["full", "fsync"])])
def test_the_disk_itself_is_synced_where_the_system_tells_it_from_its_memory(tmp_path, monkeypatch, fault, asked):
    seen = []

    def fully(handle, number):
        assert number == 51
        seen.append("full")
        if fault:
            raise OSError(fault, "no")

    monkeypatch.setattr(files.fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(files.fcntl, "fcntl", fully)
    monkeypatch.setattr(files.os, "fsync", lambda _: seen.append("fsync"))
    files.sync_folder(tmp_path)
    assert seen == asked


def test_a_disk_that_fails_to_sync_is_not_asked_again_in_an_easier_way(tmp_path, monkeypatch):
    def fully(*_):
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(files.fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(files.fcntl, "fcntl", fully)
    with pytest.raises(DiskError, match="input/output"):
        files.write(tmp_path / "a", [b"x"])


def test_a_folder_that_cant_be_made_is_told_as_the_disks_fault(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskError, match="give another --out"):
        files.make_folder(tmp_path / "file" / "folder")


def test_records_are_read_back_and_a_damaged_line_is_named(tmp_path):
    file = tmp_path / "m.jsonl"
    message = Message(role="user", content="a\u2028b")
    file.write_bytes(message.line() + b"\n" + b'{"role": "user"}\n')
    records = files.read_records(file, Message)
    assert next(records) == message
    with pytest.raises(CorruptError, match=r"m\.jsonl:2 is not a Message"):
        next(records)


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="not a finished run"):
        next(files.read_records(tmp_path / "x.jsonl", Message))


def test_a_dump_ends_with_a_line_feed_and_reads_back():
    assert files.dump({"a": [1]}).endswith(b"}\n")
    assert orjson.loads(files.dump({"a": [1]})) == {"a": [1]}
