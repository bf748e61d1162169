"""What ``report`` reads of a run: its conversations, personas and rejections, and where they are in the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from personagen.errors import PersonagenError
from personagen.flows.measured import pair_outcomes
from personagen.flows.report_alignment import Evaluations
from personagen.llm.endpoints import is_offline
from personagen.records import ConversationTree, content_id
from personagen.reports.blocks import Blocks, chunks, spool, written
from personagen.reports.conversations import Columns, Outcomes, details, messages, place_of
from personagen.reports.figures import SPENT, Read
from personagen.reports.people import People
from personagen.reports.source import Row, Source
from personagen.store.journal import spending

KINDS = ("profile", "personality")
MAX_REJECTIONS = 5000  # whose texts are listed; all count
CALLS_BYTES = 100_000_000  # of exact prompts, packed: some 10,000 conversations of ten turns


@dataclass
class Made:
    """What was read of the run that the page is about."""

    source: Source
    rated: Evaluations
    people: People = field(default_factory=People)
    columns: Columns = field(default_factory=Columns)
    read: Read = field(default_factory=Read)
    measures: list[Row] = field(default_factory=list)
    rejections: list[Row] = field(default_factory=list)
    more_rejections: int = 0
    most_called: int | None = None
    called: int = 0  # conversations with their calls, the first ones
    no_calls: str = ""
    offline: bool = False

    def trees(self) -> Iterator[tuple[Row, list[Row]]]:
        """The conversations with their pairs; of runs of ``evaluate`` those of every run."""
        return self.rated.trees() if self.rated.runs else self.source.trees()


async def read(made: Made, rows: BinaryIO, page: Path) -> dict[str, list[int]]:
    """Reads the run; its conversations go to ``rows`` in blocks, whose first rows are returned."""
    if not made.source.is_pool:
        return await _read_conversations(made, rows, page)
    for persona in made.source.rows("personas.jsonl"):
        made.people.add(persona)
    _read_rejections(made)
    texts = {content_id(kind, row[kind]): row[kind] for row in made.people.rows for kind in KINDS if row.get(kind)}
    for row in made.rejections:
        row["nearest"] = texts.get(row["nearest"], row["nearest"])
    return {}


async def _read_conversations(made: Made, rows: BinaryIO, page: Path) -> dict[str, list[int]]:
    rejected = _read_rejections(made)
    made.columns.outcomes = _outcomes(made.source)
    made.read.users.language = language(made.source)
    kinds = {name: Blocks(name, rows) for name in ("messages", "details")}
    with ExitStack() as stack:
        kinds["calls"] = calls = Blocks("calls", stack.enter_context(spool(page)))
        replayed = _calls(made, stack, calls.lines) if made.most_called != 0 else None
        for tree, pairs in made.trees():
            person = made.people.add(tree["persona"])
            made.people.count(person, tree, pairs)
            own = rejected.get(tree["id"], [])
            made.columns.add(tree, person, pairs, own)
            made.read.wins.add(pairs)
            if not made.rated.runs:
                made.read.users.add(tree)
            made.offline |= any(map(is_offline, tree.get("models", {}).values()))
            kinds["messages"].add(messages(tree))
            kinds["details"].add(details(tree, pairs, own))
            if made.called == made.most_called or calls.written > CALLS_BYTES or tree.get("of_run"):
                replayed = None
            if replayed:
                calls.add(await replayed(tree))
                made.called += 1
        for one in kinds.values():
            one.close()
        for part in chunks(kinds["calls"].file):
            written(rows, part)
    made.measures = [*made.read.users.measures(), *_spent(made)]
    made.read.measures = {one["name"] for one in made.measures}
    made.read.signs = made.columns.signs()
    return {name: one.starts for name, one in kinds.items()}


def language(source: Source) -> str:
    """The code of the language in which a run's users speak."""
    return str((source.state.get("options") or {}).get("language") or "en")


def _outcomes(source: Source) -> Outcomes:
    """What the shortcuts say of the pairs that they were measured on."""
    if not (source.state.get("summary") or {}).get("shortcuts"):
        return {}
    try:
        return pair_outcomes(source.folder, int((source.state.get("options") or {}).get("seed") or 0))
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return {}  # the files are damaged, which is a problem that reading them states


def _spent(made: Made) -> list[Row]:
    """What each conversation cost by role, in USD or if that is not known in tokens; nothing without a journal."""
    try:
        found = spending(made.source.folder / "journal.db")
    except (PersonagenError, OSError, ValueError):
        return []
    trees, own = made.columns.trees["id"], set(made.columns.trees["id"])
    rows = []
    known = {place: spent for place, spent in found.items() if place[0] in own}
    priced = all(usd is not None for _, usd in known.values()) and any(usd for _, usd in known.values())
    kind, unit = (SPENT[0], "USD") if priced else (SPENT[1], "tokens")
    amounts = {place: usd if priced else tokens for place, (tokens, usd) in known.items()}
    for role in sorted({role for _, role in known}):
        values = [amounts.get((tree, role)) for tree in trees]
        rows.append({"name": f"{kind} {role}", "label": f"{unit}, {role}", "values": values})
    if rows:
        sums = [sum(filter(None, values)) or None for values in zip(*(row["values"] for row in rows), strict=True)]
        rows.append({"name": f"{kind} all", "label": f"{unit}, all roles", "values": sums})
    return rows


def _read_rejections(made: Made) -> Mapping[str, list[Row]]:
    """The rejections by conversation; the first ones are also listed."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in made.source.rows("rejections.jsonl"):
        tree, node = place_of(row)
        if node:
            found[tree].append(row)
        if len(made.rejections) < MAX_REJECTIONS:
            kept = {name: str(row.get(name) or "") for name in ("gate", "reason", "text", "nearest", "place")}
            made.rejections.append(kept)
        else:
            made.more_rejections += 1
    return found


def _calls(made: Made, stack: ExitStack, numbers: dict[str, int]) -> Any:
    """What makes the calls of a conversation for the page; None where the run has no answers."""
    from personagen.flows.replay import open_replay
    from personagen.reports.calls import calls_row

    try:
        play = stack.enter_context(open_replay(made.source.folder))
    except (PersonagenError, OSError, AttributeError, TypeError, ValueError) as error:
        made.no_calls = f"The exact prompts are not here: {error}"
        return None

    async def replayed(tree: Row) -> list[Row] | str:
        try:
            known = {name: value for name, value in tree.items() if name in ConversationTree.model_fields}
            return calls_row(await play(ConversationTree.model_validate(known)), numbers)
        except (PersonagenError, OSError, ValueError, TypeError, LookupError) as error:
            return f"The prompts can't be shown: {error}"

    return replayed
