"""Asks every endpoint once before a run spends much at any of them.

The probe is a call that the run needs anyway: the first call to each endpoint goes alone (``first_call_alone``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from personagen.runs.schedule import Job
from personagen.runs.session import Session
from personagen.store.journal import Journal


async def probe(session: Session, journal: Journal, jobs: Iterator[Job]) -> AsyncIterator[Job]:
    """Starts ``jobs`` one by one until every endpoint was asked once, and yields them with their remaining steps.

    A wrong key or name of the judge's model thus shows after one turn of one conversation, not one turn of each.
    """
    waiting = _unprobed(session, journal)
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


def _unprobed(session: Session, journal: Journal) -> set[str]:
    """The servers that have not answered yet; empty if there is one server, which the first call probes anyway."""
    servers = {role: endpoint for role, endpoint in session.models.by_role.items() if not endpoint.is_local}
    if session.batch or len({endpoint.address for endpoint in servers.values()}) < 2:
        return set()
    known = journal.usage()
    return {endpoint.address for role, endpoint in servers.items() if (role, endpoint.model) not in known}
