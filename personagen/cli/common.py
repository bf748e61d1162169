"""How commands print summaries."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import click


def print_summary(summary: Any, text: str, *, json: bool, quiet: bool) -> None:
    """Prints ``summary`` (a dataclass or a mapping) as JSON, or ``text`` without control characters, or nothing."""
    from personagen.cli.measures import ALARMING
    from personagen.cli.terminal import as_json, clean, fitted

    if json:
        click.echo(as_json(summary if isinstance(summary, dict) else dataclasses.asdict(summary)))
    elif not quiet:
        text = ALARMING.sub(lambda line: click.style(line[0], fg="red"), clean(text))
        click.echo(fitted(text, sys.stdout))


def as_typed(text: str) -> str:
    """``text`` with its lines of commands as they can be typed here: with the path of a program that is not on PATH."""
    import shutil

    called = sys.argv[0]
    if called.rpartition("/")[2] != "personagen" or shutil.which("personagen"):
        return text
    return re.sub(r"^(next: | {6}|to resume: )personagen ", lambda found: f"{found[1]}{called} ", text, flags=re.M)


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Two columns, the first padded; rows without a value are skipped."""
    rows = [row for row in rows if row[1]]
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)


def counts(numbers: Mapping[str, int]) -> str:
    """``3: tie 1, identical 2``, or 0."""
    total = sum(numbers.values())
    listed = ", ".join(f"{name} {n:,}" for name, n in sorted(numbers.items(), key=lambda item: -item[1]))
    return f"{total:,}: {listed}" if total else "0"


def rejected_messages(numbers: Mapping[str, int], messages: int) -> str:
    """``3 of 800 (0.4%): role 2, markup 1``, or nothing if none were rejected."""
    total = sum(numbers.values())
    _, _, listed = counts(numbers).partition(": ")
    return f"{total:,} of {messages:,} ({total / max(1, messages):.1%}): {listed}" if total else ""


def money(usage: Mapping[str, Any]) -> str:
    """The cost in USD, or ``unknown``."""
    cost = usage["cost_usd"]
    return "unknown (set --price IN,OUT)" if cost is None else f"{cost:.4f} USD"


def paid(usage: Mapping[str, Any], report: Any) -> str:
    """``, `` and the cost of ``usage``; empty if nothing of the run can cost."""
    return "" if report.estimate.get("free") and not usage["cost_usd"] else f", {money(usage)}"


def discarded_rows(report: Any) -> list[tuple[str, str]]:
    """How many replies were asked for again, what the discarded ones cost, and what to do about them."""
    part = report.discarded
    rows = [("re-asked", counts(part["re_asked"]))]
    if part["discarded"]:
        cost = f"{part['input_tokens']:,} tokens in, {part['output_tokens']:,} out{paid(part, report)}"
        rows.append(("discarded", f"{part['discarded']:,} of {part['replies']:,} replies: {cost}"))
    return [
        *rows,
        *(("", sentence) for sentence in report.advice),
    ]


def failure_rows(failures: Mapping[str, int]) -> list[tuple[str, str]]:
    """The failed conversations, a row for each reason."""
    names = chain(["failed"], repeat(""))
    return [(next(names), f"{n:,} because {reason}") for reason, n in failures.items()]


def usage_rows(summary: Any) -> list[tuple[str, str]]:
    """Calls, tokens and cost of a run, in total and for each role, for a ``table``."""
    usage = summary.usage
    cache = {"read from cache": usage["cached_input_tokens"], "written to cache": usage["cache_write_input_tokens"]}
    cached = "".join(f", {n:,} {what} ({n / max(1, usage['input_tokens']):.0%})" for what, n in cache.items() if n)
    thought = f" ({usage['reasoning_tokens']:,} of them reasoning)" if usage.get("reasoning_tokens") else ""
    retries = f"{summary.retried:,} requests" + (f", {summary.refused:,} rate-limited" if summary.refused else "")
    unused = summary.calls - summary.new_calls - summary.reused_calls  # as after a prompt was edited
    said = f"{summary.new_calls:,} new, {summary.reused_calls:,} reused{f', {unused:,} not used' if unused > 0 else ''}"
    return [
        ("calls", f"{summary.calls:,} ({said})"),
        ("retries", retries if summary.retried else ""),
        *(("unsupported", f"{', '.join(parts)} (refused by {where})") for where, parts in summary.unsupported.items()),
        ("peak concurrency", ", ".join(f"{n:,} ({where})" for where, n in summary.peak_concurrency.items())),
        ("tokens", f"{usage['input_tokens']:,} in{cached}; {usage['output_tokens']:,} out{thought}"),
        ("cost", paid(usage, summary).removeprefix(", ")),
        ("estimate", compared(summary)),
        *((f"  {name}", f"{row['calls']:,} calls{paid(row, summary)}") for name, row in summary.usage_by_role.items()),
    ]


def compared(summary: Any) -> str:
    """The estimate and what this process used; empty if it made no call."""
    estimate, actual = summary.estimate, summary.estimate["actual"]
    if not estimate["calls"] or not actual["calls"]:
        return ""
    calls = f"{estimate['calls']:,} calls, actual {actual['calls']:,}"
    cost, paid = estimate["cost_usd"], actual["cost_usd"]
    if cost is None or paid is None or not cost["upper"]:
        return calls
    return f"{usd(cost['expected'])}, actual {usd(paid)}; {calls}"


def usd(amount: float) -> str:
    """``1.20 USD``, small amounts with four digits."""
    return f"{amount:.2f} USD" if amount >= 0.1 else f"{amount:.4f} USD"


def duration(seconds: float) -> str:
    """``1 h 02 min``, ``3 min 20 s`` or ``4.2 s``."""
    if seconds >= 3600:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02} min"
    return f"{int(seconds // 60)} min {int(seconds % 60):02} s" if seconds >= 60 else f"{seconds:.1f} s"
