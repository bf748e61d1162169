"""``personagen``, and ``python -m personagen``."""

from __future__ import annotations

import os
import sys

# `python -m` puts the working folder first in sys.path, where a json.py would shadow the standard library's.
if __name__ == "__main__" and not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:  # noqa: PTH109 - no import
    del sys.path[0]

import atexit
import gc
import signal

from personagen.runs.interrupt import set_handler


def start() -> None:
    """The command line; a signal ends the process at once, without a traceback, even during imports."""
    set_handler(_quit)
    # Most of what a run makes stays: looking for garbage as often as by default took a sixth of its time.
    gc.set_threshold(50_000, 20, 100)
    # At exit Python restores the default handlers, which would change the exit code.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)

    from click import version_option

    from personagen import __version__
    from personagen.cli import main

    version_option(__version__)(main)(prog_name="personagen")


def _quit(*_: object) -> None:
    # Before and after a run, and for its third signal (runs/interrupt.py); the journal survives a kill at any time.
    text = "personagen: interrupted"
    try:
        from shlex import join

        if sys.argv[1:]:
            text += f"; to resume: {join(['personagen', *sys.argv[1:]])}"
        os.write(2, f"{_CURSOR if os.isatty(2) else ''}{text}\n".encode("utf-8", "replace"))
    finally:
        os._exit(130)


_CURSOR = "\r\x1b[2K\x1b[?25h"  # erases the live line and shows the cursor

if __name__ == "__main__":
    start()
