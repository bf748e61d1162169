"""A run that ends well when the user interrupts it, also where an event loop runs already."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from personagen.errors import Interrupted
from personagen.llm.limits.limiter import Limiter

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 0.4


@contextmanager
def interruptible(limiter: Limiter, rest: str = "") -> Iterator[None]:
    """Ctrl-C closes ``slots``, so that the run drains; a second one ends it without waiting for calls in flight.

    A third one, and ``PATIENCE`` seconds after the second, get the handler from before: whatever it does, and also
    while this thread is busy. SIGTERM does the same, and SIGHUP (a closed terminal) unless it is ignored, as by nohup.
    ``rest`` is told with it: what goes on all the same. Does nothing outside the main thread, where no signal arrives.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    if before[signal.SIGHUP] is signal.SIG_IGN:
        del before[signal.SIGHUP]
    alarm, heard = signal.getsignal(signal.SIGALRM), 0

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    # Python's handlers, not the loop's: those would wait for the end of a long step, such as writing the results.
    def hear(number: int, _: object) -> None:
        nonlocal heard
        heard += 1
        if heard == 1:
            told = f"interrupted{rest}; run the same command to go on where it stopped"
            loop.call_soon_threadsafe(limiter.close, Interrupted(told))
        else:
            restore()
            signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)
            if task:
                loop.call_soon_threadsafe(task.cancel)

    for number in before:
        signal.signal(number, hear)
    try:
        yield
    finally:
        restore()
        if heard > 1:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, alarm)


def run_sync(main: Coroutine[Any, Any, T]) -> T:
    """Runs ``main`` to its end, also where an event loop runs already, as in a notebook.

    Raises:
        KeyboardInterrupt: the user interrupted it and did not want to wait for calls in flight.
    """
    try:
        asyncio.get_running_loop()
        inside = True
    except RuntimeError:
        inside = False
    if not inside:  # not while handling that error, or it would be the first cause of every error of the run
        try:
            return asyncio.run(main)
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
    result: list[T] = []
    failure: list[BaseException] = []

    runner = asyncio.Runner()

    def run() -> None:
        try:
            with runner:
                result.append(runner.run(main))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="personagen")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        loop = runner.get_loop()
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join()
        raise
    if failure:
        raise failure[0]
    return result[0]
