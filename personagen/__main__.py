"""``personagen``, and ``python -m personagen``."""

from __future__ import annotations

import os
import sys

# `python -m` puts the working folder first, and a json.py that lies there would be taken for Python's own.
if __name__ == "__main__" and not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:  # noqa: PTH109 - no import
    del sys.path[0]

import atexit
import signal

from personagen.runs.interrupt import set_handler


def start() -> None:
    """The command line; from here on a signal ends the process at once and quietly, whatever it is importing."""
    set_handler(_quit)
    atexit.register(_ignore)

    from personagen.cli import main

    main(prog_name="personagen")


def _ignore() -> None:
    # The last thing done: after it Python puts the system's own handlers back, which would change the exit code.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _quit(*_: object) -> None:
    # A run ends in order by itself (runs/interrupt.py). This is for before it, after it, and for the third signal: the
    # journal and the result files survive a kill at any time.
    text = "personagen: interrupted"
    try:
        from shlex import join

        if sys.argv[1:]:
            text += f"; to resume: {join(['personagen', *sys.argv[1:]])}"
        os.write(2, f"{_CURSOR if os.isatty(2) else ''}{text}\n".encode("utf-8", "replace"))
    finally:
        os._exit(130)


_CURSOR = "\r\x1b[2K\x1b[?25h"  # the live line goes, and the cursor that it hid comes back

if __name__ == "__main__":
    start()
