"""What every run reports of itself, in ``run.json`` and on the screen."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from personagen.agents.reply_counts import discarded_part
from personagen.llm.endpoints import Models
from personagen.runs.advice import advice
from personagen.runs.session import Session
from personagen.runs.workflow import RunReport
from personagen.store.folder import Run


def report_of(
    folder: Run,
    session: Session,
    status: str,
    *,
    counts: Mapping[str, Any],
    estimate: dict[str, Any],
    notes: tuple[str, ...],
) -> RunReport:
    """What a run reports, from its folder, what ``session`` did and the ``counts`` of replies that were discarded."""
    calls, usage, by_role = folder.usage()
    limiter, tally = session.limiter, session.tally
    discarded = discarded_part(counts)
    return RunReport(
        out=str(folder.folder),
        status=status,
        re_asked=sum(discarded["re_asked"].values()),
        discarded=discarded,
        advice=advice(counts, session.ctx.prompts),
        retried=limiter.retried,
        refused=limiter.refused,
        peak_concurrency=limiter.highest,
        calls=calls,
        new_calls=tally.calls,
        reused_calls=tally.reused,
        usage=usage.model_dump(),
        usage_by_role=by_role,
        estimate=estimate,
        unsupported=_unsupported(folder, session.models),
        seconds=time.monotonic() - session.began,
        notes=notes,
    )


def _unsupported(folder: Run, models: Models) -> dict[str, list[str]]:
    """Request parts that servers refused, by address, in this and earlier processes."""
    before: dict[str, list[str]] = orjson.loads(folder.journal.setting("unsupported") or "{}")
    now = dict(before)
    for endpoint in models.by_role.values():
        parts = endpoint.refused - {"max_tokens"}  # never omitted: it is sent under its other name
        if parts:
            now[endpoint.address] = sorted(parts.union(now.get(endpoint.address, ())))
    if now != before:
        folder.journal.put_settings({"unsupported": orjson.dumps(now).decode()})
    return now
