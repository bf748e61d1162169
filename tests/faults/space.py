"""A disk that is full, and one that refuses to sync: what was stored stays, the run says so, and goes on later."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from personagen.errors import DiskError
from tests.faults.billing import Client
from tests.faults.disk import Operation
from tests.faults.steps import CONCURRENCY, recorded
from tests.faults.stories import SMALL, TINY, Story, Workshop, workshop
from tests.faults.trial import Finding, Scale, finding

REFUSED = DiskError.exit_code
SHARE = 0.75  # of the runs that must say so; the others got by with less than the one that was recorded


def trial(scale: Scale) -> Iterable[Finding]:
    """Full at sizes spread over what a run writes; refusing at every sync."""
    with workshop() as shop:
        size = TINY if scale.short else SMALL
        done = recorded(shop, size)
        grown, syncs = _grown(done), sum(op.kind in "SD" for op in done)
        rooms = [grown * n // 25 for n in range(20)]  # in another order of arrival a run grows by a sixth less
        numbers = list(range(1, syncs + 1))
        if scale.short:
            numbers = sorted({1, syncs // 4, syncs // 2, 3 * syncs // 4, syncs})
        full = scale.each("full", rooms, lambda room: refused(shop, size, f"room {room}"))
        failed = scale.each("sync", numbers, lambda number: refused(shop, size, f"sync {number}"))
    yield _finding(f"disk full at {len(rooms)} sizes up to {rooms[-1] // 1000} kB", full)
    yield _finding(f"every sync fails from the n-th on, at {len(numbers)} of {syncs}", failed)


def _grown(done: list[Operation]) -> int:
    """How many bytes all files of a run grow by, as the failing disk counts them."""
    sizes: dict[str, int] = {}
    grown = 0
    for op in done:
        before = sizes.get(op.path, 0)
        if op.kind == "W":
            sizes[op.path] = max(before, op.at + len(op.data))
            grown += sizes[op.path] - before
        elif op.kind == "T":
            sizes[op.path] = op.at
        elif op.kind == "R":
            sizes[op.data.decode()] = sizes.pop(op.path, 0)
        elif op.kind == "U":
            sizes.pop(op.path, None)
    return grown


def refused(shop: Workshop, size: Any, what: str, mutant: str = "") -> dict[str, Any]:
    """A run whose disk refuses, tried twice, and once more after it is mended.

    What was wrong, what it paid and lost, and whether the first process said that the disk refused.
    """
    reference, story = shop.reference(size), Story(shop, size, shop.fresh())
    kind, _, number = what.partition(" ")
    wrong: list[str] = []
    for _ in range(2):
        client, disk = Client(delay=0.002, rng=Random(what)), {kind: int(number)}
        ended = story.attempt(client, concurrency=CONCURRENCY, disk=disk, expected=REFUSED, mutant=mutant).ended
        if ended.status and (ended.said.count("personagen: ") != 1 or "Traceback" in ended.said):
            wrong.append(f"not one sentence: {ended.said[-300:]}")
        wrong += [
            f"{name} holds other lines"
            for name, found in story.results().items()
            if _strange(found, reference.files[name])
        ]
    story.attempt(Client(delay=0.002, rng=Random(what)), concurrency=CONCURRENCY)
    said, outcome = story.processes[0].ended.status == REFUSED, story.outcome(reference)
    return {"wrong": wrong + outcome["wrong"], "lost": sum(lost for lost, *_ in outcome["lost"]), "said": said}


def _strange(found: bytes, whole: bytes) -> bool:
    return not set(found.splitlines(keepends=True)) <= set(whole.splitlines(keepends=True))


def _finding(what: str, outcomes: list[Any]) -> Finding:
    most, said = max(outcome["lost"] for outcome in outcomes), sum(outcome["said"] for outcome in outcomes)
    return finding(
        what,
        "exit 74 in one sentence; nothing lost, corrupt or paid again; the same bytes once it is repaired",
        f"{len(outcomes)} runs, {said} of them ended with 74; at most {most} calls in flight paid and lost",
        outcomes,
        most <= 2 * CONCURRENCY and said >= SHARE * len(outcomes),
    )
