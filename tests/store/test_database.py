"""The journal's file: every format is read, and what is not as it was written is refused."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from zlib import crc32

import pytest

from personagen.call import Call
from personagen.errors import CorruptError, DiskError
from personagen.llm.middleware import Tally, with_journal
from personagen.records import Completion, Usage
from personagen.store import database, writer
from personagen.store.database import FORMAT
from personagen.store.folder import open_run
from personagen.store.journal import Journal
from tests.store import golden

GOLDEN = sorted(Path(golden.__file__).parent.glob("*.db"))
NEWEST = GOLDEN[-1]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "journal.db"


def reads_as_written(file):
    """Whether every answer, line and setting of a golden journal is read back; a refusal is raised."""
    with Journal(file) as journal:
        answers = [journal.completion(call.key) for call in golden.calls()]
        lines = b"".join(journal.lines("trees.jsonl", "hash"))
        settings = {name: journal.setting(name) for name in golden.SETTINGS}
        journal.usage()
    return (
        answers == [golden.answer(call) for call in golden.calls()]
        and lines == b"".join(golden.RESULTS[slot] for slot in sorted(golden.RESULTS))
        and settings == golden.SETTINGS
    )


def test_there_is_a_golden_journal_of_every_format():
    assert {int(file.stem.split("-")[1]) for file in GOLDEN} == set(range(1, FORMAT + 1))


@pytest.mark.parametrize("made", GOLDEN, ids=lambda made: made.stem)
def test_a_run_on_a_journal_of_any_format_asks_nothing_that_is_stored_and_goes_on(file, made):
    shutil.copy(made, file)
    assert reads_as_written(file)
    fresh = Call(model="openai/m", messages=(), place="new/0", prompt="user/speak")
    written = Usage(input_tokens=90, output_tokens=2, cached_input_tokens=40, cache_write_input_tokens=30, cost_usd=0.5)
    asked = []

    async def llm(call):
        asked.append(call.key)
        return golden.answer(call).model_copy(update={"usage": written})

    async def main():
        with Journal(file) as journal:
            ask = with_journal(llm, journal, Tally())
            stored = [await ask(call) for call in (*golden.calls(), fresh)]
            await journal.put(1, "hash", {"trees.jsonl": b"anew\n"})
            return stored, journal.usage(), list(journal.lines("trees.jsonl", "hash"))

    stored, usage, lines = asyncio.run(main())
    assert asked == [fresh.key]
    assert stored[:-1] == [golden.answer(call) for call in golden.calls()]
    assert usage["user", "openai/m"][0] == 11
    assert usage["user", "openai/m"][1].cache_write_input_tokens == 30
    assert lines == [golden.RESULTS[0], b"anew\n", golden.RESULTS[2]]
    with Journal(file) as again:
        assert again.completion(fresh.key).usage == written


def test_a_journal_of_a_newer_format_is_refused_and_left_as_it_is(file):
    with Journal(file) as journal:
        journal.put_settings({"format": str(FORMAT + 1)})
    before = file.read_bytes()
    with pytest.raises(CorruptError, match=rf"newer personagen \(format {FORMAT + 1}\); upgrade"):
        Journal(file)
    assert file.read_bytes() == before


def test_a_changed_byte_is_noticed_or_changes_nothing_that_is_read(file):
    rng, content, noticed = random.Random(7), NEWEST.read_bytes(), 0
    for _ in range(60):
        at = rng.randrange(len(content))
        file.write_bytes(content[:at] + bytes([content[at] ^ rng.randrange(1, 256)]) + content[at + 1 :])
        try:
            assert reads_as_written(file), at
        except (CorruptError, DiskError):
            noticed += 1
        for rest in file.parent.iterdir():
            rest.unlink()
    assert noticed > 8


COLUMNS = {
    "meta": ("name", "value"),
    "calls": ("key", "role", "model", "place", "input_tokens", "cost_usd", "finished"),
    "results": ("file", "slot", "fingerprint"),
}


@pytest.mark.parametrize(("table", "column"), [(table, name) for table, names in COLUMNS.items() for name in names])
def test_a_row_of_which_any_column_was_changed_is_refused_when_the_journal_is_opened(file, table, column):
    shutil.copy(NEWEST, file)
    assert reads_as_written(file)
    with closing(sqlite3.connect(file)) as other, other:
        (last,) = other.execute(f"SELECT MAX({column}) FROM {table}").fetchone()
        other.execute(f"UPDATE {table} SET {column} = {column} || 1 WHERE {column} = ?", (last,))
    with pytest.raises(CorruptError, match="in it is not what was stored"):
        Journal(file)


@pytest.mark.parametrize("name", ["format", "log"])
def test_what_the_journal_says_of_itself_has_a_check_sum_too(file, name):
    with Journal(file):
        pass
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("UPDATE meta SET value = '0' WHERE name = ?", (name,))
    with pytest.raises(CorruptError, match="a setting in it is not what was stored"):
        Journal(file)


def test_a_check_sum_is_the_same_under_every_version_of_python():
    assert database.crc("k", "\xe9", 0.5, b"xy", None) == crc32(b"xy", crc32(rb"['k', '\xe9', 0.5, None]"))


@pytest.mark.parametrize("cost", [0, -0.0, 1, 1e-7, 0.1 + 0.2, 1e300, None])
def test_an_answer_of_any_cost_is_read_as_it_was_stored(file, cost):
    async def main():
        with Journal(file) as journal:
            usage = Usage(cost_usd=cost)
            await journal.store("k", "user", "m", "", Completion(text="a", usage=usage), 1)

    asyncio.run(main())
    with Journal(file) as journal:
        assert journal.completion("k").usage.cost_usd == cost


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.6, 0.999])
def test_a_journal_that_was_cut_off_is_refused(file, share):
    content = NEWEST.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CorruptError, match="restore it from a copy, or give another --out"):
        Journal(file)


def test_damage_is_told_on_one_line_however_much_is_quoted_of_it(file):
    with Journal(file) as journal:
        journal.put_settings({"prompts": '{\n"judge": 1,\n' * 50})
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("UPDATE meta SET value = CAST(X'7B0AFF' || value AS TEXT) WHERE name = 'prompts'")
    with pytest.raises(CorruptError) as refused:
        Journal(file)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_file_that_is_no_database_is_refused(file):
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(CorruptError, match="damaged"):
        Journal(file)


@pytest.mark.parametrize("table", ["meta", "calls", "results"])
def test_a_journal_without_one_of_its_tables_is_refused_and_never_begun_anew(file, table):
    shutil.copy(NEWEST, file)
    other = sqlite3.connect(file)
    other.execute(f"ALTER TABLE {table} RENAME TO lost")
    other.close()
    with pytest.raises(CorruptError, match=f"no such table: {table}"):
        reads_as_written(file)


def killed(file, tmp_path, answers=3):
    """A journal as a process leaves it that was killed: with answers in the write-ahead log."""

    async def main():
        with Journal(file) as journal:
            for call in golden.calls()[:answers]:
                await journal.store(call.key, call.role, call.model, call.place, golden.answer(call), 0.5)
            for part in ("", "-wal"):
                shutil.copy(f"{file}{part}", tmp_path / f"killed.db{part}")

    asyncio.run(main())
    return tmp_path / "killed.db"


def test_a_write_ahead_log_that_was_deleted_is_missed(file, tmp_path):
    left = killed(file, tmp_path)
    log = tmp_path / "killed.db-wal"
    whole = log.read_bytes()
    log.unlink()
    with pytest.raises(CorruptError, match=r"killed\.db-wal is missing, and answers with it"):
        Journal(left)
    log.write_bytes(whole)
    with Journal(left) as journal:
        assert journal.completion(golden.calls()[2].key) is not None


def test_a_changed_byte_in_the_log_is_noticed_where_something_was_stored_after_it(file, tmp_path):
    left = killed(file, tmp_path, answers=6)
    log = tmp_path / "killed.db-wal"
    content, rng = log.read_bytes(), random.Random(7)
    for part in (0.2, 0.4, 0.6):
        at = int(part * len(content)) + rng.randrange(100)
        log.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        for _ in range(2):  # a refusal leaves it as it is
            with pytest.raises(CorruptError, match=r"killed\.db-wal is damaged"):
                Journal(left)


def test_a_log_whose_last_transaction_was_torn_is_read_as_far_as_it_goes(file, tmp_path):
    left = killed(file, tmp_path, answers=6)
    log = tmp_path / "killed.db-wal"
    log.write_bytes(log.read_bytes()[:-2000])
    with Journal(left) as journal:
        assert sum(journal.completion(call.key) is not None for call in golden.calls()) == 5


def test_a_log_that_was_torn_while_it_began_anew_holds_nothing_that_is_missing(file, tmp_path):
    left = killed(file, tmp_path, answers=6)
    again = tmp_path / "again.db"
    with closing(sqlite3.connect(left)) as moved:
        moved.execute("PRAGMA wal_checkpoint(FULL)").fetchall()  # next, the log is written from its start
        for part in ("", "-wal"):
            shutil.copy(f"{left}{part}", f"{again}{part}")
    log = Path(f"{again}-wal")
    content = bytearray(log.read_bytes())
    content[15] += 1  # half a header: the number of the next round, with the salts of this one
    log.write_bytes(content)
    with Journal(again) as journal:
        assert sum(journal.completion(call.key) is not None for call in golden.calls()) == 6


def test_a_write_ahead_log_is_missed_also_after_parts_of_it_were_moved(file, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "CHECKPOINT", 2)
    left = killed(file, tmp_path, answers=9)
    (tmp_path / "killed.db-wal").unlink()
    with pytest.raises(CorruptError, match="is missing"):
        Journal(left)
    Path(f"{left}-wal").touch()
    with Journal(left) as journal:
        assert 1 < sum(journal.completion(call.key) is not None for call in golden.calls()) < 9


def test_a_journal_that_another_program_read_after_a_crash_is_whole(file, tmp_path):
    left = killed(file, tmp_path)
    other = sqlite3.connect(left)
    other.execute("SELECT COUNT(*) FROM calls").fetchall()
    other.close()
    assert not Path(f"{left}-wal").exists()
    with Journal(left) as journal:
        assert journal.completion(golden.calls()[2].key) is not None


def test_a_journal_is_made_whole_or_not_at_all(file, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(DiskError, match="No space left"):
        Journal(file)
    assert not file.exists()
    monkeypatch.undo()
    with Journal(file) as journal:
        assert journal.setting("format") == str(FORMAT)
    assert [rest.name for rest in file.parent.iterdir()] == [file.name]


def test_a_run_whose_journal_is_gone_is_refused(tmp_path):
    with open_run(tmp_path / "r", "simulate", {}, {}, []) as run:
        run.record(SimpleNamespace(status="done", estimate={}), {})
    (tmp_path / "r" / "journal.db").unlink()
    with pytest.raises(CorruptError, match=r"journal\.db is missing"), open_run(tmp_path / "r", "simulate", {}, {}, []):
        pass


def test_the_journal_is_synced_to_the_disk_itself_where_the_system_tells_it_from_its_memory(file):
    with closing(database.connect(file)) as connection:
        names = ("synchronous", "fullfsync", "checkpoint_fullfsync")
        assert [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names] == [2, 1, 1]
