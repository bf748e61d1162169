"""The dry run: after the estimate one call to every model, in a sample conversation, and nothing else."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from personagen.agents import ACTS
from personagen.agents.assistant import of_policy
from personagen.agents.reply_counts import ReplyCounts
from personagen.agents.sample import Scene
from personagen.errors import ReplyError
from personagen.llm.endpoints import Endpoint
from personagen.runs.session import Session


@contextmanager
def folder_of(out: Path, *, dry: bool) -> Iterator[Path]:
    """``out``, or for a ``dry`` run that has no folder yet, one on the same disk that is removed afterwards."""
    if not dry or (out / "journal.db").exists():
        yield out
        return
    parent = next(folder for folder in (out, *out.absolute().parents) if folder.is_dir())
    with tempfile.TemporaryDirectory(prefix=".personagen-dry-run-", dir=parent) as temporary:
        yield Path(temporary) / "run"


async def probe_models(session: Session) -> tuple[str, ...]:
    """One call to each model by the first prompt that it has; says how it went.

    Raises:
        PersonagenError: a model does not answer.
    """
    told: list[str] = []
    seen: set[Endpoint] = set()
    for name in sorted(session.ctx.prompts):
        role = name.partition("/")[0]
        endpoint = session.models.by_role[role]
        act = ACTS.get(name) or of_policy(name)
        if act is None or name in session.ctx.acts or endpoint in seen or endpoint.is_offline:
            continue
        seen.add(endpoint)
        context = replace(session.ctx, attempts=1, counts=ReplyCounts())
        started, before = time.monotonic(), session.tally.calls
        try:
            await act.sample(context, Scene())
            how = "its reply can be used"
        except ReplyError as error:
            how = f"its reply can't be used: {error}"
        asked = "answered" if session.tally.calls > before else "answered in an earlier dry run"
        told.append(f"{endpoint.model} ({name}) {asked} in {time.monotonic() - started:.1f} s; {how}")
    return tuple(told) or ("no model to ask: the offline cast plays every part",)
