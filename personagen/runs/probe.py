"""Whether every endpoint answers, found out before much is paid at any.

The first request itself proves its endpoint: it is a question the run needs, and it goes alone (``first_call_alone``).
``probe`` has the other endpoints asked as early as that is possible, before any more is paid at the first one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from personagen.runs.schedule import Job
from personagen.runs.session import Session
from personagen.store.journal import Journal


async def probe(session: Session, journal: Journal, jobs: Iterator[Job]) -> AsyncIterator[Job]:
    """``jobs``, of which the first ones are begun one by one until every endpoint was asked once.

    So a wrong key or name of a judge's model is met after one turn of one conversation, not after one turn of each.
    What was asked was needed, and each job goes on with the steps that it has left.
    """
    waiting = _unproven(session, journal)
    while waiting - session.limiter.highest.keys() and (job := next(jobs, None)):
        steps = list(job.first)
        while steps and waiting - session.limiter.highest.keys():
            results = await asyncio.gather(*(step() for step in steps), return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException):
                    raise result
            steps = [step for result in results if not isinstance(result, BaseException) for step in result]
        if steps:
            yield Job(steps, job.finish)
        else:
            await job.finish()


def _unproven(session: Session, journal: Journal) -> set[str]:
    """The servers that have not answered yet, where there are several; a single one is probed by the first call."""
    servers = {role: there for role, there in session.models.by_role.items() if not there.is_local}
    if session.batch or len({there.address for there in servers.values()}) < 2:
        return set()
    known = journal.usage()
    return {there.address for role, there in servers.items() if (role, there.model) not in known}
