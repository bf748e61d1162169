"""The open run folder and models of an environment: the layers of every run, without an end that is planned."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from personagen.agents import custom
from personagen.llm.endpoints import resolve
from personagen.llm.slots import slots
from personagen.options import checked_texts
from personagen.options.environment import EnvironmentOptions
from personagen.prompts.files import folders
from personagen.records import Persona, content_id
from personagen.runs.env_file import load_variables
from personagen.runs.prompts import tuned_prompts
from personagen.runs.report import report_of
from personagen.runs.session import Session, open_models
from personagen.store.folder import open_run

PROMPTS = ("user/speak", "judge/rate", "observer/infer")


@asynccontextmanager
async def opened(
    options: EnvironmentOptions, personas: Sequence[Persona], topics: Sequence[str]
) -> AsyncIterator[Session]:
    """The models behind journal, budget, limits and retries; at the end ``run.json`` says what was used.

    Raises:
        UsageError: the folder holds other files, or an environment with other settings.
        PersonagenError: as ``runs.run.run`` does before its first call.
    """
    load_variables(options.env_file)
    agents = checked_texts(options.agent)
    acts = custom.acts(agents)
    prompts = tuned_prompts((*PROMPTS, *custom.prompts(agents)), folders(options.prompts), options)
    models = resolve(options, {name.partition("/")[0] for name in prompts})
    identity = {
        "model": models.names,
        "seed": options.seed,
        "noise": options.noise,
        "turns": options.turns,
        "attempts": options.attempts,
        "personas": content_id([persona.line().decode() for persona in personas]),
        "topics": content_id(list(topics)),
    }
    with open_run(Path(options.out), "environment", identity, dict(vars(options)), prompts.values()) as folder:
        async with open_models(folder, models, options, prompts, acts, options.attempts) as session:
            for endpoint, total in (await slots(models.by_role.values())).items():
                session.limiter.cap(endpoint, total)
            status = "stopped"
            try:
                yield session
                status = "done"
            finally:
                report = report_of(folder, session, status, counts={}, estimate={}, notes=folder.notes)
                folder.record(replace(report, re_asked=session.tally.re_asked), {})


def used(session: Session) -> dict[str, float | None]:
    """What this process has asked so far: calls, those answered from the journal, tokens, and the cost in USD."""
    tally = session.tally
    return {
        "calls": tally.calls,
        "reused": tally.reused,
        "input_tokens": tally.usage.input_tokens,
        "output_tokens": tally.usage.output_tokens,
        "cost_usd": tally.usage.cost_usd,
    }
