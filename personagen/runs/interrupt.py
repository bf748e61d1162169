"""What SIGINT, SIGTERM and SIGHUP do: one handler at a time, set here and restored here."""

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
    """Sets ``handler`` for the three signals, SIGHUP only unless it is ignored, as by nohup; the handlers before."""
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
    """Meanwhile the signals raise KeyboardInterrupt, so that half-done work is undone."""
    if threading.current_thread() is not threading.main_thread():  # where no signal arrives
        yield
        return
    before = set_handler(signal.default_int_handler)
    try:
        yield
    finally:
        _restore(before)


@contextmanager
def interruptible(limiter: Limiter, rest: str = "") -> Iterator[None]:
    """The first signal closes ``limiter``, so that the run drains; a second one cancels the calls in flight.

    After a third one, or ``GRACE_SECONDS`` after the second, the handler from before is called, even while this thread
    is busy. ``rest`` is added to the message: what continues elsewhere.
    """
    import asyncio

    from personagen.errors import Interrupted

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    alarm, received = signal.getsignal(signal.SIGALRM), 0

    # Python's handlers, not the loop's: those would wait for the end of a long step, such as writing the results.
    def handle(number: int, _: object) -> None:
        nonlocal received
        received += 1
        if received == 1:
            problem = Interrupted(f"interrupted{rest}; run the same command to go on where it stopped")
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
    """Runs ``main`` to its end, also where an event loop runs already, as in a notebook.

    Raises:
        KeyboardInterrupt: the user interrupted it and did not want to wait for calls in flight.
    """
    import asyncio

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
