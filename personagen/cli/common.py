"""What commands share: model options, ``--json`` and ``--quiet``, how a summary is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from personagen.options import ModelOptions

F = TypeVar("F", bound=Callable[..., Any])
MODELS = ModelOptions()


def options(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Several option decorators as one, shown in this order."""

    def apply(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


def concurrency(value: str | int) -> int | None:
    """``auto``, which is None, or a number from 1 up."""
    if str(value).lower() == "auto":
        return None
    number = int(value) if str(value).isdecimal() else 0
    if number < 1:
        raise click.BadParameter(f"{value!r} is neither auto nor a number from 1 up.")
    return number


def confirm_above(value: str | float) -> float | None:
    """``never``, which is None, or a number from 0 up."""
    if str(value).lower() == "never":
        return None
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not number >= 0:
        raise click.BadParameter(f"{value!r} is neither never nor a number from 0 up.")
    return number


def model_options(function: F) -> F:
    """The options of every command that asks models."""
    return options(
        click.option(
            "--model",
            multiple=True,
            default=MODELS.model,
            show_default=True,
            metavar="[ROLE=]MODEL",
            help="offline, openai/NAME, anthropic/NAME or a LiteLLM model string; for one role as judge=openai/NAME.",
        ),
        click.option(
            "--agent",
            multiple=True,
            metavar="ROLE/ACT=PKG.MOD:FUNCTION",
            help="A function of your own in place of an agent's, as judge/prefer=my_agents:strict.",
        ),
        click.option(
            "--base-url", multiple=True, metavar="[ROLE=]URL", help="An OpenAI- or Anthropic-compatible server."
        ),
        click.option("--price", multiple=True, metavar="[ROLE=]IN,OUT", help="USD per million tokens, where unknown."),
        click.option(
            "--budget", type=click.FloatRange(0), metavar="USD", help="Stop before the run folder costs more."
        ),
        click.option(
            "--confirm-above",
            type=confirm_above,
            default=MODELS.confirm_above,
            show_default=True,
            metavar="USD|never",
            help="In a terminal, ask before a run that is expected to cost more.",
        ),
        click.option("--max-calls", type=click.IntRange(1), metavar="N", help="Stop after so many calls."),
        click.option(
            "--concurrency",
            type=concurrency,
            show_default="auto",
            metavar="auto|N",
            help="Calls in flight at one endpoint; auto finds what its server can take.",
        ),
        click.option(
            "--batch", is_flag=True, help="Ask by the wave through OpenAI's or Anthropic's batch API: half the price."
        ),
        click.option(
            "--timeout", type=click.FloatRange(1), default=MODELS.timeout, show_default=True, help="Seconds a call."
        ),
    )(function)


def output_options(function: F) -> F:
    """``--json`` and ``--quiet``, which every command takes."""
    return options(
        click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object."),
        click.option("--quiet", is_flag=True, help="Print nothing but errors."),
    )(function)


def as_dict(summary: Any) -> dict[str, Any]:
    """A summary (a dataclass, a record or a mapping) as plain JSON values."""
    if dataclasses.is_dataclass(summary) and not isinstance(summary, type):
        return dataclasses.asdict(summary)
    return dict(summary)


def tell(summary: Any, text: str, *, as_json: bool, quiet: bool) -> None:
    """Prints ``summary`` as JSON, or ``text``, or nothing. ``text`` is plain: nothing in it steers the screen."""
    from personagen.cli import screen

    if as_json:
        click.echo(screen.as_json(as_dict(summary)))
    elif not quiet:
        click.echo(screen.clean(text))


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Two columns, the first padded; rows with an empty second column are left out."""
    rows = [row for row in rows if row[1]]
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)


def counts(numbers: Mapping[str, int]) -> str:
    """``3: tie 1, identical 2``, or 0."""
    total = sum(numbers.values())
    listed = ", ".join(f"{name} {n:,}" for name, n in sorted(numbers.items(), key=lambda item: -item[1]))
    return f"{total:,}: {listed}" if total else "0"


def rejected_messages(numbers: Mapping[str, int], spoken: int) -> str:
    """``3 of 800 messages (0.4%): role 2, markup 1``, or nothing where there are none."""
    total = sum(numbers.values())
    _, _, listed = counts(numbers).partition(": ")
    return f"{total:,} of {spoken:,} messages ({total / max(1, spoken):.1%}): {listed}" if total else ""


def money(usage: Mapping[str, Any]) -> str:
    """A cost in USD, or that it is unknown."""
    cost = usage["cost_usd"]
    return "unknown (give --price IN,OUT)" if cost is None else f"{cost:.4f} USD"


def usage_rows(summary: Any) -> list[tuple[str, str]]:
    """Calls, tokens and cost of a run, in total and for each role, for a ``table``."""
    usage = summary.usage
    told = {"served by a cache": usage["cached_input_tokens"], "written to one": usage["cache_write_input_tokens"]}
    shares = [f"{n:,} {what} ({n / max(1, usage['input_tokens']):.0%})" for what, n in told.items() if n]
    tokens = f"{usage['input_tokens']:,} in, {usage['output_tokens']:,} out"
    again = f"{summary.retried:,} requests" + (f", {summary.refused:,} refused by a limit" if summary.refused else "")
    return [
        ("calls", f"{summary.calls:,} in all; this time {summary.new_calls:,} asked, {summary.reused_calls:,} reused"),
        ("sent again", again if summary.retried else ""),
        *((("left out", f"{', '.join(parts)}: {where} refuses it") for where, parts in summary.unsupported.items())),
        ("in flight", ", ".join(f"up to {n:,} at {where}" for where, n in summary.peak_concurrency.items())),
        ("tokens", tokens + (f"; of the input {', '.join(shares)}" if shares else "")),
        ("cost", money(usage)),
        ("estimated", compared(summary)),
        *((f"  {name}", f"{row['calls']:,} calls, {money(row)}") for name, row in summary.usage_by_role.items()),
    ]


def compared(summary: Any) -> str:
    """What was estimated for this time, and what it was; nothing where nothing was asked."""
    told, actual = summary.estimate, summary.estimate["actual"]
    if not told["calls"] or not actual["calls"]:
        return ""
    calls = f"{told['calls']:,} calls, asked {actual['calls']:,}"
    cost, paid = told["cost_usd"], actual["cost_usd"]
    if cost is None or paid is None or not cost["upper"]:
        return calls
    return f"{usd(cost['expected'])}, paid {usd(paid)}; {calls}"


def usd(amount: float) -> str:
    """``1.20 USD``, small amounts with four digits."""
    return f"{amount:.2f} USD" if amount >= 0.1 else f"{amount:.4f} USD"


def duration(seconds: float) -> str:
    """``1 h 02 min``, ``3 min 20 s`` or ``4.2 s``."""
    if seconds >= 3600:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02} min"
    return f"{int(seconds // 60)} min {int(seconds % 60):02} s" if seconds >= 60 else f"{seconds:.1f} s"
