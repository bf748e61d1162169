"""The journal: durable before used, grouped, readable again, and clear about damage."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from personagen.errors import CorruptError, DiskError
from personagen.records import Usage
from personagen.store.journal import Journal
from tests.fakes import answer


def run(coroutine):
    return asyncio.run(coroutine)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "journal.db"


async def store(journal, key, role="user", model="m", **fields):
    await journal.store(key, role, model, "t/0", answer(f"text {key}", **fields), 0.1)


def test_a_stored_answer_is_on_disk_when_store_returns(file):
    async def main():
        with Journal(file) as journal:
            await store(journal, "k")
            other = sqlite3.connect(file)
            rows = other.execute("SELECT key, role FROM calls").fetchall()
            other.close()
            return rows

    assert run(main()) == [("k", "user")]


def test_an_answer_reads_back_as_it_was_stored_after_reopening(file):
    async def main():
        with Journal(file) as journal:
            await store(journal, "k", finish_reason="length")

    run(main())
    with Journal(file) as journal:
        assert journal.completion("k") == answer("text k", finish_reason="length")
        assert journal.completion("other") is None


def test_the_first_answer_to_a_question_stays(file):
    async def main():
        with Journal(file) as journal:
            await store(journal, "k")
            await journal.store("k", "user", "m", "t/0", answer("another"), 0.1)
            return journal.completion("k")

    assert run(main()).text == "text k"


def test_reasoning_is_summed_too(file):
    async def main():
        with Journal(file) as journal:
            for key in "ab":
                thought = Usage(input_tokens=3, output_tokens=9, reasoning_tokens=7)
                await journal.store(key, "user", "m", "t/0", answer("x").model_copy(update={"usage": thought}), 0.1)
            await store(journal, "c")
            return journal.usage()["user", "m"][1]

    assert run(main()).reasoning_tokens == 14


def test_usage_is_summed_by_role_and_an_unknown_cost_stays_unknown(file):
    async def main():
        with Journal(file) as journal:
            await store(journal, "a")
            await store(journal, "b")
            await journal.store(
                "c", "judge", "m", "", answer("x").model_copy(update={"usage": Usage(cost_usd=None)}), 0
            )
            return journal.usage()

    usage = run(main())
    assert usage["user", "m"] == (2, Usage(input_tokens=6, output_tokens=4, cost_usd=1.0))
    assert usage["judge", "m"][1].cost_usd is None


def test_waiting_writes_are_committed_in_groups(file):
    async def main():
        with Journal(file) as journal:
            sizes = []
            group = journal._writer._group

            def spy():
                got = group()
                sizes.append(len(got[0]))
                return got

            journal._writer._group = spy
            await store(journal, "first")  # the writer was in the unspied wait before
            await asyncio.gather(*(store(journal, f"k{i}") for i in range(300)))
            return sizes

    sizes = run(main())
    assert max(sizes) > 50


def test_a_slots_lines_replace_what_it_had_and_come_back_in_slot_order(file):
    async def main():
        with Journal(file) as journal:
            await journal.put(10, "h", {"a": b"ten\n"})
            await journal.put(2, "h", {"a": b"two\n", "b": b"other\n"})
            await journal.put(10, "h", {"a": b"TEN\n"})
            await journal.put(3, "older", {"a": b"three\n"})
            return list(journal.lines("a", "h")), journal.slots("a", "h"), list(journal.lines("b", "h"))

    assert run(main()) == ([b"two\n", b"TEN\n"], {2, 10}, [b"other\n"])


def test_storing_a_slot_is_one_commit_that_looks_at_nothing_that_other_slots_stored(file):
    """Else a crash could leave half of it, and the cost of every tree would grow with the trees there are."""

    async def main():
        with Journal(file) as journal:
            sent = []
            journal.write = lambda statements: asyncio.sleep(0, sent.append(list(statements)))
            await journal.put(7, "m", {"a": b"x", "b": b"y"})
            return sent

    [statements] = run(main())
    reader = sqlite3.connect(file)
    plans = [reader.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall() for sql, values in statements]
    reader.close()
    assert len(plans) == 3
    assert [step for plan in plans for *_, step in plan if "SCAN" in step] == []


@pytest.fixture
def full(monkeypatch):
    """A disk that is full when ``full()`` was called."""

    def fail():
        def refuse(*_):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

        monkeypatch.setattr("personagen.store.writer._execute", refuse)

    return fail


def test_a_failed_write_reaches_whoever_waits_and_is_the_last_one_tried(file, full, monkeypatch):
    """After a failed sync the system may take for stored what is not, so a later success proves nothing."""

    async def main():
        with Journal(file) as journal:
            await store(journal, "before")
            full()
            with pytest.raises(DiskError, match="run the same command again"):
                await store(journal, "k")
            monkeypatch.undo()
            with pytest.raises(DiskError):
                await store(journal, "later")

    run(main())
    with Journal(file) as journal:
        assert [journal.completion(key) is not None for key in ("before", "k", "later")] == [True, False, False]


def test_a_value_that_sqlite_refuses_fails_the_write_instead_of_hanging(file):
    async def main():
        with Journal(file) as journal, pytest.raises(DiskError, match="can't be stored"):
            await asyncio.wait_for(journal.write([("INSERT INTO meta VALUES('x', ?, 0)", (2**70,))]), timeout=10)

    run(main())


def test_a_failed_write_leaves_nothing_of_its_group(file):
    async def main():
        with Journal(file) as journal:
            with pytest.raises(CorruptError, match="no such table: missing"):
                await journal.write([("INSERT INTO meta VALUES('x','1',0)", ()), ("DELETE FROM missing", ())])
            return journal.setting("x")

    assert run(main()) is None
