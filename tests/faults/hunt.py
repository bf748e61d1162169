"""The hunt for mutants: each is run only where it can be seen, until it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from random import Random
from typing import Any

from personagen.errors import ConfigError, InUseError
from tests.faults import cuts, kills, space, spending, steps
from tests.faults.billing import Client
from tests.faults.driven import Driver
from tests.faults.mutants import MUTANTS
from tests.faults.stories import SMALL, TINY, Size, Story, Workshop, workshop
from tests.faults.trial import Finding, Scale

TRIES, CONTROLS = 60, 2
# A check tries one place after another and gives what was wrong at each.
Check = Callable[[Workshop, str, Random], Iterator[list[str]]]


def trial(scale: Scale) -> Iterable[Finding]:
    """Every mutant, and the program itself under the same checks, which must find nothing."""
    with workshop() as shop:

        def hunted(name: str) -> dict[str, Any]:
            tries = islice(CHECKS[MUTANTS[name].check](shop, name, Random(f"{scale.seed}/{name}")), TRIES)
            return next(({"tries": n, "seen": wrong[0]} for n, wrong in enumerate(tries, 1) if wrong), {})

        def control(check: str) -> dict[str, Any]:
            tries = CHECKS[check](shop, "", Random(f"{scale.seed}/{check}"))
            return {"seen": [fault for wrong in islice(tries, CONTROLS) for fault in wrong]}

        clean = scale.each("controls", CHECKS, control)
        found = scale.each("mutants", MUTANTS, hunted)
    survivors = [MUTANTS[row["at"]].what for row in found if "seen" not in row]
    false = [fault for row in clean for fault in row["seen"]]
    caught = f"{len(found) - len(survivors)} of {len(found)} caught"
    caught += f"; not: {'; '.join(survivors)}" if survivors else ""
    caught += f"; and without a mutant: {false[0]}" if false else ""
    yield Finding("mutants of the program", "every one caught", caught, not survivors and not false)


def _at(shop: Workshop, mutant: str, places: Iterable[str], size: Size = TINY) -> Iterator[list[str]]:
    for place in places:
        yield steps.stepped(shop, size, place, mutant)["wrong"]


def _answers(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    return _at(shop, mutant, (f"answer {n}" for n in (5, 4, 6, 3)))


def _calls(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    """Every operation from the first answer on."""
    kinds = [op.kind for op in steps.recorded(shop, TINY, mutant, acks=True)]
    begin = sum(kind != "A" for kind in kinds[: kinds.index("A")])
    return _at(shop, mutant, (f"disk {n}" for n in range(begin, len(kinds))))


def _results(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    """Every operation after the last answer."""
    kinds = [op.kind for op in steps.recorded(shop, TINY, mutant, acks=True)]
    begin = sum(kind != "A" for kind in kinds[: len(kinds) - kinds[::-1].index("A")])
    return _at(shop, mutant, (f"disk {n}" for n in range(begin, len(kinds))))


def _cuts(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    record = cuts.recorded(shop, TINY, rng, mutant)
    while True:
        yield cuts.cut(shop, record, rng, mutant)["wrong"]


def _ends(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    record = cuts.recorded(shop, TINY, rng, mutant)
    while True:
        yield cuts.cut(shop, record, rng, mutant, at=len(record.done))["wrong"]


def _orders(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    while True:
        yield kills.ordered(shop, 1, rng, mutant)["wrong"]


def _spent(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    while True:
        yield spending.spent(shop, rng, mutant)["wrong"]


def _twins(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    """Two personas in the same words: their questions are the same, and each is paid for once."""
    size = Size(1, 1, twins=1)
    while True:
        story = Story(shop, size, shop.fresh())
        story.attempt(Client(delay=0.005), mutant=mutant)
        yield story.outcome(shop.reference(size))["wrong"]


def _refused(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    """A key that the server refuses costs one request."""
    while True:
        story, client = Story(shop, SMALL, shop.fresh()), Client(refuse=401)
        ended = story.attempt(client, mutant=mutant).ended
        expected = client.requests == 1 and ended.status == ConfigError.exit_code
        yield [] if expected else [f"a refused key: {client.requests} requests, and it ended with {ended.status}"]


def _full(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    """A disk that fills up in the middle."""
    while True:
        full = space.refused(shop, SMALL, "room 150000", mutant)
        yield [*full["wrong"], *([] if full["said"] else ["it did not end with 74"])]


def _raced(shop: Workshop, mutant: str, rng: Random) -> Iterator[list[str]]:
    """A second process in a folder that is in use asks nothing."""
    with Driver(shop.folder) as driver:
        driver.run(["--version"])  # its imports are done then
        while True:
            yield _race(shop, Workshop(shop.billing, driver, shop.folder), mutant)


def _race(shop: Workshop, other: Workshop, mutant: str) -> list[str]:
    asking = threading.Event()
    first, second = Client(delay=0.1, book=lambda bill: asking.set()), Client()
    story = Story(shop, TINY, shop.fresh())
    thread = threading.Thread(target=story.attempt, args=(first,), kwargs={"mutant": mutant})
    thread.start()
    asking.wait(30)
    ended = Story(other, TINY, story.folder).attempt(second, mutant=mutant).ended
    thread.join()
    refused = ended.status == InUseError.exit_code and not second.requests
    return [] if refused else [f"a second process asked {second.requests} times and ended with {ended.status}"]


CHECKS: dict[str, Check] = {
    "answers": _answers,
    "calls": _calls,
    "results": _results,
    "cuts": _cuts,
    "ends": _ends,
    "orders": _orders,
    "spent": _spent,
    "twins": _twins,
    "refused": _refused,
    "full": _full,
    "raced": _raced,
}
