"""A run that ends well when the user interrupts it, also where an event loop runs already."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from personagen.errors import Interrupted
from personagen.llm.slots import Slots

T = TypeVar("T")


@contextmanager
def interruptible(slots: Slots, rest: str = "") -> Iterator[None]:
    """Ctrl-C closes ``slots``, so that the run drains; a second one ends it without waiting for calls in flight.

    ``rest`` is told with it: what goes on all the same.
    Does nothing outside the main thread, where no signal arrives.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        if slots.closed and task:
            loop.remove_signal_handler(signal.SIGINT)
            task.cancel()
        slots.close(Interrupted(f"interrupted{rest}; run the same command to go on where it stopped"))

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def run_sync(main: Coroutine[Any, Any, T]) -> T:
    """Runs ``main`` to its end, also where an event loop runs already, as in a notebook.

    Raises:
        KeyboardInterrupt: the user interrupted it and did not want to wait for calls in flight.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
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
