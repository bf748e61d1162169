"""Quality gates: what keeps two judged replies from becoming a preference pair.

A gate is any ``(judgments, replies) -> reason | None``: the verdicts about the replies to one user message, and those
replies by node id. The reason is why there is no pair. Gates are asked in the order below and the first reason
stands, so a gate may count on what the ones before it hold: after ``judged`` there are two verdicts about these very
replies. What the replies are comes before what was said of them: about equal ones no two verdicts can agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from personagen.gates.consistent import consistent
from personagen.gates.empty import empty
from personagen.gates.identical import identical
from personagen.gates.judged import judged
from personagen.gates.tie import tie
from personagen.records import Judgment

Gate: TypeAlias = Callable[[Sequence[Judgment], Mapping[str, str]], str | None]

GATES: dict[str, Gate] = {
    "judged": judged,
    "empty": empty,
    "identical": identical,
    "tie": tie,
    "consistent": consistent,
}
