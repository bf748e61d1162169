"""What a run will take, told before its first request, and the question whether it may begin."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from personagen.cli.common import table, usd
from personagen.runs.interrupt import raising_interrupts

if TYPE_CHECKING:
    from personagen.runs.estimate import Estimate


def consent(*, above: float | None, quiet: bool) -> Callable[[Estimate], bool]:
    """Shows an estimate, unless ``quiet``, and asks where it may cost more than ``above`` USD and somebody is there."""

    def may_begin(estimate: Estimate) -> bool:
        dear = above is not None and estimate.may_cost_usd > above
        asks = dear and _is_answered()
        if asks or not quiet:
            from personagen.cli.screen import clean

            click.echo(clean(told(estimate)), err=True)
        return not asks or _confirmed(estimate)

    return may_begin


def _is_answered() -> bool:
    """Whether somebody can answer a question here: at a terminal of theirs, with this process in the foreground."""
    # A notebook's and many a CI's terminal is one that nobody can type at.
    if os.environ.get("CI", "false").lower() not in ("", "0", "false") or "JPY_PARENT_PID" in os.environ:
        return False
    try:
        # A stream that was closed before the start is None.
        is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
        return is_terminal and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def told(estimate: Estimate) -> str:
    """The estimate in a few lines."""
    e = estimate
    read, written = e.input_tokens.expected, e.output_tokens.expected
    cached = f" ({e.cached_input_tokens / read:.0%} of it from a cache)" if e.cached_input_tokens else ""
    disk = f"about {_size(e.bytes)} of {_size(e.free_bytes)} free"
    rows = [
        ("calls", f"about {e.calls:,}, at most {e.max_calls:,}"),
        ("tokens", f"about {read:,.0f} in{cached}, {written:,.0f} out"),
        ("cost", _cost(e)),
        ("limit", e.limit),
        ("disk", disk + ("; it may get full" if 2 * e.bytes > e.free_bytes else "")),
    ]
    return f"Planned: {e.planned}\n{table(rows)}"


def _cost(e: Estimate) -> str:
    missing = f"unknown: no price of {', '.join(e.unknown)} (give --price IN,OUT)" if e.unknown else ""
    if e.cost_usd is None:
        return f"{missing}; the others about {usd(e.known_usd)}" if e.known_usd else missing
    if not e.cost_usd.upper:
        return "nothing"
    costly = {role: cost for role, cost in e.by_role.items() if cost}
    roles = ", ".join(f"{role} {usd(cost)}" for role, cost in costly.items()) if len(costly) > 1 else ""
    c = e.cost_usd
    usual = f"about {usd(c.expected)}, {usd(c.low)} if replies are short; at the very most {usd(c.upper)}"
    return usual + (f"\n  {'':6}  {roles}" if roles else "")


def _size(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{math.ceil(size / 1e6):,} MB"


def _confirmed(e: Estimate) -> bool:
    cost = f"about {usd(e.may_cost_usd)}" if math.isfinite(e.may_cost_usd) else "an unknown cost"
    try:
        with raising_interrupts():  # the run's own handler would only take note of it
            return click.confirm(f"Begin, for {cost}?", default=False, err=True)
    except click.Abort:
        return False
