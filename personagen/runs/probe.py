"""Whether every endpoint answers, found out before much is paid at any.

The first request itself proves its endpoint: it is a question the run needs, and it goes alone (``first_call_alone``).
``prove`` has the other endpoints asked as early as that is possible, before any more is paid at the first one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from personagen.llm.connect import is_local
from personagen.runs.schedule import Job
from personagen.runs.session import Session, address_of
from personagen.store.folder import Run


async def prove(run: Run, session: Session, jobs: Iterator[Job]) -> AsyncIterator[Job]:
    """``jobs``, of which the first ones are begun one by one until every endpoint was asked once.

    So a wrong key or name of a judge's model is met after one turn of one conversation, not after one turn of each.
    What was asked was needed, and each job goes on with the steps that it has left.
    """
    waiting = _to_prove(run, session)
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


def _to_prove(run: Run, session: Session) -> set[str]:
    """The servers that have not answered yet, where there are several; a single one is proven by the first call."""
    servers = {role: endpoint for role, endpoint in session.endpoints.items() if not is_local(endpoint.model)}
    if session.batch or len({address_of(endpoint) for endpoint in servers.values()}) < 2:
        return set()
    known = run.journal.usage()
    return {address_of(e) for role, e in servers.items() if (role, e.model) not in known}
