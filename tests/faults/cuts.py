"""Power cuts: what a run did to its files is recorded and cut off somewhere, and a real run goes on with the rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.billing import Bill, Client
from tests.faults.disk import Operation, operations
from tests.faults.driven import Ack, Ended
from tests.faults.kills import CONCURRENCY, findings
from tests.faults.power import Disk, put
from tests.faults.stories import KILLED, SMALL, TINY, Process, Size, Story, Workshop, drawn_client, workshop
from tests.faults.trial import Finding, Scale

CUTS = 10


def trial(scale: Scale) -> Iterable[Finding]:
    """Many cuts of each of many recordings; every third is followed by one of the run that goes on."""
    with workshop() as shop:
        runs = scale.of(1000, 50) // CUTS

        def attempt(number: int) -> dict[str, Any]:
            rng = Random(f"{scale.seed}/cuts/{number}")
            variant = "checkpoints often" if number % 2 else ""
            record = recorded(shop, rng.choice((SMALL, TINY)), rng, variant)
            done = [cut(shop, record, rng, variant, again=n % 3 == 0) for n in range(CUTS)]
            wrong, lost = ([row for one in done for row in one[name]] for name in ("wrong", "lost"))
            return {"kills": len(lost), "wrong": wrong, "lost": lost}

        stories = scale.each("cuts", range(runs), attempt)
        yield from findings("power cuts", "cuts", stories)


@dataclass(frozen=True)
class Recording:
    """What a process did to the files of ``disk``, and what it asked and got meanwhile.

    Then the processes before it, and what was already seen to be wrong.
    """

    size: Size
    disk: Path | None
    done: Sequence[Operation]
    ended: int
    concurrency: int
    before: tuple[Process, ...] = ()
    torn: tuple[str, ...] = ()


def recorded(shop: Workshop, size: Size, rng: Random, mutant: str = "", story: Story | None = None) -> Recording:
    """A run to its end, from the beginning or going on with ``story``."""
    base = None
    if story is None:
        story = Story(shop, size, shop.fresh())
    else:
        base = shop.fresh()
        shutil.copytree(story.folder, base, dirs_exist_ok=True)
    before, log = tuple(story.processes), shop.folder / "log"
    log.write_bytes(b"")
    handle = os.open(log, os.O_WRONLY | os.O_APPEND)
    client, concurrency = drawn_client(rng), rng.choice(CONCURRENCY)
    client.book = lambda bill: _book(handle, bill)
    try:
        process = story.attempt(client, concurrency=concurrency, disk={"log": log}, mutant=mutant)
    finally:
        os.close(handle)
    if status := process.ended.status:
        story.torn.append(f"before a cut a run ended with {status}: {process.ended.said.strip()[-300:]}")
    shutil.rmtree(story.folder)
    return Recording(size, base, tuple(operations(log)), status, concurrency, before, tuple(story.torn))


def _book(log: int, bill: Bill) -> None:
    os.write(log, Operation("B", bill.body).line())


def cut(
    shop: Workshop, record: Recording, rng: Random, mutant: str = "", *, again: bool = False, at: int | None = None
) -> dict[str, Any]:
    """The run goes on after a power cut: drawn, or ``at`` so many operations. With ``again`` there is one more."""
    reference = shop.reference(record.size)
    length = len(record.done)
    if at is None:  # the end comes often: by then the results are promised
        at = length if rng.random() < 0.15 else rng.randrange(length + 1)
    disk = Disk.of(record.disk) if record.disk else Disk()
    for op in record.done[:at]:
        if op.kind not in "AB":
            disk.play(op)
    story = Story(shop, record.size, shop.fresh())
    story.processes += [*record.before, _until(record, at)]
    story.torn += record.torn
    put(disk.cut(rng), story.folder)
    finished = at == length and not record.ended
    story.look(reference, complete=finished)
    if again and not finished:
        return cut(shop, recorded(shop, record.size, rng, mutant, story), rng, mutant)
    story.attempt(drawn_client(rng), concurrency=rng.choice(CONCURRENCY), mutant=mutant)
    return story.outcome(reference)


def _until(record: Recording, at: int) -> Process:
    """The process as it was when the power went."""
    bills = [Bill(op.path, 0.0) for op in record.done[:at] if op.kind == "B"]
    acks = tuple(Ack(op.path, *op.data.decode().split()) for op in record.done[:at] if op.kind == "A")
    return Process(Client(bills=bills), Ended(KILLED, acks, "", 0.0), record.concurrency)
