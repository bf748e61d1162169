"""``report``: one HTML file of a run, or of two or three side by side, that opens without a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from html import escape
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.flows.evaluations import MAX_RUNS as MAX_EVALUATIONS
from personagen.flows.evaluations import distinct_names
from personagen.flows.report_alignment import Evaluations
from personagen.flows.report_reading import Made, language, read
from personagen.hub.provenance import command_lines, public_state
from personagen.records import content_id
from personagen.reports import alignment, comparison
from personagen.reports.blocks import Blocks, block, chunks, spool
from personagen.reports.figures import Read, figures
from personagen.reports.page import END, page
from personagen.reports.people import coverage, served
from personagen.reports.source import Row, Source
from personagen.reports.users import Users
from personagen.store.files import replaced

NAME = "report.html"
MAX_RUNS = 3
CELL_BYTES = 2_500_000  # of a page that a notebook shows: Jupyter drops an output of more than 3 MB


@dataclass(frozen=True)
class ReportSummary:
    """The page ``file``, its size in ``bytes``, what it holds, and the ``problems`` of reading the runs."""

    file: str
    bytes: int
    conversations: int
    personas: int
    pairs: int
    problems: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """The page, in a frame that can reach nothing around it, for a notebook; of a large one, where it is."""
        if self.bytes > CELL_BYTES:
            size = f"{self.bytes / 1e6:,.0f} MB"
            return f"<p>The report has {size}, too much for a cell: open <code>{escape(self.file)}</code>.</p>"
        text = escape(Path(self.file).read_text(encoding="utf-8"), quote=True)
        allowed = "allow-scripts allow-downloads allow-modals"
        return f'<iframe title="report" sandbox="{allowed}" width="100%" height="820" srcdoc="{text}"></iframe>'


async def report(
    runs: Sequence[Path], out: Path | None = None, *, title: str = "", calls: int | None = None
) -> ReportSummary:
    """Writes the page of the first of ``runs``, beside which the others are compared, to ``out`` (``RUN/report.html``).

    ``title`` is the run's name by default. ``calls`` is the number of conversations whose exact prompts the page has:
    by default all, up to 100 MB. A folder that is damaged or not finished gives a page too, which says what is missing.

    Raises:
        UsageError: a folder is not there or is no run, or there are more than three (of runs of ``evaluate`` twelve).
        DiskError: the file can't be written.
    """
    for run in runs:
        if not run.is_dir() or not ((run / "run.json").is_file() or (run / "journal.db").is_file()):
            raise UsageError(f"{run} is no run: give a folder that expand, simulate or evaluate wrote")
    sources = [Source(run) for run in runs]
    most = MAX_EVALUATIONS if all(one.is_evaluation for one in sources) else MAX_RUNS
    if not 1 <= len(runs) <= most:
        raise UsageError(f"a report is of one run, or compares up to {most}; {len(runs)} were given")
    file = out or runs[0] / NAME
    with ExitStack() as stack:
        rows = stack.enter_context(spool(file))
        made = Made(sources[0], Evaluations(sources), most_called=calls)
        starts = await read(made, rows, file)
        index = _index(made, starts, sources)
        people = Blocks("people", BytesIO())
        for row in made.people.rows:
            people.add(row)
        people.close()
        starts["people"] = people.starts
        with replaced(file) as page_file:
            for part in page(*_head(made, title or runs[0].resolve().name), index):
                page_file.write(part)
            if made.rejections:
                page_file.write(block("rejections", made.rejections))
            for part in chain(chunks(people.file), chunks(rows)):
                page_file.write(part)
            page_file.write(END)
    problems = [f"{one.folder.name}: {problem}" for one in sources for problem in one.problems]
    counts = len(made.columns.trees["id"]), len(made.people.rows), len(made.columns.pairs["tree"])
    return ReportSummary(str(file), file.stat().st_size, *counts, tuple(problems))


def _index(made: Made, starts: Mapping[str, list[int]], sources: Sequence[Source]) -> Row:
    source = made.source
    state, shown = source.state, _public(source)
    own_pool = source.asked()
    asked = own_pool if own_pool.values else source.pool_asked()
    own = figures(state, made.read, source.note)
    beside = {"comparison": _comparison(sources, own)} if len(sources) > 1 else {}
    if made.rated.runs:
        beside["alignment"] = made.rated.part()
        own = [*alignment.overview(state.get("summary") or {}), *own]
    index: Row = {
        "id": content_id(state.get("started"), source.folder.name),
        "mapped": made.people.place(),
        "figures": own,
        "coverage": coverage(made.people, asked, of_pool=asked is own_pool) if made.people.rows else [],
        "sampled": asked is not own_pool,
        "served": served(made.people),
        "personas": [row["id"] for row in made.people.rows],
        "attributes": made.people.values(),
        "rejections": len(made.rejections),
        "more_rejections": made.more_rejections,
        "measures": made.measures,
        "called": made.called,
        "whole": made.most_called is None,
        "no_calls": made.no_calls,
        "settings": {**shown.get("options", {}), "versions": shown.get("versions"), "started": state.get("started")},
        "commands": shown.get("commands", []),
        "prompts": [
            {"name": name, "hash": state.get("prompts", {}).get(name, ""), "text": text}
            for name, text in prompt_texts(source.folder).items()
        ],
        "blocks": starts,
        **made.columns.packed(),
        **beside,
    }
    return index | {"problems": [f"{one.folder.name}: {text}" for one in sources for text in one.problems]}


def _public(source: Source) -> Row:
    """What ``run.json`` says of how the run was made, without what is private; the commands too."""
    try:
        shown = public_state(source.state)
        return shown | {"commands": command_lines(shown)}
    except (AttributeError, TypeError, ValueError, LookupError):
        source.note("run.json: the settings are damaged, and missing here")
        return {}


def _comparison(sources: Sequence[Source], own: list[Row]) -> Row:
    names = distinct_names([source.folder for source in sources])
    sets = [own, *(figures(source.state, _gathered(source), source.note) for source in sources[1:])]
    unpaired = any(source.is_pool or source.is_evaluation for source in sources)
    changed, words = ([], "") if unpaired else comparison.changed(names, sources)
    return {
        "names": names,
        "settings": comparison.settings([_public(one).get("options", {}) for one in sources]),
        "prompts": comparison.prompts(names, [prompt_texts(one.folder) for one in sources]),
        "figures": comparison.figures(names, sets),
        "changed": changed,
        "turns": words,
    }


def _gathered(source: Source) -> Read:
    found = Read(users=Users(language(source)))
    for tree, pairs in () if source.is_pool or source.is_evaluation else source.trees():
        found.wins.add(pairs)
        found.users.add(tree)
    return found


def prompt_texts(run: Path) -> dict[str, str]:
    """The prompt files that the run used, by name."""
    folder = run / "prompts"
    found = {}
    for file in sorted(folder.rglob("*.md")):
        name = file.relative_to(folder).with_suffix("").as_posix()
        found[name] = file.read_text(encoding="utf-8", errors="replace")
    return found


def _head(made: Made, title: str) -> tuple[str, str, list[tuple[str, Any]]]:
    state = made.source.state
    command = str(state.get("of") or state.get("command") or "")
    models = sorted({str(model) for model in state.get("options", {}).get("model") or ()})
    cast = "Played by the offline cast: not for training." if made.offline else ""
    when = str(state.get("started") or "").replace("T", " ").replace("+00:00", " UTC")
    words = " · ".join(filter(None, [cast, command, ", ".join(models), when]))
    counts = [("conversations", len(made.columns.trees["id"])), ("pairs", len(made.columns.pairs["tree"]))]
    numbers = [(name, f"{value:,}") for name, value in [*counts, ("personas", len(made.people.rows))] if value]
    status = state.get("status", "done")
    return title, words, [*numbers, *([("status", str(status))] if status != "done" else [])]


def reports_in(folder: Path) -> Iterator[Path]:
    """The reports of the runs in ``folder`` and the folders in it, the newest first."""
    found = [file for pattern in (NAME, f"*/{NAME}", f"*/*/{NAME}") for file in folder.glob(pattern)]
    yield from sorted(found, key=lambda file: -file.stat().st_mtime)
