"""Answers from the journal: no call is made whose answer is stored, and no answer is used before it is stored."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from personagen.call import LLM, Call
from personagen.records import Completion, Usage
from personagen.store.journal import Journal


@dataclass
class Tally:
    """What happened in this process so far, for progress and summaries."""

    calls: int = 0
    reused: int = 0
    failed: int = 0
    re_asked: int = 0
    usage: Usage = field(default_factory=Usage)


def with_journal(llm: LLM, journal: Journal, tally: Tally) -> LLM:
    """``llm`` behind the journal; equal calls in flight are sent once."""
    in_flight: dict[str, asyncio.Future[Completion]] = {}

    async def fresh(call: Call) -> Completion:
        started = time.monotonic()
        try:
            answer = await llm(call)
        except Exception:
            tally.failed += 1
            raise
        if not answer.text.isascii():  # half a character can be neither stored nor sent
            answer = answer.model_copy(update={"text": answer.text.encode("utf-8", "replace").decode()})
        await journal.store(call.key, call.role, call.model, call.place, answer, time.monotonic() - started)
        tally.calls += 1
        tally.usage += answer.usage
        return answer

    async def ask(call: Call) -> Completion:
        stored = journal.completion(call.key)
        if stored is not None:
            tally.reused += 1
            return stored
        if call.key in in_flight:
            return await asyncio.shield(in_flight[call.key])
        asked = in_flight[call.key] = asyncio.get_running_loop().create_future()
        try:
            answer = await fresh(call)
        except BaseException as error:
            asked.set_exception(error)
            asked.exception()  # nobody else may be waiting, and that is no fault
            raise
        finally:
            del in_flight[call.key]
        asked.set_result(answer)
        return answer

    return ask
