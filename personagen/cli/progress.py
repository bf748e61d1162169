"""Progress on standard error: one live line in a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click

from personagen.cli.common import duration, money
from personagen.cli.terminal import cleans, one_line
from personagen.runs.progress import Status

LINE_SECONDS = 10.0
BATCH_LINE_SECONDS = 60.0


@contextmanager
def shown(*, quiet: bool) -> Iterator[Callable[[Status], None] | None]:
    """A callback that shows each status, or None if nothing is shown."""
    import logging

    if logging.lastResort:  # handles warnings when logging is not configured
        logging.lastResort.addFilter(cleans)
    if quiet or sys.stderr is None:  # None: it was closed before the start
        yield None
    elif sys.stderr.isatty():
        with _live() as show:
            yield show
    else:
        yield _plain()


def line(status: Status) -> str:
    """One line: units, calls, tokens, cost, rate, errors, time left."""
    usage, rate = status.usage, status.calls / status.seconds if status.seconds > 0 else 0.0
    again = f", retries {status.retried:,}" + (f" ({status.refused:,} rate-limited)" if status.refused else "")
    parts = [
        f"{status.unit} {status.done:,}/{status.total:,}",
        f"calls {status.calls:,}" + (f" (+{status.reused:,} reused)" if status.reused else ""),
        f"{usage.input_tokens + usage.output_tokens:,} tokens",
        money({"cost_usd": usage.cost_usd}),
        f"{rate:,.0f} calls/s, {status.in_flight} of {status.limit} in flight",
        f"errors {status.errors:,}"
        + (again if status.retried else "")
        + (f", re-asked {status.re_asked:,}" if status.re_asked else "")
        + (f", failed {status.failed:,}" if status.failed else ""),
    ]
    return one_line(" · ".join([*parts, _left(status), *([status.batches] if status.batches else [])]))


def _left(status: Status) -> str:
    begun = status.done - status.done_before
    if begun <= 0 or status.done >= status.total:
        return f"{duration(status.seconds)} elapsed"
    return f"{duration(status.seconds / begun * (status.total - status.done))} left"


def _plain() -> Callable[[Status], None]:
    last = time.monotonic()

    def show(status: Status) -> None:
        nonlocal last
        if time.monotonic() - last >= (BATCH_LINE_SECONDS if status.batches else LINE_SECONDS):
            last = time.monotonic()
            click.echo(line(status), err=True)

    return show


@contextmanager
def _live() -> Iterator[Callable[[Status], None]]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    live = Live(Text(), console=Console(stderr=True), refresh_per_second=4, transient=True)

    def show(status: Status) -> None:
        live.start()  # not earlier: the consent question may still be on this line
        live.update(Text(line(status)))

    try:
        yield show
    finally:
        with suppress(OSError):  # the terminal may be gone
            live.stop()
