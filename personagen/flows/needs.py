"""What ``simulate`` and ``expand`` still need in their run folder: calls and tokens by role, and room on the disk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from itertools import islice
from statistics import fmean

from personagen.agents import author
from personagen.agents.ask import AgentContext
from personagen.flows.conversation import levels
from personagen.flows.plan import Plans
from personagen.options import ENCODER, ExpandOptions, SimulateOptions
from personagen.personas.seeds import Seeds
from personagen.records import Kind, Persona
from personagen.runs.estimate import Estimate, Need, estimated, grown_before, stored
from personagen.runs.session import Session
from personagen.runs.tokens import (
    BYTES_A_TOKEN,
    FEWEST_BYTES,
    Length,
    Shape,
    Size,
    authoring,
    conversation,
    longest,
    typical,
)
from personagen.store.folder import Run

SHORT = 0.5  # of the usual length, in the low estimate
SAMPLE = 1000  # personas whose length is looked at; they stand in a drawn order
ADMITTED = 0.8  # of what an author writes; a capable model's, early in the growth of a pool
FEWEST_TOKENS = 40  # of a description that passes the screens
EMBEDDED = 115.0  # tokens of a description
BATCH = 128  # texts an encoder is sent in a call
# Bytes on disk, measured: of a folder with nothing in it, and besides their texts of a stored answer, a node, a verdict
# and a pair; of a persona with its text.
FOLDER, ANSWER, NODE, VERDICT, PAIR, PERSONA = 60_000, 620, 160, 330, 900, 2500


async def of_simulation(run: Run, session: Session, options: SimulateOptions, plans: Plans, done: Set[int]) -> Estimate:
    """The estimate for the conversations that are not ``done``."""
    left = len(plans) - len(done)
    _, plan = next(iter(plans))
    shape = Shape(options.turns, levels(plan), options.candidates)
    finished = {plan.id for slot, plan in islice(plans, max(done, default=-1) + 1) if slot in done}
    begun, mean = stored(run, finished, apart=options.grow != "best")
    people = [plan.persona for slot, plan in islice(plans, SAMPLE + len(done)) if slot not in done] or [plan.persona]
    ctx = session.ctx
    usual, short = typical(ctx), typical(ctx, SHORT)
    whole = mean or await _mean(ctx, people, shape, usual)
    briefly = await _mean(ctx, people, shape, short)
    most = await _mean(ctx, people, shape, longest(ctx), FEWEST_BYTES)
    needs: dict[str, Need] = {}
    for role, size in most.items():
        there = begun.get(role, Size())
        expected = whole.get(role, Size()).times(left).left(there)
        needs[role] = Need(
            low=briefly[role].times(left).left(there).at_most(expected),
            expected=expected,
            upper=size.times(options.attempts * left).left(there),
        )
    what = f"{left:,} conversations x {options.turns} turns"
    return estimated(run, session, what, needs, _bytes(needs, shape, left, fmean(map(_length, people))))


async def of_expansion(
    run: Run, session: Session, options: ExpandOptions, seeds: Seeds, targets: Mapping[Kind, int]
) -> Estimate:
    """The estimate for pools that are to have their ``targets``."""
    known = grown_before(run)
    finished = {kind for kind, grown in known.items() if grown.finished}
    begun, _ = stored(run, {f"{kind}/{n}" for kind in finished for n in range(known[kind].rounds)}, apart=False)
    ctx, prompts = session.ctx, session.ctx.prompts
    total = {"low": Size(), "expected": Size(), "upper": Size()}
    new, least = 0, Size()
    embedded = {"expected": Size(), "upper": Size()}
    for kind, entries in zip(author.PROMPTS, (seeds.profiles, seeds.personalities), strict=True):
        texts = sorted((entry.text for entry in entries), key=len)
        middle = max(0, (len(texts) - options.examples) // 2)
        needed = max(0, targets[kind] - len(texts))
        mean, rounds = _calls(needed, options)
        most, most_rounds = _most_calls(needed, options, ctx.attempts)
        missing = targets[kind] - max(len(texts), known[kind].size if kind in known else 0)
        new += max(0, missing)
        for name, length, calls in (
            ("low", typical(ctx, SHORT), mean),
            ("expected", typical(ctx), mean),
            ("upper", longest(ctx), most),
        ):
            call = await authoring(prompts, kind, texts[middle:][: options.examples], options.count, length)
            total[name] += call.times(0 if kind in finished else calls)
            if name == "expected" and kind not in finished and begun:
                # However much is stored, what is missing takes a round, of as many calls as a weak author is given.
                least += call.times(min(options.calls_per_round, math.ceil(10 * max(0, missing) / options.count)))
        written = max(options.count, (prompts[author.PROMPTS[kind]].sampling.max_tokens or 0) // FEWEST_TOKENS)
        embedded["expected"] += _embedding(len(texts), rounds, mean * options.count)
        embedded["upper"] += _embedding(len(texts), most_rounds, most * written)
    low, expected, upper = (size.left(begun.get("author", Size())) for size in total.values())
    expected = (expected + least.left(expected)).at_most(upper)
    needs = {"author": Need(low.at_most(expected), expected, upper)}
    if ENCODER in session.endpoints and len(finished) < len(targets):
        there = begun.get(ENCODER, Size())
        usual, most_of_it = (embedded[name].left(there) for name in ("expected", "upper"))
        needs[ENCODER] = Need(usual, usual, most_of_it)
    size = sum(need.expected.calls * ANSWER + need.expected.output * BYTES_A_TOKEN * 1.1 for need in needs.values())
    size += targets["profile"] * options.per_profile * PERSONA
    return estimated(run, session, f"{new:,} new descriptions", needs, size)


async def _mean(
    ctx: AgentContext, people: Sequence[Persona], shape: Shape, length: Length, bytes_a_token: float = BYTES_A_TOKEN
) -> dict[str, Size]:
    """What a conversation takes on average: between the two personas that are nearest to the mean in length."""
    mean = fmean(map(_length, people))
    below = max((p for p in people if _length(p) <= mean), key=_length, default=people[0])
    above = min((p for p in people if _length(p) >= mean), key=_length, default=people[0])
    share = (mean - _length(below)) / max(1, _length(above) - _length(below))
    low = await conversation(ctx.prompts, below, shape, length, bytes_a_token)
    if _length(above) == _length(below):
        return low
    high = await conversation(ctx.prompts, above, shape, length, bytes_a_token)
    return {role: size.times(1 - share) + high[role].times(share) for role, size in low.items()}


def _length(persona: Persona) -> int:
    return len(persona.profile) + len(persona.personality)


def _bytes(needs: Mapping[str, Need], shape: Shape, trees: int, persona: float) -> float:
    """How much the run folder grows: each answer in the journal, and twice what a tree gives to the result files."""
    sizes = {role: need.expected for role, need in needs.items()}
    said = BYTES_A_TOKEN * 1.05 * sum(size.output for size in sizes.values())
    answers = sum(size.calls for size in sizes.values()) * ANSWER + said
    nodes = (sizes["user"].calls + sizes["assistant"].calls) * NODE
    pairs = sizes["assistant"].input / shape.candidates * BYTES_A_TOKEN + sizes["user"].calls * PAIR
    pairs += sizes["assistant"].output * BYTES_A_TOKEN / shape.candidates * 2
    tree = nodes + sizes["judge"].calls * VERDICT + said + trees * 3 * persona
    return answers + 2 * (tree + pairs) + (FOLDER if trees else 0)


def _calls(needed: int, options: ExpandOptions) -> tuple[int, int]:
    """Calls and rounds until ``needed`` descriptions are admitted, as they are usually admitted."""
    calls = rounds = 0
    rate, missing = 1.0, float(needed)
    while missing >= 1:
        now = min(options.calls_per_round, math.ceil(missing / (options.count * rate)))
        calls, rounds, rate = calls + now, rounds + 1, ADMITTED
        missing -= now * options.count * ADMITTED
    return calls, rounds


def _most_calls(needed: int, options: ExpandOptions, attempts: int) -> tuple[int, int]:
    """The most calls and rounds: every description that is admitted takes as many rounds as do not end the growth."""
    full = options.calls_per_round * options.count / 10  # as many as a full round is enough for, one in ten admitted
    few = min(needed, math.floor(full))
    least = sum(math.ceil(10 * missing / options.count) for missing in range(1, few + 1))
    calls = min(least, few * options.calls_per_round) + (needed - few) * options.calls_per_round
    return calls * options.saturation * attempts, needed * options.saturation


def _embedding(seeds: int, rounds: int, texts: int) -> Size:
    calls = math.ceil(seeds / BATCH) * 2 + rounds + texts // BATCH
    return Size(calls, (texts + 2 * seeds) * EMBEDDED, 0.0, 0.0)
