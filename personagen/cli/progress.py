"""Progress on standard error: one live line in a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from personagen.cli.status import ASCII, ending, line, lines
from personagen.cli.terminal import cleans
from personagen.runs.progress import Status

LINE_SECONDS = 10.0
BATCH_LINE_SECONDS = 60.0
CELL_WIDTH, CELL_SECONDS = 100, 0.25


@contextmanager
def shown(*, quiet: bool) -> Iterator[Callable[[Status], None] | None]:
    """A callback that shows each status, or None if nothing is shown."""
    import logging

    if logging.lastResort:  # handles warnings when logging is not configured
        logging.lastResort.addFilter(cleans)
    if quiet or sys.stderr is None:  # None: it was closed before the start
        yield None
    elif in_notebook():
        with _cell() as show:
            yield show
    elif sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown"):
        with _live() as show:
            yield show
    else:
        yield _plain()


def in_notebook() -> bool:
    """Whether this runs in a cell of a notebook."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextmanager
def _cell() -> Iterator[Callable[[Status], None]]:
    """Two lines below the cell, written anew, not added to."""
    from IPython.display import display

    handle: Any = None
    last: Status | None = None
    shown_at = 0.0

    def write(status: Status) -> None:
        nonlocal handle
        text = {"text/plain": "\n".join(lines(status, CELL_WIDTH))}
        if handle:
            handle.update(text, raw=True)
        else:
            handle = display(text, raw=True, display_id=True)

    def show(status: Status) -> None:
        nonlocal last, shown_at
        last = status
        if time.monotonic() - shown_at >= CELL_SECONDS:
            shown_at = time.monotonic()
            write(status)

    try:
        yield show
    finally:
        if last:
            write(last)


def _plain() -> Callable[[Status], None]:
    last, finishing = time.monotonic(), False

    def show(status: Status) -> None:
        nonlocal last, finishing
        begins, finishing = bool(status.finishing) and not finishing, finishing or bool(status.finishing)
        if begins:
            click.echo(ending(status), err=True)
        elif time.monotonic() - last >= (BATCH_LINE_SECONDS if status.batches else LINE_SECONDS):
            last = time.monotonic()
            click.echo(line(status), err=True)

    return show


@contextmanager
def _live() -> Iterator[Callable[[Status], None]]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True)
    live = Live(Text(), console=console, refresh_per_second=4, transient=True)
    finishing = 0

    def show(status: Status) -> None:
        nonlocal finishing
        live.start()  # not earlier: the consent question may still be on this line
        changed, finishing = status.finishing != finishing, status.finishing
        ascii_only = not console.encoding.startswith("utf")
        shown = "\n".join(lines(status, console.width - 1))
        text = Text(shown.translate(ASCII) if ascii_only else shown, no_wrap=True, overflow="crop")
        live.update(text, refresh=changed)

    try:
        yield show
    finally:
        with suppress(OSError):  # the terminal may be gone
            live.stop()
