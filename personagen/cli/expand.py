"""``personagen expand``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from personagen.cli.common import counts, duration, model_options, options, output_options, table, tell, usage_rows
from personagen.options import ExpandOptions, build

if TYPE_CHECKING:
    from personagen.flows.expand import ExpandSummary

D = ExpandOptions()
EPILOG = """\b
Examples:
  personagen expand --target 200 --out outputs/pool
  personagen expand --seeds my_profiles.csv --target 1000 --per-profile 10
  personagen expand --model openai/gpt-5-mini --target 500 --budget 2
"""


@click.command(epilog=EPILOG)
@options(
    click.option("--seeds", metavar="PATH", help="A file or folder of seeds.  [default: those that come along]"),
    click.option(
        "--out", default=D.out, show_default=True, metavar="DIR", help="The run folder; the same one resumes."
    ),
    click.option("--target", type=int, default=D.target, show_default=True, help="Profiles the pool is to hold."),
    click.option(
        "--personalities", type=int, metavar="N", help="Personalities to hold.  [default: a third of --target]"
    ),
    click.option(
        "--per-profile", type=int, default=D.per_profile, show_default=True, help="Personas of each profile, at most."
    ),
    click.option("--count", type=int, default=D.count, show_default=True, help="Descriptions asked for in a call."),
    click.option("--examples", type=int, default=D.examples, show_default=True, help="Pool entries shown in a call."),
    click.option(
        "--calls-per-round",
        type=int,
        default=D.calls_per_round,
        show_default=True,
        help="Calls that share a frozen pool.",
    ),
    click.option(
        "--saturation",
        type=int,
        default=D.saturation,
        show_default=True,
        help="Rounds without gain that end the growth.",
    ),
    click.option(
        "--encoder",
        default=D.encoder,
        show_default=True,
        metavar="NAME",
        help="hashed, sentence-transformers/NAME, openai/NAME or a LiteLLM embedding model.",
    ),
    click.option("--similarity", type=float, metavar="COSINE", help="A fixed threshold.  [default: the encoder's own]"),
    click.option("--calibrate", is_flag=True, help="Refit the encoder's threshold on the seeds."),
    click.option(
        "--language", default=D.language, show_default=True, metavar="CODE", help="What entries are written in."
    ),
    click.option(
        "--filter", "filters", multiple=True, metavar="PKG.MOD:FUNCTION", help="A further filter of your own."
    ),
    click.option(
        "--seed", type=int, default=D.seed, show_default=True, help="Draws examples, personas, the offline cast."
    ),
    click.option("--prompts", metavar="DIR", help="Prompt files to use before ./prompts and those that come along."),
    click.option("--skip-bad-lines", is_flag=True, help="Leave out seeds that can't be read, instead of stopping."),
    model_options,
    output_options,
)
def expand(as_json: bool, quiet: bool, **values: Any) -> None:
    """Grow the pools of profiles and personalities from seeds, and combine them into personas.

    Writes personas.jsonl, rejections.jsonl and run.json. Without --model it plays offline, which costs nothing. The
    same command on the same folder goes on where it stopped.
    """
    from personagen.cli.consent import consent
    from personagen.cli.progress import shown
    from personagen.flows.expand import expand as flow
    from personagen.runs.interrupt import run_sync

    chosen = build(ExpandOptions, values)
    may_begin = consent(above=chosen.models.confirm_above, quiet=quiet or as_json)
    with shown(quiet=quiet or as_json) as progress:
        summary = run_sync(flow(chosen, progress, may_begin))
    tell(summary, _text(summary), as_json=as_json, quiet=quiet)


def _text(summary: ExpandSummary) -> str:
    s, r = summary, summary.report
    rows = [("personas", f"{s.personas:,}")]
    for kind, pool in s.pools.items():
        rows += _pool_rows(kind, pool)
    rows += [
        ("encoder", s.encoder),
        *((name.replace("_", " "), _spread(value)) for name, value in s.spread.items()),
        ("asked again", f"{r.re_asked:,}" if r.re_asked else ""),
        *usage_rows(r),
        ("time", duration(r.seconds)),
        *(("note", note) for note in r.notes),
    ]
    follow = (
        f"next: personagen show {r.out}\n      personagen simulate --personas {r.out}/personas.jsonl --out outputs/run"
    )
    return f"{r.out}\n{table(rows)}\n{follow}"


def _pool_rows(kind: str, pool: Mapping[str, Any]) -> list[tuple[str, str]]:
    near, threshold = pool["nearest_similarity"], pool["threshold"]["now"]
    reached = {"target": "target reached", "saturated": "saturated: the last rounds brought nothing new"}
    curve = " ".join(f"{stretch['share']:.0%}" for stretch in pool["acceptance_curve"])
    close = f"; nearest neighbour {near['mean']:.2f} mean, {near['p95']:.2f} p95" if near else ""
    distinct = f"distinct-1 {pool['distinct_1']:.2f}, distinct-2 {pool['distinct_2']:.2f}"
    return [
        (kind, f"{pool['seeds']:,} seeds -> {pool['size']:,}, {reached.get(pool['stopped'], pool['stopped'])}"),
        ("  asked for", f"{pool['asked']:,}, {pool['received']:,} came, {pool['admitted']:,} admitted"),
        ("  rejected", counts(pool["rejected"])),
        ("  acceptance", f"{curve} ({pool['rounds']} rounds)" if curve else ""),
        ("  similarity", f"threshold {threshold:.2f}{close}"),
        ("  diversity", f"{distinct}, Vendi {pool['vendi_score']:.1f}"),
    ]


def _spread(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_spread(part)}" for name, part in value.items())
    return f"{value:.0%}" if isinstance(value, float) else str(value)
