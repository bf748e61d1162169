"""Batches in the journal."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from personagen.records import Completion
from personagen.store.batches import Batch, Batches
from personagen.store.journal import Journal

BATCH = Batch("w1", "openai/m", "http://127.0.0.1/v1", frozenset({"schema", "top_p"}), 5.0, {"b": 0.5, "a": 0.25})


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.db") as opened:
        yield opened


def after(journal, *steps):
    """What is pending when these coroutines are done."""

    async def run():
        for step in steps:
            await step

    asyncio.run(run())
    return Batches(journal).pending()


def test_a_wave_comes_back_as_it_was_stored_with_its_calls_in_order(journal):
    [found] = after(journal, Batches(journal).intend(BATCH))
    assert found == BATCH
    assert list(found.keys) == ["b", "a"]


def test_a_wave_gets_the_id_of_its_batch(journal):
    book = Batches(journal)
    assert after(journal, book.intend(BATCH), book.submitted("w1", "batch_9")) == [
        replace(BATCH, provider_id="batch_9")
    ]


def test_a_call_is_forgotten_when_its_answer_is_stored_and_a_wave_with_its_last_call(journal):
    book = Batches(journal)
    stored = [journal.store(key, "user", "m", "", Completion(text="x"), 0.1) for key in "ab"]
    assert after(journal, book.intend(BATCH), stored[0]) == [replace(BATCH, keys={"b": 0.5})]
    assert after(journal, stored[1]) == []
    assert journal.rows("SELECT * FROM batches") == []


def test_a_call_that_failed_is_forgotten(journal):
    book = Batches(journal)
    assert after(journal, book.intend(BATCH), book.settle("w1", ["b"])) == [replace(BATCH, keys={"a": 0.25})]


def test_a_call_that_goes_into_another_wave_is_in_that_one_alone(journal):
    book = Batches(journal)
    second = replace(BATCH, id="w2", sent_at=6.0, keys={"a": 0.25})
    found = after(journal, book.intend(BATCH), book.intend(second), book.settle("w1", ["a"]))
    assert found == [replace(BATCH, keys={"b": 0.5}), second]
