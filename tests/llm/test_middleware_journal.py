"""No answer is used before it is stored, and none that is stored is asked for again."""

from __future__ import annotations

import asyncio

import pytest

from personagen.call import Call
from personagen.errors import BudgetError, Interrupted, QualityError, ServerError
from personagen.llm.middleware import Tally, with_journal
from personagen.store.journal import Journal
from tests.fakes import Fake


def call(n=0):
    return Call("m", (), sample=str(n), place="t/0", prompt="user/speak")


def test_a_stored_answer_is_not_asked_for_again(tmp_path):
    async def main():
        fake = Fake(lambda c: f"answer {c.sample}")
        for _ in range(2):
            with Journal(tmp_path / "j") as journal:
                tally = Tally()
                answers = [await with_journal(fake, journal, tally)(call(n)) for n in range(3)]
        return [a.text for a in answers], len(fake.calls), (tally.calls, tally.reused)

    assert asyncio.run(main()) == (["answer 0", "answer 1", "answer 2"], 3, (0, 3))


def test_an_answer_is_stored_before_it_is_returned(tmp_path):
    async def main():
        with Journal(tmp_path / "j") as journal:
            seen = []
            store = journal.store

            async def slow(*args):
                await asyncio.sleep(0.01)
                await store(*args)
                seen.append("stored")

            journal.store = slow
            await with_journal(Fake(lambda c: "x"), journal, Tally())(call())
            return seen

    assert asyncio.run(main()) == ["stored"]


def test_half_a_character_is_neither_used_nor_stored(tmp_path):
    async def main():
        with Journal(tmp_path / "j") as journal:
            answer = await with_journal(Fake(lambda c: "a\ud800b"), journal, Tally())(call())
            return answer.text, journal.completion(call().key).text

    assert asyncio.run(main()) == ("a?b", "a?b")


def test_equal_calls_in_flight_are_sent_once(tmp_path):
    async def main():
        with Journal(tmp_path / "j") as journal:
            fake = Fake(lambda c: "x", delay=0.005)
            llm = with_journal(fake, journal, Tally())
            answers = await asyncio.gather(*(llm(call(n % 2)) for n in range(6)))
            return len(fake.calls), len(answers)

    assert asyncio.run(main()) == (2, 6)


@pytest.mark.parametrize("end", [Interrupted("stopped"), BudgetError("spent"), QualityError("too many failed")])
def test_a_call_that_the_end_of_the_run_keeps_from_being_sent_has_not_failed(tmp_path, end):
    async def main():
        with Journal(tmp_path / "j") as journal:
            tally = Tally()
            with pytest.raises(type(end)):
                await with_journal(Fake(lambda c: end), journal, tally)(call())
            return tally.failed

    assert asyncio.run(main()) == 0


def test_a_failed_call_is_not_stored_and_can_be_asked_again(tmp_path):
    async def main():
        with Journal(tmp_path / "j") as journal:
            replies = [ServerError("busy"), "fine"]
            tally = Tally()
            llm = with_journal(Fake(lambda c: replies.pop(0)), journal, tally)
            with pytest.raises(ServerError):
                await llm(call())
            return (await llm(call())).text, tally.failed, tally.calls

    assert asyncio.run(main()) == ("fine", 1, 1)
