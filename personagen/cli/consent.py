"""The estimate that is printed before the first request of a run, and the question whether to start."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from personagen.cli.common import table, usd
from personagen.cli.terminal import clean
from personagen.runs.interrupt import raising_interrupts

if TYPE_CHECKING:
    from personagen.runs.estimate import Estimate


def consent(*, above: float | None, quiet: bool) -> Callable[[Estimate], bool]:
    """Prints an estimate, unless ``quiet``; in a terminal, asks before a run that may cost more than ``above`` USD."""

    def may_begin(estimate: Estimate) -> bool:
        asks = above is not None and estimate.may_cost_usd > above and _is_interactive()
        if asks or not quiet:
            click.echo(clean(describe(estimate)), err=True)
        return not asks or _confirmed(estimate)

    return may_begin


def agreed(question: str) -> bool | None:
    """The answer to ``question``, no by default; None if nobody can be asked."""
    return _asked(question) if _is_interactive() else None


def _is_interactive() -> bool:
    """Whether a user can answer a question: this process is in the foreground of a terminal."""
    # Notebooks and many CI systems offer a terminal that nobody can type at.
    if os.environ.get("CI", "false").lower() not in ("", "0", "false") or "JPY_PARENT_PID" in os.environ:
        return False
    try:
        # None is a stream that was closed before the start.
        is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
        return is_terminal and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def describe(estimate: Estimate) -> str:
    """The estimate in a few lines."""
    e = estimate
    read, written = e.input_tokens.expected, e.output_tokens.expected
    cached = f" ({e.cached_input_tokens / read:.0%} from cache)" if e.cached_input_tokens else ""
    disk = f"about {_size(e.bytes)}, {_size(e.free_bytes)} free"
    rows = [
        ("calls", f"about {e.calls:,}, at most {e.max_calls:,}"),
        *(("", _option(e, name)) for name in e.by_option),
        ("tokens", f"about {read:,.0f} in{cached}, {written:,.0f} out"),
        ("cost", "" if e.free else _cost(e)),
        ("limit", e.limit),
        ("disk", disk + ("; the disk may fill up" if 2 * e.bytes > e.free_bytes else "")),
    ]
    return f"Planned: {e.planned}\n{table(rows)}"


def _option(e: Estimate, name: str) -> str:
    calls, cost = e.by_option[name]
    return f"{calls:,} of them for {name}" + (f", {usd(cost)}" if cost and not e.free else "")


def _cost(e: Estimate) -> str:
    missing = f"unknown: no price for {', '.join(e.unknown)} (set --price IN,OUT)" if e.unknown else ""
    if e.cost_usd is None:
        return f"{missing}; other models about {usd(e.known_usd)}" if e.known_usd else missing
    if not e.cost_usd.upper:
        return "free"
    costly = {role: cost for role, cost in e.by_role.items() if cost}
    roles = ", ".join(f"{role} {usd(cost)}" for role, cost in costly.items()) if len(costly) > 1 else ""
    c = e.cost_usd
    usual = f"about {usd(c.expected)} ({usd(c.low)} if replies are short), at most {usd(c.upper)}"
    return usual + (f"\n  {'':6}  {roles}" if roles else "")


def _size(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{math.ceil(size / 1e6):,} MB"


def _confirmed(e: Estimate) -> bool:
    cost = f"about {usd(e.may_cost_usd)}" if math.isfinite(e.may_cost_usd) else "an unknown cost"
    return _asked(f"Start this run for {cost}?")


def _asked(question: str) -> bool:
    try:
        with raising_interrupts():  # a run's own handler would not end the question
            return click.confirm(question, default=False, err=True)
    except click.Abort:
        return False
