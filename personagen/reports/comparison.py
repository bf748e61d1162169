"""Two or three runs side by side: settings and prompts that differ, their figures, and turns with another verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff
from itertools import combinations
from typing import Any

from personagen.reports.figures import Figure
from personagen.reports.source import Row, Source

_CURVES = ("all", "aware chosen", "accepted")  # of several in one figure, those that are compared
MAX_CHANGED = 500  # turns that are shown
Verdicts = dict[tuple[str, str], Row]


def settings(options: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The settings in which the runs differ."""
    found = []
    for name in dict.fromkeys(name for one in options for name in one):
        values = [_shown(one.get(name)) for one in options]
        if len(set(values)) > 1:
            found.append({"name": name, "values": values})
    return found


def prompts(names: Sequence[str], texts: Sequence[Mapping[str, str]]) -> list[Row]:
    """The prompt files that differ between two runs, as lines with ``+`` and ``-``."""
    found = []
    for (one, before), (other, after) in combinations(zip(names, texts, strict=True), 2):
        for prompt in sorted(before.keys() | after.keys()):
            old, new = before.get(prompt, ""), after.get(prompt, "")
            if old != new:
                lines = list(unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3))[2:]
                found.append({"name": prompt, "between": f"{one} (-), {other} (+)", "lines": lines})
    return found


def figures(names: Sequence[str], sets: Sequence[Sequence[Figure]]) -> list[Figure]:
    """Each figure of shares or curves with the rows of every run; ``names`` tell them apart."""
    found: dict[str, Figure] = {}
    for number, (name, one) in enumerate(zip(names, sets, strict=True)):
        for figure in one:
            if figure["kind"] not in ("rates", "lines", "bars"):
                continue
            merged = found.setdefault(figure["title"], {**figure, "rows": [], "link": ""})
            rows = [row for row in figure["rows"] if figure["kind"] != "lines" or row["label"] in _CURVES]
            merged["rows"] += [{**row, "label": f"{row['label']} · {name}", "run": number, "link": ""} for row in rows]
    for figure in found.values():
        figure["rows"].sort(key=lambda row: row["label"].rpartition(" · ")[0])
    return [figure for figure in found.values() if figure["rows"]]


def changed(names: Sequence[str], sources: Sequence[Source]) -> tuple[list[Row], str]:
    """Turns that all runs have a pair of, with the same message, and not the same agent chosen; and how many there are.

    Conversations are the same if they have the same id, that is the same persona and number.
    """
    verdicts = [dict(_verdicts(source.rows("pairs.jsonl"))) for source in sources]
    shared = [key for key in verdicts[0] if all(key in other for other in verdicts[1:])]
    found: list[Row] = []
    count = compared = 0
    for key in shared:
        rows = [one[key] for one in verdicts]
        if len({row["message"] for row in rows}) > 1:
            continue
        compared += 1
        if len({row["chosen_agent"] for row in rows}) > 1:
            count += 1
            if len(found) < MAX_CHANGED:
                made = [{**row, "run": name} for name, row in zip(names, rows, strict=True)]
                found.append({"tree": key[0], "node": key[1], "message": rows[0]["message"], "verdicts": made})
    more = f" The first {len(found):,} are shown." if count > len(found) else ""
    words = f"{count:,} of {compared:,} turns with the same user message in every run.{more}"
    return found, words


def _verdicts(pairs: Iterable[Row]) -> Iterator[tuple[tuple[str, str], Row]]:
    for pair in pairs:
        said = {name: pair[name][-1]["content"] if pair[name] else "" for name in ("prompt", "chosen", "rejected")}
        agents = {name: pair[name] for name in ("chosen_agent", "rejected_agent")}
        yield (pair["tree"], pair["node"]), {"message": said.pop("prompt"), **said, **agents}


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
