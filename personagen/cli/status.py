"""The status of a run in words: one line, or two that fit a terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence

from personagen.cli.common import duration, money
from personagen.cli.terminal import one_line
from personagen.runs.progress import Status

BAR, MIN_BAR, MAX_BAR = "━─", 8, 40
ASCII = str.maketrans("━─·…", "#-|.")


def line(status: Status) -> str:
    """One line: units, calls, tokens, cost, speed, errors, time left, servers that are away."""
    if status.reading:
        return one_line(_read(status))
    usage = status.usage
    parts = [
        _units(status),
        _calls(status) + (f" (+{status.reused:,} reused)" if status.reused else ""),
        f"{usage.input_tokens + usage.output_tokens:,} tokens",
        "" if status.free and not usage.cost_usd else money({"cost_usd": usage.cost_usd}),
        ", ".join(filter(None, [_speed(status), _in_flight(status)])),
        ", ".join(filter(None, [f"errors {status.errors:,}", _retries(status), *_again(status)])),
        ending(status) or _time(status),
        *_away(status),
        status.batches,
    ]
    return one_line(" · ".join(filter(None, parts)))


def lines(status: Status, width: int) -> list[str]:
    """At most two lines of ``width`` columns: how far it is, and as much of the rest as fits, by importance."""
    if status.reading:
        return [_fitting([(0, _read(status))], width)]
    usage = status.usage
    cost = "cost unknown" if usage.cost_usd is None else money({"cost_usd": usage.cost_usd})
    rest = [
        (0, "; ".join(_away(status))),
        (5, _speed(status)),
        (6, _in_flight(status)),
        (4, "" if status.free and not usage.cost_usd else cost),
        (1, f"errors {status.errors:,}" if status.errors else ""),
        *zip((7, 2), _again(status), strict=True),
        (8, _retries(status)),
        (9, f"{usage.input_tokens + usage.output_tokens:,} tokens"),
        (10, f"{status.reused:,} reused" if status.reused else ""),
        (3, status.batches),
    ]
    return [_far(status, width), _fitting(rest, width)]


def ending(status: Status) -> str:
    """What is waited for once the run is being stopped; empty before."""
    if not status.finishing:
        return ""
    calls, them = ("1 call", "it") if status.finishing == 1 else (f"{status.finishing:,} calls", "them")
    return f"finishing {calls}" + (f"; {status.again} to drop {them}" if status.again else "")


def _read(status: Status) -> str:
    return f"reading {status.reading}: {status.done:,} rows, {duration(status.seconds)}"


def _far(status: Status, width: int) -> str:
    """Units, a bar, calls and time left; without the bar, and then with fewer words, where there is no room."""
    if status.finishing:
        return _fitting([(0, ending(status)), (1, _calls(status)), (2, _units(status))], width)
    units, calls = one_line(_units(status)), f"{_calls(status)} · {_time(status)}"
    room = min(MAX_BAR, width - _cells(units) - _cells(calls) - 2)
    if room < MIN_BAR or not status.expected:
        short = [(1, f"{status.unit} {status.done:,}/{status.total:,}"), (2, _calls(status)), (0, _time(status))]
        whole = f"{units} · {calls}"
        return whole if _cells(whole) <= width else _fitting(short, width)
    full = min(room, round(room * status.calls / max(1, status.calls, status.expected)))
    return f"{units} {BAR[0] * full}{BAR[1] * (room - full)} {calls}"


def _fitting(parts: Sequence[tuple[int, str]], width: int) -> str:
    """The ``parts`` that fit, the lowest number first, in the order given; the first is cut if it must be."""
    from rich.cells import set_cell_size

    kept: dict[int, str] = {}
    left = width
    for at, (_, part) in sorted(enumerate(parts), key=lambda entry: entry[1][0]):
        text = one_line(part)
        if not text:
            continue
        if not kept and _cells(text) > left:
            text = set_cell_size(text, max(0, width - 1)).rstrip() + "…"
        size = _cells(text) + (3 if kept else 0)
        if size <= left:
            kept[at] = text
            left -= size
    return " · ".join(kept[at] for at in sorted(kept))


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _units(status: Status) -> str:
    begun = "" if status.begun is None or status.done >= status.total else f", {status.begun:,} begun"
    return f"{status.unit} {status.done:,}/{status.total:,}{begun}"


def _calls(status: Status) -> str:
    return f"calls {status.calls:,}" + (f"/{max(status.calls, status.expected):,}" if status.expected else "")


def _speed(status: Status) -> str:
    """Calls a second, or where that is a small fraction, calls a minute or seconds for each call."""
    rate = status.rate
    if rate is None:
        rate = status.calls / status.seconds if status.seconds > 0 else 0.0
    if rate >= 0.5:
        return f"{rate:,.0f} calls/s" if rate >= 10 else f"{rate:.1f}".removesuffix(".0") + " calls/s"
    if rate * 60 >= 1:
        return f"{rate * 60:.0f} calls/min"
    return f"{1 / rate:,.0f} s/call" if rate > 0 else ""


def _in_flight(status: Status) -> str:
    return f"{status.in_flight:,} of {status.limit:,} in flight" if status.limit else ""


def _retries(status: Status) -> str:
    limited = f" ({status.refused:,} rate-limited)" if status.refused else ""
    return f"retries {status.retried:,}{limited}" if status.retried else ""


def _again(status: Status) -> tuple[str, str]:
    return (
        f"re-asked {status.re_asked:,}" if status.re_asked else "",
        f"failed {status.failed:,}" if status.failed else "",
    )


def _time(status: Status) -> str:
    if status.left is None or status.away or status.done >= status.total:
        return f"{duration(status.seconds)} elapsed"
    return f"{duration(status.left) if status.left >= 60 else f'{status.left:.0f} s'} left"


def _away(status: Status) -> list[str]:
    """Since when and why servers are away."""
    now = time.time()
    return [
        f"away since {time.strftime('%H:%M:%S', time.localtime(now - seconds))}, {reason}: {where}"
        for where, seconds, reason in status.away
    ]
