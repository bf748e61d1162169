"""SIGKILL at every step of a small run: before and within every change to its files, at every request and answer.

Kills are followed by one of the process that goes on, at a step drawn at random; and for some steps of a run with one
turn, at each of its steps. Then a third process ends the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from tests.faults.billing import Client
from tests.faults.disk import Operation, operations
from tests.faults.kills import findings
from tests.faults.stories import KILLED, SMALL, TINY, Size, Story, Workshop, workshop
from tests.faults.trial import Finding, Scale

CONCURRENCY = 4
NEVER = 1 << 40
AGAIN = 60  # what the process does to its files that finds its run done already


def trial(scale: Scale) -> Iterable[Finding]:
    """Every step of one run, and every pair of some steps with every other."""
    with workshop() as shop:
        size, rng = TINY if scale.short else SMALL, Random(f"{scale.seed}/steps")
        places = places_of(shop, size, torn=scale.of(1, 3))
        at = {
            place: place if n % scale.of(1, 4) else f"{place}, {rng.choice(places)}" for n, place in enumerate(places)
        }
        stories = scale.each("steps", list(at.values()), lambda at: stepped(shop, size, at))
        tiny = places_of(shop, TINY, torn=1)
        doubles = [f"{at}, {again}" for at in rng.sample(tiny, scale.of(4, 0)) for again in tiny]
        stories += scale.each("doubles", doubles, lambda at: stepped(shop, TINY, at))
        once_more = [f"whole, disk {n}" for n in range(1, AGAIN, scale.of(1, 4))]
        stories += scale.each("reruns", once_more, lambda at: stepped(shop, TINY, at))
        what = f"SIGKILL at every step of {len(shop.reference(size).keys)} calls and of its recovery"
        yield from findings(what, f"kills at {len(places)} steps", stories)


def places_of(shop: Workshop, size: Size, torn: int) -> list[str]:
    """Every step of a run: ``disk 7``, ``torn 7`` (one of so many writes), ``request 7`` and ``answer 7``."""
    calls = range(1, len(shop.reference(size).keys) + 1)
    done = disk_places(recorded(shop, size), torn)
    return [*done, *(f"{when} {n}" for when in ("request", "answer") for n in calls)]


def recorded(shop: Workshop, size: Size, mutant: str = "", *, acks: bool = False) -> list[Operation]:
    """What an undisturbed run does to its files; with its acknowledgements, if they are wanted."""
    story = Story(shop, size, shop.fresh())
    log = shop.folder / "log"
    log.unlink(missing_ok=True)
    story.attempt(Client(), concurrency=CONCURRENCY, disk={"log": log}, mutant=mutant)
    return [op for op in operations(log) if acks or op.kind != "A"]


def disk_places(done: list[Operation], torn: int) -> Iterator[str]:
    """``disk 7``: before the 7th operation; ``torn 7``: within it, where it is a write of some length.

    Answers come in an order of their own, so that a later run may take a few operations more.
    """
    for number in range(1, len(done) + 5):
        yield f"disk {number}"
        if (
            number <= len(done)
            and done[number - 1].kind == "W"
            and len(done[number - 1].data) > 24
            and not number % torn
        ):
            yield f"torn {number}"


def stepped(shop: Workshop, size: Size, places: str, mutant: str = "") -> dict[str, Any]:
    """A run that is killed at the first of ``places``, then at the second, and so on; and what was wrong with it.

    ``whole`` stands for a process that is left to end: the results are promised from then on.
    """
    reference = shop.reference(size)
    story = Story(shop, size, shop.fresh())
    finished = False
    for place in [*places.split(", "), ""]:
        what, _, number = place.partition(" ")
        client = Client(delay=0.001, rng=Random(places))
        disk = {"kill": int(number) if what in ("disk", "torn") else NEVER, "torn": what == "torn"}
        if what in ("request", "answer"):
            client.kill_at, client.after = int(number), what == "answer"
        process = story.attempt(client, concurrency=CONCURRENCY, disk=disk, mutant=mutant)
        finished |= process.ended.status == 0
        if process.ended.status != KILLED and what != "whole":
            break
        story.look(reference, complete=finished)
    kills = sum(process.ended.status == KILLED for process in story.processes)
    return {"kills": kills, **story.outcome(reference)}
