"""SIGKILL at random times: of a run, of the run that goes on, and so on until one is left to end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from statistics import median
from typing import Any

from tests.faults.stories import KILLED, MORE, SMALL, Story, Workshop, drawn_client, workshop
from tests.faults.trial import Finding, Scale, finding

CONCURRENCY = (1, 16, 256)
IN_A_ROW = 4


def trial(scale: Scale) -> Iterable[Finding]:
    """Kills, and runs that were not killed at every concurrency with answers in another order."""
    with workshop() as shop:
        stories = until(scale, "kills", scale.of(1000, 50), lambda rng: killed(shop, rng))
        yield from findings("SIGKILL at random times", "kills", stories)
        orders = range(scale.of(100, 9))
        shuffled = scale.each("orders", orders, lambda n: ordered(shop, n, Random(f"{scale.seed}/orders/{n}")))
        yield finding(
            "same results at any concurrency and order of arrival",
            "byte-identical",
            f"{len(shuffled)} runs at --concurrency 1, 16 and 256 with random delays",
            shuffled,
        )


def until(scale: Scale, name: str, kills: int, attempt: Callable[[Random], dict[str, Any]]) -> list[Any]:
    """What came of as many runs as it takes for so many kills."""
    runs = list[Any]()
    while (short := kills - sum(run["kills"] for run in runs)) > 0:
        more = range(len(runs) + 1 + short // 3)
        runs = scale.each(name, more, lambda place: attempt(Random(f"{scale.seed}/{name}/{place}")))
    return runs


def crashes(runs: list[Any], name: str) -> str:
    """How many crashes of that name there were; a run that ended before its own does not count."""
    kills = [run["kills"] for run in runs if run["kills"]]
    return f"{sum(kills):,} {name} in {len(kills):,} runs"


def findings(what: str, name: str, stories: list[Any]) -> Iterable[Finding]:
    """What stories of crashes have shown."""
    goal = "0 stored answers lost or paid again, results identical"
    yield finding(what, goal, crashes(stories, name), stories)
    yield from paid_in_vain(what, "", stories)


def paid_in_vain(what: str, first: str, stories: list[Any]) -> Iterable[Finding]:
    """What a crash loses at most: the calls that hold a slot, and as many, but at least 3, on their way to the disk.

    A small run never has that many under way where many are allowed: there its width is the bound.
    """
    lost = [tuple(row) for story in stories for row in story["lost"]]
    alone = [n for n, concurrency, _ in lost if concurrency == 1]
    numbers = [n for n, *_ in lost] or [0]
    spread = f"{first}median {median(numbers):g} answers a crash, most {max(numbers)}"
    spread += f"; with 1 in flight most {max(alone)}" if alone else ""
    held = all(n <= min(concurrency + max(3, concurrency), widest) for n, concurrency, widest in lost)
    yield Finding(f"paid and lost: {what}", "at most the calls in flight or on their way to the disk", spread, held)


def killed(shop: Workshop, rng: Random) -> dict[str, Any]:
    """A run that is killed at times drawn by ``rng``, and what was wrong with it."""
    size = rng.choice((SMALL, MORE))
    reference = shop.reference(size)
    story = Story(shop, size, shop.fresh())
    for kill in range(IN_A_ROW + 1):
        after = None if kill == IN_A_ROW else rng.uniform(0.02, reference.seconds)
        process = story.attempt(drawn_client(rng), concurrency=rng.choice(CONCURRENCY), kill_after=after)
        if process.ended.status != KILLED:
            break
        story.look(reference)
    return {"kills": len(story.processes) - 1, **story.outcome(reference)}


def ordered(shop: Workshop, number: int, rng: Random, mutant: str = "") -> dict[str, Any]:
    """A run that nobody kills, whose answers arrive in an order drawn by ``rng``."""
    story = Story(shop, MORE, shop.fresh())
    story.attempt(drawn_client(rng, slowest=0.02), concurrency=CONCURRENCY[number % len(CONCURRENCY)], mutant=mutant)
    return story.outcome(shop.reference(MORE))
