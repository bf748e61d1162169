"""``personagen simulate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from personagen.cli.common import (
    MODELS,
    counts,
    duration,
    model_options,
    options,
    output_options,
    rejected_messages,
    table,
    tell,
    usage_rows,
)
from personagen.options import SimulateOptions, build

if TYPE_CHECKING:
    from personagen.flows.simulate import SimulateSummary

D = SimulateOptions()
EPILOG = """\b
Examples:
  personagen simulate --personas outputs/pool/personas.jsonl --conversations 20 --turns 4
  personagen simulate --model openai/gpt-5-mini --model judge=openai/gpt-5 --budget 5
  personagen simulate --model openai/llama --base-url http://127.0.0.1:8000/v1
"""


@click.command(epilog=EPILOG)
@options(
    click.option(
        "--personas", default=D.personas, show_default=True, metavar="FILE", help="The personas to role-play."
    ),
    click.option(
        "--out", default=D.out, show_default=True, metavar="DIR", help="The run folder; the same one resumes."
    ),
    click.option("--conversations", type=int, metavar="N", help="How many trees to grow.  [default: one a persona]"),
    click.option("--turns", type=int, default=D.turns, show_default=True, help="Turns along every path."),
    click.option(
        "--grow",
        type=click.Choice(["coin", "best", "all"]),
        default=D.grow,
        show_default=True,
        help="Which replies continue: one drawn, the preferred one, or all.",
    ),
    click.option(
        "--candidate",
        multiple=True,
        default=D.candidate,
        show_default=True,
        metavar="NAME",
        help="Who competes: aware, plain, or PKG.MOD:FUNCTION of your own.",
    ),
    click.option("--candidates", type=int, default=D.candidates, show_default=True, help="Competing replies a turn."),
    click.option(
        "--max-nodes", type=int, default=D.max_nodes, show_default=True, help="Nodes a tree, with --grow all."
    ),
    click.option(
        "--attempts",
        type=click.IntRange(1),
        default=D.attempts,
        show_default=True,
        help="How often an unusable reply is asked for.",
    ),
    click.option(
        "--language",
        default=D.language,
        show_default=True,
        metavar="CODE",
        help="What conversations are held in; any leaves it open.",
    ),
    click.option(
        "--seed", type=int, default=D.seed, show_default=True, help="Draws personas, coins and the offline cast."
    ),
    click.option("--prompts", metavar="DIR", help="Prompt files to use before ./prompts and those that come along."),
    click.option("--skip-bad-lines", is_flag=True, help="Leave out personas that can't be read, instead of stopping."),
    model_options,
    click.option(
        "--noise",
        type=float,
        default=MODELS.noise,
        show_default=True,
        help="Share of verdicts the offline judge gets wrong.",
    ),
    output_options,
)
def simulate(as_json: bool, quiet: bool, **values: Any) -> None:
    """Grow conversation trees from personas, and preference pairs from the trees.

    Writes trees.jsonl, pairs.jsonl, rejections.jsonl and run.json. Without --model it plays offline, which costs
    nothing. The same command on the same folder goes on where it stopped.
    """
    from personagen.cli.consent import consent
    from personagen.cli.progress import shown
    from personagen.flows.simulate import simulate as flow
    from personagen.runs.interrupt import run_sync

    chosen = build(SimulateOptions, values)
    may_begin = consent(above=chosen.models.confirm_above, quiet=quiet or as_json)
    with shown(quiet=quiet or as_json) as progress:
        summary = run_sync(flow(chosen, progress, may_begin))
    tell(summary, _text(summary), as_json=as_json, quiet=quiet)


def _text(summary: SimulateSummary) -> str:
    s, r = summary, summary.report
    share = f" (the aware reply in {s.aware_chosen / s.pairs:.0%})" if s.pairs else ""
    rows = [
        ("trees", f"{s.trees:,} of {s.conversations:,}"),
        ("failed", counts(s.failures) if s.failed else ""),
        ("pairs", f"{s.pairs:,} of {s.turns:,} turns{share}"),
        ("no pair", counts(s.rejected)),
        ("turned away", rejected_messages(s.rejected_messages, s.messages)),
        ("repaired", counts(s.repaired) if s.repaired else ""),
        ("ended early", counts(s.ended_early) if s.ended_early else ""),
        ("quotes dropped", f"{s.quotes_dropped:,}"),
        ("asked again", f"{r.re_asked:,}"),
        *usage_rows(r),
        ("time", duration(r.seconds)),
        *(("note", note) for note in r.notes),
    ]
    follow = f"next: personagen show {r.out}\n      personagen export {r.out} --format trl --out {r.out}/trl.jsonl"
    return f"{r.out}\n{table(rows)}\n{follow}"
