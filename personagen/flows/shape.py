"""The shape of a planned tree: how many user turns it has at each depth, and which replies of a full tree continue.

All of it is known before the first call, from the plan alone, so that a run can be estimated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from personagen import tree
from personagen.flows.plan import CALLS_A_TURN, Plan
from personagen.options.growth import beam_width


def levels(plan: Plan) -> list[int]:
    """The number of user turns at each depth, if no branch ends early.

    With ``information`` one of them is answered; with the other growths all are.
    """
    if plan.grow == "all":
        return _widths(plan)
    if plan.grow == "best-hard":
        forks = Counter(forked_turns(plan))
        return [1 + sum(forks[before] for before in range(1, turn)) for turn in range(1, plan.turns + 1)]
    width = plan.candidates if plan.grow == "information" else beam_width(plan.grow) or 1
    return _capped(plan, width)


def planned(plan: Plan) -> frozenset[str]:
    """The user turns of a tree with the growth ``all``: as many at each depth as ``levels`` says.

    Where not every reply can continue, those that do are a draw: first one reply to each message, taken in turn from
    each slot, then a second one and so on. So once a tree is as wide as it may be, each branch continues with one reply
    until its last turn, and the slots continue equally often.
    """
    level, places = [tree.ROOT], {tree.ROOT}
    for turn, width in enumerate(levels(plan)[1:], 2):
        rng = Random(f"{plan.seed}/{plan.id}/turn {turn}")
        parents, first = rng.sample(level, len(level)), rng.randrange(plan.candidates)
        ranked = (
            f"{parent}.{(first + place + again) % plan.candidates}.0"
            for again in range(plan.candidates)
            for place, parent in enumerate(parents)
        )
        level = [at for at, _ in zip(ranked, range(width), strict=False)]
        places.update(level)
    return frozenset(places)


def forked_turns(plan: Plan) -> frozenset[int]:
    """The turns of the preferred branch in which ``best-hard`` continues a rejected reply too.

    All but the last, or a draw of those that ``max_nodes`` leaves room for: such a branch takes all later turns. The
    draw fills that room, so that all trees of a run have equally many turns, as an estimate supposes.
    """
    drawn = Random(f"{plan.seed}/{plan.id}/forks").sample(range(1, plan.turns), plan.turns - 1)
    costs = [plan.turns - turn for turn in drawn]
    left = max(0, min(sum(costs), plan.max_nodes // (1 + plan.candidates) - plan.turns))
    forks = set()
    for at, (turn, cost) in enumerate(zip(drawn, costs, strict=True), 1):
        if cost <= left and _can_fill(left - cost, costs[at:]):
            left -= cost
            forks.add(turn)
    return frozenset(forks)


def _can_fill(room: int, costs: Sequence[int]) -> bool:
    """Whether some of ``costs`` add up to ``room``."""
    sums = 1  # bit N: N is such a sum
    for cost in costs:
        sums |= sums << cost
    return bool(sums >> room & 1)


def calls_at_once(plan: Plan) -> float:
    """The mean number of calls of the tree in flight at a time, if none waits for a permit."""
    user_turns, candidates = sum(levels(plan)), plan.candidates
    waiting = sum(plan.candidate(slot).needs_observer for slot in range(candidates)) / candidates
    sequential = {"coin": CALLS_A_TURN - 1 + waiting, "all": CALLS_A_TURN, "information": CALLS_A_TURN}
    others = plan.counterfactual and plan.counterfactual + 1
    calls: float = 2 * user_turns + plan.turns * (candidates + 2) if plan.grow == "information" else 0
    calls = calls or user_turns * (candidates + 4)
    calls += (others + 2 * plan.check_rate) * (plan.turns if plan.grow == "information" else user_turns)
    return calls / (plan.turns * sequential.get(plan.grow, CALLS_A_TURN + 1) + 1)


def _widths(plan: Plan) -> list[int]:
    """The widest levels of which all fit ``max_nodes``; what is left over widens the last ones by one."""
    most = plan.max_nodes // (1 + plan.candidates)
    fits, above = 1, most + 1
    while fits + 1 < above:
        middle = (fits + above) // 2
        fits, above = (middle, above) if sum(_capped(plan, middle)) <= most else (fits, middle)
    widths, wider = _capped(plan, fits), _capped(plan, fits + 1)
    spare = max(0, most - sum(widths))
    return [wider[at] if plan.turns - at <= spare else width for at, width in enumerate(widths)]


def _capped(plan: Plan, width: int) -> list[int]:
    """The levels of a tree in which every reply continues, ``width`` of them at most."""
    found = [1]
    while len(found) < plan.turns:
        found.append(min(width, found[-1] * plan.candidates))
    return found
