"""Files are whole or absent."""

from __future__ import annotations

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


def test_records_are_read_back_and_a_damaged_line_is_named(tmp_path):
    file = tmp_path / "m.jsonl"
    message = Message(role="user", content="a\u2028b")
    file.write_bytes(message.line() + b"\n" + b'{"role": "user"}\n')
    records = files.read_records(file, Message)
    assert next(records) == message
    with pytest.raises(CorruptError, match=r"m\.jsonl:2 is no Message"):
        next(records)


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="not a finished run"):
        next(files.read_records(tmp_path / "x.jsonl", Message))
