"""The budget of a run that is killed again and again: what it reserves, settles and is billed."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from personagen.errors import BudgetError
from tests.faults.kills import crashes, paid_in_vain, until
from tests.faults.stories import KILLED, MORE, Story, Workshop, drawn_client, workshop
from tests.faults.trial import Finding, Scale, finding

IN_A_ROW = 8
SPENT = BudgetError.exit_code
ROUNDING = 1e-9  # USD; sums of floats differ by less


def trial(scale: Scale) -> Iterable[Finding]:
    """Runs with a budget that does not suffice, killed until it is spent; then one without a budget ends each."""
    with workshop() as shop:
        runs = until(scale, "spending", scale.of(200, 20), lambda rng: spent(shop, rng))
    settled, peak, billed = (max(run[name] for run in runs) for name in ("settled", "peak", "billed"))
    yield finding(
        "--budget under SIGKILL",
        "settled + reserved never above it",
        f"{crashes(runs, 'kills')}: settled at most {settled:.1%} of the budget, settled and reserved {peak:.1%}",
        runs,
    )
    first = f"billed at most {billed:.1%} of the budget, in up to {IN_A_ROW} kills: only what they lost comes on top; "
    yield from paid_in_vain("--budget under SIGKILL", first, runs)


def spent(shop: Workshop, rng: Random, mutant: str = "") -> dict[str, Any]:
    """A run with a budget, and shares of the budget: the most settled, with reserved, billed, and billed and lost."""
    reference = shop.reference(MORE)
    story, wrong = Story(shop, MORE, shop.fresh()), list[str]()
    budget = reference.cost * rng.uniform(0.3, 0.9)
    prices, cost, settled, peak = dict[str, float](), dict[str, float](), 0.0, 0.0
    for kill in range(IN_A_ROW + 1):
        after = None if kill == IN_A_ROW else rng.uniform(0.05, reference.seconds)
        process = story.attempt(
            drawn_client(rng),
            concurrency=rng.choice((4, 16, 256)),
            budget=budget,
            kill_after=after,
            expected=SPENT,
            mutant=mutant,
        )
        shop.billing.settle()
        peak = max(peak, settled + process.client.peak)
        prices |= {bill.body: bill.cost for bill in process.client.bills}
        cost |= {ack.body: prices[ack.body] for ack in process.ended.acks}
        settled = sum(cost.values())
        if process.ended.status != KILLED:
            break
    if process.ended.status != SPENT:
        wrong.append(f"the budget does not suffice, and the run ended with {process.ended.status}")
    if peak > budget + ROUNDING:
        wrong.append(f"{peak - budget:.6f} USD above the budget were settled or reserved")
    billed = sum(process.client.cost for process in story.processes)
    kills = len(story.processes) - 1
    story.attempt(drawn_client(rng), mutant=mutant)
    outcome = story.outcome(reference)
    shares = {"settled": settled, "peak": peak, "billed": billed}
    shares = {name: value / budget for name, value in shares.items()}
    return {"kills": kills, "wrong": wrong + outcome["wrong"], "lost": outcome["lost"], **shares}
