"""SIGKILL at random times: of a run, of the run that goes on, and so on until one is left to end."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from statistics import median
from typing import Any

from tests.faults.stories import KILLED, MORE, SMALL, Story, Workshop, drawn_client, workshop
from tests.faults.trial import Finding, Scale

CONCURRENCY = (1, 16, 256)
IN_A_ROW = 4


def trial(scale: Scale) -> Iterable[Finding]:
    """Kills, and runs that were not killed at every concurrency with answers in another order."""
    with workshop() as shop:
        wanted, stories = scale.of(1000, 50), list[Any]()
        while (short := wanted - sum(story["kills"] for story in stories)) > 0:
            more = range(len(stories) + 1 + short // 3)
            stories = scale.each("kills", more, lambda place: killed(shop, Random(f"{scale.seed}/kills/{place}")))
        yield from findings("SIGKILL at random times", wanted - short, "kills", stories)
        orders = range(scale.of(100, 9))
        shuffled = scale.each("orders", orders, lambda n: ordered(shop, n, Random(f"{scale.seed}/orders/{n}")))
        wrong = [fault for story in shuffled for fault in story["wrong"]]
        yield Finding(
            "same results at any concurrency and order of arrival",
            "byte-identical",
            f"{len(shuffled)} runs at --concurrency 1, 16 and 256 with random delays: {summed(wrong)}",
            not wrong,
        )


def findings(what: str, crashes: int, name: str, stories: list[Any]) -> Iterable[Finding]:
    """What stories of crashes have shown."""
    wrong = [fault for story in stories for fault in story["wrong"]]
    measured = f"{crashes:,} {name} in {len(stories):,} runs: {summed(wrong)}"
    yield Finding(what, "0 stored answers lost or paid again, results identical", measured, not wrong)
    yield from paid_in_vain(what, "", stories)


def paid_in_vain(what: str, first: str, stories: list[Any]) -> Iterable[Finding]:
    """What a crash loses at most: the calls that hold a slot, and as many, but at least 3, on their way to the disk."""
    lost = [tuple(row) for story in stories for row in story["lost"]]
    alone = [n for n, concurrency in lost if concurrency == 1]
    numbers = [n for n, _ in lost] or [0]
    spread = f"{first}median {median(numbers):g} answers a crash, most {max(numbers)}"
    spread += f"; with 1 in flight most {max(alone)}" if alone else ""
    held = all(n <= concurrency + max(3, concurrency) for n, concurrency in lost)
    yield Finding(f"paid in vain: {what}", "at most the calls in flight or on their way to the disk", spread, held)


def killed(shop: Workshop, rng: Random, mutant: str = "") -> dict[str, Any]:
    """A run that is killed at times drawn by ``rng``, and what was wrong with it."""
    size = rng.choice((SMALL, MORE))
    reference = shop.reference(size)
    story = Story(shop, size, shop.fresh())
    for kill in range(IN_A_ROW + 1):
        after = None if kill == IN_A_ROW else rng.uniform(0.02, 1.2 * reference.seconds)
        process = story.attempt(drawn_client(rng), concurrency=rng.choice(CONCURRENCY), kill_after=after, mutant=mutant)
        if process.ended.status != KILLED:
            break
        story.look(reference)
    return {"kills": len(story.processes) - 1, **story.outcome(reference)}


def ordered(shop: Workshop, number: int, rng: Random, mutant: str = "") -> dict[str, Any]:
    """A run that nobody kills, whose answers arrive in an order drawn by ``rng``."""
    story = Story(shop, MORE, shop.fresh())
    story.attempt(drawn_client(rng, slowest=0.02), concurrency=CONCURRENCY[number % len(CONCURRENCY)], mutant=mutant)
    return story.outcome(shop.reference(MORE))


def summed(wrong: list[str]) -> str:
    """The faults in a few words."""
    return f"{len(wrong)} faults, such as: {wrong[0]}" if wrong else "0 faults"
