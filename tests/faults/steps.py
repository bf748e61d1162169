"""SIGKILL at every step of a small run: before and within every change to its files, at every request and answer.

Every kill is followed by one of the process that goes on, at a step drawn at random; and for some steps, at each of its
steps. Then a third process ends the run.
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


def trial(scale: Scale) -> Iterable[Finding]:
    """Every step of one run."""
    size = SMALL if not scale.short else TINY
    with workshop() as shop:
        first = recorded(shop, size)
        calls = len(shop.reference(size).keys)
        places = [*disk_places(first), *(f"{when} {n}" for when in ("request", "answer") for n in range(1, calls + 1))]
        rng = Random(f"{scale.seed}/steps")
        then = {at: f"{at}, {rng.choice(places)}" for at in places}
        stories = scale.each("steps", list(then.values()), lambda at: stepped(shop, size, at))
        chosen = sorted(rng.sample(places, scale.of(6, 0)), key=places.index)
        doubles = [f"{at}, {again}" for at in chosen for again in places]
        stories += scale.each("doubles", doubles, lambda at: stepped(shop, size, at))
        crashes = sum(story["kills"] for story in stories)
        what = f"SIGKILL at every step of {calls} calls and of its recovery"
        yield from findings(what, crashes, f"kills at {len(places)} steps", stories)


def recorded(shop: Workshop, size: Size) -> list[Operation]:
    """What an undisturbed run does to its files."""
    story = Story(shop, size, shop.fresh())
    log = shop.folder / "log"
    log.unlink(missing_ok=True)
    story.attempt(Client(), concurrency=CONCURRENCY, disk={"log": log})
    return [op for op in operations(log) if op.kind not in "AB"]


def disk_places(done: list[Operation]) -> Iterator[str]:
    """``disk 7``: before the 7th operation; ``torn 7``: within it, where it is a write of some length.

    Answers come in an order of their own, so that a later run may take a few operations more.
    """
    for number in range(1, len(done) + 5):
        yield f"disk {number}"
        if number <= len(done) and done[number - 1].kind == "W" and len(done[number - 1].data) > 24:
            yield f"torn {number}"


def stepped(shop: Workshop, size: Size, places: str, mutant: str = "") -> dict[str, Any]:
    """A run that is killed at the first of ``places``, then at the second, and so on; and what was wrong with it."""
    reference = shop.reference(size)
    story = Story(shop, size, shop.fresh())
    for place in [*places.split(", "), ""]:
        what, _, number = place.partition(" ")
        client = Client(delay=0.001, rng=Random(places))
        disk = {"kill": int(number), "torn": what == "torn"} if what in ("disk", "torn") else {}
        if what in ("request", "answer"):
            client.kill_at, client.after = int(number), what == "answer"
        process = story.attempt(client, concurrency=CONCURRENCY, disk=disk, mutant=mutant)
        if process.ended.status != KILLED:
            break
        story.look(reference)
    kills = sum(process.ended.status == KILLED for process in story.processes)
    return {"kills": kills, **story.outcome(reference)}
