"""``personagen expand``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from personagen.cli.common import counts, discarded_rows
from personagen.cli.options import Command, options_of
from personagen.cli.run import Rows, run_command
from personagen.options import ExpandOptions, OutputOptions
from personagen.options.report import PageOptions

if TYPE_CHECKING:
    from personagen.flows.expand import ExpandSummary

EPILOG = """\b
Examples:
  personagen expand --target 200 --out outputs/pool
  personagen expand --seeds my_profiles.csv --target 1000 --per-profile 10
  personagen expand --model openai/gpt-5-mini --target 500 --budget 2

\b
Give the personas of a file a personality each, without new ones and without a call
(1,000 profiles in the file; 20 personalities come with personagen):
  personagen expand --seeds hub.jsonl --target 1000 --personalities 20
"""


@click.command(cls=Command, params=options_of(ExpandOptions, PageOptions, OutputOptions), epilog=EPILOG)
def expand(**values: Any) -> None:
    """Grow the pools of profiles and personalities from seeds, and combine them into personas.

    --target counts profiles, those of the seeds included; each gets --per-profile personas. New descriptions are like
    the seeds in length, number of facts and script. Without seeds of one kind, the packaged ones are used.

    Writes personas.jsonl, rejections.jsonl and run.json. Without --model it runs offline, at no cost. The same command
    on the same folder resumes.
    """
    from personagen.flows.expand import expand as flow

    run_command(flow, ExpandOptions, values, describe)


def describe(s: ExpandSummary) -> tuple[Rows, str]:
    """The rows of a summary, and what to run next."""
    rows = [
        ("personas", _personas(s)),
        *(row for kind, pool in s.pools.items() for row in _pool_rows(kind, pool)),
        ("encoder", s.encoder),
        *((name.replace("_", " "), _spread(value)) for name, value in s.spread.items()),
        *(discarded_rows(s.report) if s.report.discarded["discarded"] else ()),
    ]
    simulate = f"personagen simulate --personas {s.report.out}/personas.jsonl --out outputs/run"
    return rows, f"next: personagen show {s.report.out}\n      {simulate}"


def _personas(s: ExpandSummary) -> str:
    shared = f"shared by {s.per_personality:,} at most" if s.per_personality > 1 else "none of them shared"
    whose = f"{s.of_new_profiles:,} of new profiles, {s.personas - s.of_new_profiles:,} of seeds"
    return f"{s.personas:,} ({whose}; {s.personalities_used:,} personalities, {shared})"


def _drawn(draws: Mapping[str, Any]) -> str:
    """What was drawn against what came: ages and pronouns in the texts, and what the filters reject most."""
    parts = [f"{name} in {c['same'] / c['drawn']:.0%} of the texts" for name, c in draws["as_drawn"].items()]
    rare = [f"{name} {value} {share:.0%}" for name, value, share in draws["rarely_kept"][:2]]
    return "; ".join([*parts, f"rarely kept: {', '.join(rare)}" if rare else "the filters keep all alike"])


def _pool_rows(kind: str, pool: Mapping[str, Any]) -> list[tuple[str, str]]:
    near, threshold = pool["nearest_similarity"], pool["threshold"]["now"]
    reached = {"target": "target reached", "saturated": "saturated (the last rounds only repeated entries)"}
    stopped = reached.get(pool["stopped"], pool["stopped"])
    of = f"{pool['admitted']:,} new; the target of {pool['target']:,} includes seeds"
    curve = " ".join(f"{stretch['share']:.0%}" for stretch in pool["acceptance_curve"])
    close = f"; nearest neighbour {near['mean']:.2f} mean, {near['p95']:.2f} p95" if near else ""
    distinct = f"distinct-1 {pool['distinct_1']:.2f}, distinct-2 {pool['distinct_2']:.2f}"
    return [
        (kind, f"{pool['seeds']:,} seeds -> {pool['size']:,}, {stopped} ({of})"),
        ("  form", _form(kind, pool["form"])),
        ("  requested", f"{pool['asked']:,} ({pool['received']:,} received, {pool['admitted']:,} admitted)"),
        ("  as drawn", _drawn(pool["draws"]) if pool["draws"]["by_value"] else ""),
        ("  rejected", counts(pool["rejected"])),
        ("  acceptance", f"{curve} ({pool['rounds']} rounds)" if curve else ""),
        ("  similarity", f"threshold {threshold:.2f}{close}"),
        ("  diversity", f"{distinct}, Vendi {pool['vendi_score']:.1f} (of the new ones)" if pool["admitted"] else ""),
    ]


def _form(kind: str, form: Mapping[str, Any]) -> str:
    """What new entries were asked to be like, and where that is from."""
    (shortest, longest), (fewest, most) = form["length"], form["items"]
    items = f", {fewest} to {most} {'facts' if kind == 'profile' else 'traits'}" if most else ""
    return f"{shortest} to {longest} {form['unit']}{items}{', learned from the seeds' if form['learned'] else ''}"


def _spread(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_spread(part)}" for name, part in value.items())
    return f"{value:.0%}" if isinstance(value, float) else str(value)
