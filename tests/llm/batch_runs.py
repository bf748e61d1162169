"""What the tests of batch mode share: a quick polling policy, and calls in batch mode against the double."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from personagen.llm.batch.anthropic import AnthropicBatches
from personagen.llm.batch.openai import OpenAIBatches
from personagen.llm.batch.poll import BatchProgress, PollPolicy
from personagen.llm.batch.submit import BatchMode, batched
from personagen.llm.middleware import Tally, with_journal
from personagen.store.batches import Batches
from personagen.store.journal import Journal
from tests.llm.calls import a_call
from tests.servers import completion

QUICK = PollPolicy(settle=0.05, first=0.01, longest=0.05, grace=0.2)
APIS = {"openai": OpenAIBatches, "anthropic": AnthropicBatches}


class Clock:
    """A clock that only sleeping moves; ``slept`` are the times at which somebody woke up."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    async def sleep(self, seconds):
        await asyncio.sleep(0)
        self.now += seconds
        self.slept.append(self.now)

    def policy(self, **times):
        return PollPolicy(**times, clock=lambda: self.now, sleep=self.sleep)


class Setting:
    """One run folder and one endpoint: the double, the journal's file, and what a process would hold."""

    def __init__(self, tmp_path, double, protocol="openai"):
        self.file, self.double, self.protocol = tmp_path / "journal.db", double, protocol
        self.stop = None
        self.progress = BatchProgress()
        self.limits = {}

    @asynccontextmanager
    async def opened(self, policy=QUICK, stored=True):
        """A process: the LLM in batch mode, its answers stored unless ``stored`` is False."""
        api = APIS[self.protocol]("double", base_url=self.double.base(self.protocol), roles="user")
        for name, value in self.limits.items():
            setattr(api, name, value)
        with Journal(self.file) as journal:
            mode = BatchMode(Batches(journal), lambda: self.stop, lambda call: 0.25, self.progress)
            async with batched(api, mode, policy) as llm:
                yield with_journal(llm, journal, Tally()) if stored else llm

    def ask(self, *calls, policy=QUICK, stored=True):
        """What ``calls``, asked at once, end in: completions and errors."""

        async def run():
            async with self.opened(policy, stored) as llm:
                return await asyncio.gather(*(llm(call) for call in calls), return_exceptions=True)

        return asyncio.run(run())

    def leave(self, *calls, until):
        """Asks ``calls`` in a process that ends without their answers, as soon as ``until()`` holds."""

        async def run():
            async with self.opened() as llm:
                tasks = [asyncio.create_task(llm(call)) for call in calls]
                await holds(until)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run(run())

    def pending(self):
        """The stored batches."""
        with Journal(self.file) as journal:
            return Batches(journal).pending()


async def holds(condition):
    """Waits until ``condition()`` holds, of something that another thread or process does."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def echo(request):
    """Answers with the last message, in the protocol it came in."""
    return completion(request, f"You said: {request.messages[-1]['content']}")


def calls(count, **settings):
    return [a_call(f"number {n}", **settings) for n in range(count)]


def texts(answers):
    return [getattr(answer, "text", answer) for answer in answers]


def said(count):
    return [f"You said: number {n}" for n in range(count)]
