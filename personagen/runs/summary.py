"""What the summaries of ``expand`` and ``simulate`` have in common, and how they are kept."""

from __future__ import annotations

import time
from typing import Any

import orjson

from personagen.runs.estimate import Estimate
from personagen.runs.session import Session
from personagen.store.folder import Run

_APART = ("usage", "usage_by_role", "out", "estimate")  # what ``run.json`` has elsewhere


def figures(run: Run, session: Session, estimate: Estimate) -> dict[str, Any]:
    """What every summary tells of calls, money and time, by the names of its fields."""
    calls, usage, by_role = run.usage()
    limiter, tally = session.limiter, session.tally
    return {
        "re_asked": tally.re_asked,
        "retried": limiter.retried,
        "refused": limiter.refused,
        "concurrency": limiter.highest,
        "calls": calls,
        "new_calls": tally.calls,
        "reused_calls": tally.reused,
        "usage": usage.model_dump(),
        "usage_by_role": by_role,
        "estimate": estimate.against(tally),
        "unsupported": _unsupported(run, session),
        "seconds": time.monotonic() - session.began,
    }


def record(run: Run, summary: Any) -> None:
    """Writes the ``summary`` of a flow into ``run.json``."""
    told = {name: value for name, value in vars(summary).items() if name not in _APART}
    run.record(summary.status, told, summary.estimate)


def _unsupported(run: Run, session: Session) -> dict[str, list[str]]:
    """What the servers of this run refused, so that requests were sent without it; earlier processes' too."""
    before: dict[str, list[str]] = orjson.loads(run.journal.setting("unsupported") or "{}")
    told = dict(before)
    for server, parts in session.refused.items():
        named = parts - {"max_tokens"}  # that is never left out: it has two names, and the other one is sent
        if named:
            told[server] = sorted(named.union(told.get(server, ())))
    if told != before:
        run.journal.put_settings({"unsupported": orjson.dumps(told).decode()})
    return told
