"""What was sent in a run, for ``personagen prompts render``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from personagen.cli.common import print_summary
from personagen.cli.terminal import clean, page
from personagen.errors import UsageError
from personagen.options.row import FilePath

if TYPE_CHECKING:
    from personagen.call import Call
    from personagen.records import Completion, Message


def print_sent(name: str, run: FilePath | None, tree: str | None, turn: int | None, output: Mapping[str, bool]) -> None:
    """Prints the calls of the prompt ``name`` in a turn, or all turns, of ``tree`` in ``run``, with their replies."""
    from rich.text import Text

    from personagen.cli.browse import find, open_run
    from personagen.flows.replay import replay
    from personagen.runs.interrupt import run_sync
    from personagen.tree import turn as turn_of

    if not run or not tree:
        raise UsageError(
            "to see what was sent, give both --run and a TREE: its number in `personagen show RUN`, or its id"
        )
    listing, _ = open_run(Path(run))
    if listing.word != "tree":
        raise UsageError(f"{run} has personas, not conversations; name a run of `personagen simulate`")
    number, record = find(listing, tree)
    made = run_sync(replay(Path(run), record))
    sent = [
        (call, answer)
        for call, answer in made
        if call.prompt == name and turn in (None, turn_of(call.place.rpartition("/")[2]))
    ]
    if not sent:
        there = ", ".join(sorted({call.prompt for call, _ in made}))
        when = f"turn {turn} of " if turn else ""
        raise UsageError(f"{name} was not asked in {when}tree {number}; its prompts are {there}")
    if any(output.values()):
        print_summary({"sent": [_row(call, answer) for call, answer in sent]}, "", **dict(output))
        return
    parts = []
    for call, answer in sent:
        head = click.style(clean(f"{call.prompt}  {call.place}  {call.key}  {call.model}"), bold=True)
        lines = [head, *as_lines(call.messages), "", click.style("--- reply ---", bold=True), clean(answer.text), ""]
        parts.append(Text.from_ansi("\n".join(lines)))
    page(*parts)


def as_lines(messages: Sequence[Message]) -> list[str]:
    """The lines that show ``messages``."""
    return [line for m in messages for line in ("", click.style(f"--- {m.role} ---", bold=True), clean(m.content))]


def _row(call: Call, answer: Completion) -> dict[str, Any]:
    return {
        "prompt": call.prompt,
        "place": call.place,
        "key": call.key,
        "model": call.model,
        "schema": call.schema,
        "messages": [message.model_dump() for message in call.messages],
        "reply": answer.model_dump(),
    }
