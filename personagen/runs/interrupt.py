"""Handlers of SIGINT, SIGTERM and SIGHUP."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from personagen.llm.limits.limiter import Limiter

T = TypeVar("T")
GRACE_SECONDS = 0.4  # after the second signal of a run


def set_handler(handler: Callable[[int, Any], object]) -> dict[int, Any]:
    """Sets ``handler`` for the three signals, but keeps an ignored SIGHUP (nohup); returns the previous handlers."""
    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        return {}
    before: dict[int, Any] = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    if before[signal.SIGHUP] is signal.SIG_IGN:
        del before[signal.SIGHUP]
    _restore(dict.fromkeys(before, handler))
    return before


def _restore(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


@contextmanager
def raising_interrupts() -> Iterator[None]:
    """Makes the signals raise KeyboardInterrupt, so that half-done work is undone."""
    before = set_handler(signal.default_int_handler)
    try:
        yield
    finally:
        _restore(before)


@contextmanager
def interruptible(limiter: Limiter, rest: str = "") -> Iterator[None]:
    """The first signal closes ``limiter``, so that calls in flight finish; the second cancels them.

    The third, or ``GRACE_SECONDS`` after the second, calls the previous handler, even while this thread is busy.
    ``rest`` is added to the message, to name what continues elsewhere.
    """
    import asyncio

    from personagen.errors import Interrupted

    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    alarm, received = signal.getsignal(signal.SIGALRM), 0

    # Not loop.add_signal_handler: its handlers wait for the end of a long step, such as writing the results.
    def handle(number: int, _: object) -> None:
        nonlocal received
        received += 1
        if received == 1:
            problem = Interrupted(f"interrupted{rest}; run the same command to resume")
            how = "press Ctrl-C" if number == signal.SIGINT else f"send {signal.Signals(number).name}"
            problem.again = f"{how} again"
            loop.call_soon_threadsafe(limiter.close, problem)
        else:
            _restore(before)
            signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
            signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
            if task:
                loop.call_soon_threadsafe(task.cancel)

    before = set_handler(handle)
    try:
        yield
    finally:
        _restore(before)
        if received > 1:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, alarm)


def run_sync(main: Coroutine[Any, Any, T]) -> T:
    """Runs ``main``, in a thread if an event loop is already running, as in a notebook.

    It raises ``KeyboardInterrupt`` if the user does not wait for calls in flight.
    """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    try:
        asyncio.get_running_loop()
        inside = True
    except RuntimeError:
        inside = False
    if not inside:  # outside the except block, or every error of the run would show that one as its context
        try:
            return asyncio.run(main)
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
    runner = asyncio.Runner()

    def run() -> T:
        with runner:
            return runner.run(main)

    with ThreadPoolExecutor(1, "personagen") as thread:
        running = thread.submit(run)
        try:
            return running.result()
        except KeyboardInterrupt:
            loop = runner.get_loop()
            loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
            raise
