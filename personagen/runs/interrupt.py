"""Handlers of SIGINT, SIGTERM and SIGHUP."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
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


class _Signals:
    """The handler of signals for all open runs: ``closers`` end them in order, ``cancels`` at once."""

    def __init__(self) -> None:
        self.closers: list[Callable[[int], object]] = []
        self.cancels: list[Callable[[], object]] = []
        self.users = self.received = 0
        self.before: dict[int, Any] = {}
        self.alarm: Any = None

    def install(self) -> None:
        """Sets the handler, unless an open run has done so."""
        self.users += 1
        if self.users == 1:
            self.received, self.alarm = 0, signal.getsignal(signal.SIGALRM)
            self.before = set_handler(self.handle)

    def remove(self) -> None:
        """Restores the handlers from before once the last run has ended."""
        self.users -= 1
        if not self.users:
            _restore(self.before)
            if self.received > 1:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, self.alarm)

    # Not loop.add_signal_handler: its handlers wait for the end of a long step, such as writing the results.
    def handle(self, number: int, _: object) -> None:
        self.received += 1
        if self.received == 1 and self.closers:
            for close in list(self.closers):
                close(number)
            return
        _restore(self.before)
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
        self.received += 1
        for cancel in list(self.cancels):
            cancel()


_SIGNALS = _Signals()


@contextmanager
def _signals_to(cancel: Callable[[], object], close: Callable[[int], object] | None = None) -> Iterator[None]:
    """Passes signals to ``close`` and ``cancel``; in another thread, if the main thread waits in here too."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    closers = [close] if close else []
    if in_main_thread:
        _SIGNALS.install()
    _SIGNALS.closers += closers
    _SIGNALS.cancels.append(cancel)
    try:
        yield
    finally:
        _SIGNALS.cancels.remove(cancel)
        for closer in closers:
            _SIGNALS.closers.remove(closer)
        if in_main_thread:
            _SIGNALS.remove()


@contextmanager
def interruptible(limiter: Limiter, rest: str = "") -> Iterator[None]:
    """The first signal closes ``limiter``, so that calls in flight finish; the second cancels them.

    The third, or ``GRACE_SECONDS`` after the second, calls the previous handler, even while this thread is busy.
    ``rest`` is added to the message, to name what continues elsewhere.
    """
    import asyncio

    from personagen.errors import Interrupted

    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def close(number: int) -> None:
        problem = Interrupted(f"interrupted{rest}; run the same command to resume")
        how = "press Ctrl-C" if number == signal.SIGINT else f"send {signal.Signals(number).name}"
        problem.again = f"{how} again"
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(limiter.close, problem)

    def cancel() -> None:
        if task:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)

    with _signals_to(cancel, close):
        yield


def run_sync(main: Coroutine[Any, Any, T]) -> T:
    """Runs ``main``, in a thread if an event loop is already running, as in a notebook.

    It raises ``KeyboardInterrupt`` if the user does not wait for calls in flight.
    """
    import asyncio

    try:
        asyncio.get_running_loop()
        inside = True
    except RuntimeError:
        inside = False
    # Outside the except block, or every error of the run would show that one as its context.
    try:
        return _run_in_thread(main) if inside else asyncio.run(main)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _run_in_thread(main: Coroutine[Any, Any, T]) -> T:
    """Runs ``main`` in a thread; signals, which only the main thread gets, end it as they do without one."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    begun: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def run() -> T:
        if task := asyncio.current_task():
            begun.append((asyncio.get_running_loop(), task))
        return await main

    def cancel() -> None:
        for loop, task in begun:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(task.cancel)

    with ThreadPoolExecutor(1, "personagen") as thread, _signals_to(cancel):
        running = thread.submit(copy_context().run, lambda: asyncio.run(run()))
        try:
            return running.result()
        except KeyboardInterrupt:
            cancel()
            raise
