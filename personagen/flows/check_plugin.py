"""``check-plugin``: tries a user's function against its contract, on samples and without a model."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from personagen.agents import ACTS, EVALUATION, custom
from personagen.agents.ask import AgentContext, CallSite
from personagen.agents.assistant import plain
from personagen.agents.sample import SAMPLE, Scene
from personagen.encoders import open_encoder
from personagen.errors import QualityError, ReplyError, ServerError, UsageError
from personagen.exporters.columns import chat
from personagen.flows.expand import filter_of
from personagen.flows.export import export
from personagen.flows.reward import BATCHED, scorer
from personagen.flows.simulate import simulate
from personagen.llm.connect import DEFAULT, connect
from personagen.llm.endpoints import OFFLINE, Endpoint
from personagen.llm.middleware import Tally
from personagen.options import ROLES, SimulateOptions
from personagen.personas import pool
from personagen.personas.filters import Rules, candidate
from personagen.personas.seeds import load_seeds
from personagen.plugins import function, location
from personagen.prompts import files

MODEL, CANDIDATE, FILTER, FORMAT, REWARD = KINDS = ("model", "candidate", "filter", "format", "reward")
REPLACED = tuple(name for name in ACTS if not name.startswith("assistant/"))
SECONDS = 30.0  # for a request of a model
SAMPLES = 10  # descriptions that a filter sees


@dataclass(frozen=True)
class PluginReport:
    """What came of it: the ``kind`` of plug-in, where it is defined, a row for each thing tried, and how to use it."""

    name: str
    kind: str
    defined: str
    rows: tuple[tuple[str, str], ...]
    use: str


async def check_plugin(name: str, kind: str = "") -> PluginReport:
    """Tries the function ``name`` as one of ``KINDS`` or ``REPLACED``, by default as what its signature says.

    Raises:
        UsageError: it can't be loaded, or its signature is that of no kind, or of several.
        ConfigError: it raised an error, or returned something of the wrong type.
        QualityError: no reply of a model could be used.
    """
    found = function(name)
    kind = kind or _kind_of(name, found)
    if kind == MODEL:
        rows, use = await _model(name)
    elif kind == CANDIDATE:
        rows, use = await _candidate(name)
    elif kind == FILTER:
        rows, use = await _filter(name)
    elif kind == FORMAT:
        rows, use = await _format(name)
    elif kind == REWARD:
        rows, use = await _reward(name)
    elif kind in REPLACED:
        rows, use = await _agent(kind, name)
    else:
        raise UsageError(f"--as {kind}: choose one of {', '.join((*KINDS, *REPLACED))}")
    return PluginReport(name, kind, location(found), tuple(rows), f"personagen {use}")


def _kind_of(name: str, found: Any) -> str:
    """The kind whose parameters ``found`` takes; if several, the one with the most names in common."""
    try:
        given = list(inspect.signature(found).parameters)
    except (TypeError, ValueError):
        raise UsageError(f"{name} does not tell its parameters; say what it is with --as") from None
    contracts = {MODEL: ["call"], CANDIDATE: _parameters(plain), FILTER: ["candidate", "view"]}
    contracts |= {
        FORMAT: ["trees", "pairs"],
        REWARD: ["prompt", "reply"],
        **{act: _parameters(ACTS[act].function) for act in REPLACED},
    }
    if {"base_url", "api_key", "timeout"} <= {*given}:
        return MODEL
    if tuple(given) == BATCHED:
        return REWARD
    same = {kind: len({*given} & {*names}) for kind, names in contracts.items() if len(names) == len(given)}
    best = [kind for kind, count in same.items() if count == max(same.values())]
    if len(best) == 1 and (same[best[0]] or best == [MODEL]):
        return best[0]
    fits = f"could be {' or '.join(best)}: say which with --as" if best else "fits no kind of plug-in"
    ways = "; ".join(f"{kind}({', '.join(names)})" for kind, names in contracts.items() if not best or kind in best)
    raise UsageError(f"{name}({', '.join(given)}) ({location(found)}) {fits}; the kinds are {ways}")


def _parameters(like: Any) -> list[str]:
    return [name.lstrip("_") for name in inspect.signature(like).parameters]


async def _context(stack: AsyncExitStack, model: str, prompts: Sequence[str] = ()) -> AgentContext:
    llm = await stack.enter_async_context(connect({DEFAULT: Endpoint(model)}, timeout=SECONDS))
    where = files.folders(None)
    loaded = {name: files.load(name, where) for name in (*ACTS, *prompts)}
    return AgentContext(llm, loaded, dict.fromkeys(ROLES, model), Tally(), attempts=1)


async def _model(name: str) -> tuple[list[tuple[str, str]], str]:
    said: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        ctx = await _context(stack, name)
        for act in (name for name in ACTS if name not in EVALUATION):
            try:
                await ACTS[act].sample(ctx, Scene())
                said[act] = ""
            except (ReplyError, ServerError) as error:
                said[act] = str(error).rpartition(" attempt: ")[2]
    roles = [role for role in ROLES if not any(why for act, why in said.items() if act.startswith(f"{role}/"))]
    if not roles:
        raise QualityError(f"{name} gave no usable reply; {next(iter(said.values()))}")
    words = f"--model {name}" if roles == [*ROLES] else " ".join(f"--model {role}={name}" for role in roles)
    return [(act, why or "ok") for act, why in said.items()], f"simulate {words}"


async def _candidate(name: str) -> tuple[list[tuple[str, str]], str]:
    [found], scene = custom.candidates([name]), Scene()
    async with AsyncExitStack() as stack:
        ctx = await _context(stack, OFFLINE, custom.prompts([name]))
        answer = await found.reply(ctx, scene.conversation, scene.known, CallSite())
    rows = [("reply", answer.value.text)]
    rows += [("rejected", objection.reason) for objection in answer.objections[-answer.dropped :] if answer.dropped]
    return rows, f"simulate --candidate plain --candidate {name}"


async def _agent(act: str, name: str) -> tuple[list[tuple[str, str]], str]:
    entries = [f"{act}={name}"]
    [found] = custom.acts(entries).values()
    async with AsyncExitStack() as stack:
        ctx = await _context(stack, OFFLINE, custom.prompts(entries))
        answer = await found(ctx, *ACTS[act].inputs(Scene()), CallSite())
    command = "expand" if act.startswith("author/") else "simulate"
    return [("answer", str(answer.value))], f"{command} --agent {act}={name}"


async def _filter(name: str) -> tuple[list[tuple[str, str]], str]:
    ask, seeds, reasons = filter_of(name), load_seeds(None), Counter[str]()
    tried = 0
    for entries in (seeds.profiles, seeds.personalities):
        pooled, others = entries[:-SAMPLES], entries[-SAMPLES:]
        async with open_encoder("hashed", [entry.text for entry in entries]) as encoder:
            view = pool.start(pooled, await encoder.encode([entry.text for entry in pooled]), Rules())
            vectors = await encoder.encode([entry.text for entry in others])
        for entry, vector in zip(others, vectors, strict=True):
            tried += 1
            if refusal := ask(candidate(entry, entry.source, vector), view):
                reasons[refusal.reason] += 1
    rows = [("rejected", f"{reasons.total()} of {tried} seeds")]
    return [*rows, *(("", f"{n}: {reason}") for reason, n in reasons.most_common(3))], f"expand --filter {name}"


async def _format(name: str) -> tuple[list[tuple[str, str]], str]:
    with TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        await simulate(SimulateOptions(personas=[SAMPLE], conversations=2, turns=3, out=run))
        summary = export(run, name, Path(folder) / "rows.jsonl")
        first = (Path(folder) / "rows.jsonl").read_text(encoding="utf-8").partition("\n")[0]
    return [("rows", f"{summary.rows} from 2 conversations"), ("first", first)], f"export outputs/run --format {name}"


async def _reward(name: str) -> tuple[list[tuple[str, str]], str]:
    scene = Scene()
    values = await scorer(name)([chat(scene.conversation)] * len(scene.replies), scene.replies)
    return [(f"{value:g}", reply) for value, reply in zip(values, scene.replies, strict=True)], (
        f"evaluate --reward {name} outputs/run"
    )
