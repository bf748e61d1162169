"""The page's part about alignment: AL(k) with bands, its figures, the judge, and who is served worse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from personagen.reports.figures import Figure, count_rows
from personagen.reports.source import Row

WORST = 15  # groups that are shown before all of them are asked for
CONDITIONS = {
    "plain": "the model by itself",
    "persona": "with the user's persona in its system text",
    "reminder": "with a reminder to suit the user",
    "other": "with another user's persona",
}
_MARKS = {"shift_at": "the user changes at turn {}", "second_at": "the second conversation begins at turn {}"}
_MARKS["test_from"] = "from turn {} on nothing new is revealed"
_CURVE = (
    "The judge's mean score of the replies at each turn, 1 to 5, with 95 % bands over personas. A curve that rises"
    " shows a model that fits the person better as they talk. A point leads to its conversations, lowest score first."
)
# Name, title, how to read it, the axis.
_FIGURES = (
    ("average", "Average AL", "The mean of AL(k) over all turns. Higher: the replies fit these people better.", (1, 5)),
    ("ir", "Slope a turn (IR)", "Points that AL(k) gains a turn. An interval above 0: the model gets better.", (0, 0)),
    ("gain", "From the first turn to the last", "AL at the last turn minus AL(1), in points.", (0, 0)),
    (
        "n_ir",
        "Normalized slope (N-IR)",
        "The slope after AL is scaled to 0 to 1: how steady a rise is, not how large. Read it beside IR.",
        (0, 0),
    ),
    ("r2", "Fit of the line (R²)", "The share of AL's variance that a straight line explains. Low: no trend.", (0, 1)),
    ("first", "AL(1)", "The mean score of the first reply, before anything is known of the user.", (1, 5)),
    ("last", "AL at the last turn", "The mean score of the last reply, when most is known.", (1, 5)),
    ("area", "Area", "The area under AL(k) by the number of steps: like the average, ends count half.", (1, 5)),
)
_MARKED = {
    "drop": ("Drop at the shift", "the first turn with the new user minus the one before"),
    "regained": ("Regained", "the last turn minus the first with the new user"),
    "carried": ("Carried over", "the first turn of the second conversation minus that of the first"),
    "learned": ("Learned", "the turns that reveal nothing new minus the first"),
}


def part(
    runs: Sequence[Row],
    results: Sequence[Mapping[str, Any]],
    comparison: Mapping[str, Any] | None,
    damaged: Callable[[str], object],
) -> Row:
    """What the page shows of ``runs``, as ``Evaluation.summary`` describes them, with the ``results`` of each.

    Several are drawn by their ``comparison``. ``damaged`` gets a sentence about what can't be made.
    """
    names = [str(run["name"]) for run in runs]
    several = len(runs) > 1 and comparison is not None
    series = list(comparison["conditions"]) if several and comparison else list(_series(results[0]))
    whole = not several or all(run["personas"] == (comparison or {}).get("shared") for run in runs)
    sections: list[Row] = []

    def add(title: str, make: Callable[[], Iterable[Figure]]) -> None:
        try:
            figures = [one for one in make() if one.get("rows")]
        except (AttributeError, TypeError, ValueError, LookupError, ArithmeticError):
            damaged(f"{title.lower()}: a figure is damaged, and missing here")
            return
        if figures:
            sections.append({"title": title, "figures": figures})

    shown = names if several else []
    curves = partial(_curves, series, shown, "" if whole else "&shared=yes")
    if several:
        add("Alignment by turn", curves)
        add("Figures", lambda: _figures(series, shown))
    else:
        add("Alignment by turn", lambda: [*curves(), *_figures(series, shown)])
    if several and comparison:
        add(f"Against {names[0]}", lambda: _against(comparison["against"], names))
    for number, (name, own) in enumerate(zip(names, results, strict=True)):
        of = f", {name}" if len(names) > 1 else ""
        add(f"Criteria{of}", partial(_criteria, own, number, "plain" * several))
        add(f"The judge{of}", partial(_judge, own.get("judge") or {}))
        add(f"Who is served worse{of}", partial(_groups, own, number))
    notes = list((comparison or {}).get("notes") or ())
    if several and comparison:
        notes.insert(0, f"curves and figures are over the {comparison['shared']:,} personas that all runs have")
    given = [name for name in CONDITIONS if any(row["condition"] == name for row in series)]
    return {
        "runs": list(runs),
        "notes": notes,
        "conditions": given,
        "words": {name: CONDITIONS[name] for name in given},
        "marks": [words.format(results[0][name]) for name, words in _MARKS.items() if results[0].get(name)],
        "turns": max((len(row.get("al") or ()) for row in series), default=0),
        "sections": sections,
    }


def overview(summary: Mapping[str, Any]) -> list[Figure]:
    """How many conversations and ratings there are."""
    names = (
        ("conversations", "conversations done", "conversations"),
        ("failed", "conversations failed", ""),
        ("answered", "replies", ""),
        ("rated", "rated replies", "alignment"),
    )
    rows = count_rows(summary, names)
    planned, done, failed = (summary.get(name) or 0 for name in ("planned", "conversations", "failed"))
    left = planned - done - failed
    words = f"{planned:,} planned = {done:,} done + {failed:,} failed" if planned else ""
    words += f" + {left:,} not finished." if planned and left > 0 else "." * bool(planned)
    return [{"title": "What there is", "help": words, "kind": "numbers", "rows": rows}] if rows else []


def _series(results: Mapping[str, Any]) -> Iterator[Row]:
    conditions = results.get("conditions")
    for name, found in (conditions if isinstance(conditions, Mapping) else {}).items():
        if isinstance(found, Mapping):
            yield {"run": 0, "condition": name, **found}


def _points(values: Sequence[Mapping[str, float] | None], counts: Sequence[int] = ()) -> list[Row]:
    found = []
    for turn, one in enumerate(values, 1):
        if one:
            point = {"x": turn, "y": one["value"], "low": one["low"], "high": one["high"]}
            found.append(point | ({"n": counts[turn - 1]} if turn <= len(counts) else {}))
    return found


def _link(row: Mapping[str, Any], more: str = "") -> str:
    return f"conversations?condition={row['condition']}&run={row['run']}{more}&rated="


def _lines(title: str, help_: str, rows: Sequence[Figure], **more: Any) -> Figure:
    return {"title": title, "help": help_, "kind": "lines", "rows": [row for row in rows if row["points"]], **more}


def _curves(series: Sequence[Row], names: Sequence[str], more: str) -> Iterator[Figure]:
    """One chart of all conditions of a run, or one of all runs for each condition."""
    scale = {"plain": True, "from": 1, "to": 5, "tall": True}

    def row(one: Row, label: str) -> Figure:
        points = _points(one["al"], one.get("counts") or ())
        return {"label": label, "points": points, "link": _link(one, more)}

    if not names:
        words = "; ".join(f"{one['condition']}: {CONDITIONS[one['condition']]}" for one in series)
        help_ = f"{_CURVE} {words[:1].upper()}{words[1:]}." if len(series) > 1 else _CURVE
        yield _lines("AL(k)", help_, [row(one, one["condition"]) for one in series], **scale)
    for condition, words in CONDITIONS.items() if names else ():
        own = [one for one in series if one["condition"] == condition]
        help_ = f"{words[:1].upper()}{words[1:]}.{f' {_CURVE}' * (condition == 'plain')}"
        rows = [{**row(one, names[one["run"]]), "run": one["run"]} for one in own]
        yield _lines(f"AL(k), {condition}", help_, rows, **scale)


def _label(row: Mapping[str, Any], names: Sequence[str]) -> str:
    return f"{row['condition']} · {names[row['run']]}" if names else str(row["condition"])


def _rates(title: str, help_: str, rows: Iterable[Figure], ends: tuple[float, float], zero: bool = False) -> Figure:
    shown = {"plain": True, "from": ends[0], "to": ends[1], "zero": zero}
    return {"title": title, "help": help_, "kind": "rates", "rows": list(rows), **shown}


def _row(label: str, found: Mapping[str, float], **more: Any) -> Figure:
    return {"label": label, "value": found["value"], "low": found["low"], "high": found["high"], **more}


def _figures(series: Sequence[Row], names: Sequence[str]) -> Iterator[Figure]:
    ordered = sorted(series, key=lambda one: list(CONDITIONS).index(one["condition"]))
    for name, title, help_, ends in _FIGURES:
        rows = []
        for at, one in enumerate(ordered):
            if found := one["figures"].get(name):
                rows.append(_row(_label(one, names), found, run=one["run"] if names else at))
        least = [f"{one['smallest_slope']:.3f} ({_label(one, names)})" for one in ordered if one.get("smallest_slope")]
        found_from = f" So many personas show a slope from {least[0]} on, in 80 of 100 cases." if least else ""
        yield _rates(title, help_ + found_from * (name == "ir"), rows, ends, zero=ends == (0, 0))
    for name, (title, what) in _MARKED.items():
        own = [_row(_label(one, names), one[name], run=at) for at, one in enumerate(ordered) if one.get(name)]
        yield _rates(title, f"The mean over personas of {what}, in points.", own, (0, 0), zero=True)


def _against(against: Sequence[Row], names: Sequence[str]) -> Iterator[Figure]:
    first = names[0]
    for condition in CONDITIONS:
        own = [one for one in against if one["condition"] == condition]
        gaps = [{"label": names[one["run"]], "points": _points(one["difference"]), "run": one["run"]} for one in own]
        help_ = f"AL(k) minus that of {first}, paired by persona. A band above 0: better than {first} at that turn."
        yield _lines(f"Difference, {condition}", help_, gaps, plain=True, **{"from": 0, "to": 0}, mark=0, tall=True)
        wins = [{"label": names[one["run"]], "points": _points(one["wins"]), "run": one["run"]} for one in own]
        help_ = f"The share of personas whose reply is rated higher than that of {first}; equal scores count half."
        yield _lines(f"Win rate, {condition}", help_, wins, mark=0.5, to=1, tall=True)
    for name, title, _, _ in _FIGURES:
        known = [one for one in against if one["figures"].get(name)]
        rows = [_row(_label(one, names), one["figures"][name], run=one["run"]) for one in known]
        yield _rates(f"{title}, difference", f"Minus that of {first}, on the same personas.", rows, (0, 0), zero=True)


def _criteria(results: Mapping[str, Any], run: int, only: str) -> Iterator[Figure]:
    titles = {"style": "style (personality)", "content": "content (profile)", "quality": "quality (engaging, concise)"}
    scale = {"plain": True, "from": 1, "to": 5, "tall": True}
    help_ = "The judge's mean mark of each criterion. Style that rises without content: it mirrors, but knows little."
    for one in _series(results):
        if only and one["condition"] != only:
            continue
        one["run"] = run
        rows = []
        for name, values in (one.get("criteria") or {}).items():
            points = [{"x": turn, "y": value} for turn, value in enumerate(values, 1) if value is not None]
            rows.append({"label": titles.get(name, name), "points": points, "link": _link(one)})
        yield _lines(f"By criterion, {one['condition']}", help_, rows, **scale)
        if generic := one.get("generic"):
            both = [("for this person", one["al"]), ("for nobody in particular", generic["al"])]
            rows = [{"label": label, "points": _points(values), "link": _link(one)} for label, values in both]
            words = "Scores of the same replies. Where only the first rises, the model fits this person, not everybody."
            yield _lines(f"For this person and for nobody, {one['condition']}", words, rows, **scale)


def _judge(audit: Mapping[str, Any]) -> Iterator[Figure]:
    named = {"asked again": audit.get("again"), "persona shown first": audit.get("reordered")}
    named |= {f"beside {judge}": found for judge, found in (audit.get("panel") or {}).items()}
    rows = []
    for label, found in named.items():
        if found:
            cells = [f"{found['count']:,}", f"{found['same']:.0%}", _interval(found.get("kappa"))]
            cells.append(_interval(audit.get("order"), "+") if label == "persona shown first" else "")
            rows.append({"label": label, "cells": cells})
    help_ = "The judge beside itself and beside the others. Kappa is weighted: 0 is chance, from 0.6 it is substantial."
    if audit.get("means"):
        means = ", ".join(f"{judge} {mean:.2f}" for judge, mean in audit["means"].items())
        help_ += f" Mean scores: {means}. The panel's scores of one reply spread by {audit.get('spread') or 0:.2f}."
    head = ["", "replies", "same score", "weighted kappa", "score changes by"]
    yield {"title": "Judge", "help": help_, "kind": "table", "head": head, "rows": rows, "wide": True}


def _groups(results: Mapping[str, Any], run: int) -> Iterator[Figure]:
    head = ["", "personas", "average AL", "slope a turn", "minus all others", ""]
    for kind, title in (("attribute", "By attribute"), ("trait", "By trait")):
        found = (results.get("groups") or {}).get(kind) or {}
        known = {name: one["gap"] for name, one in found.items() if one.get("gap")}
        rows = []
        for name, gap in sorted(known.items(), key=lambda item: (item[1]["value"], item[0])):
            shown = [_interval(found[name].get("average")), _interval(found[name].get("ir"), "+"), _interval(gap, "+")]
            apart = "worse" if gap["high"] < 0 else "better" if gap["low"] > 0 else ""
            cells = [f"{found[name]['personas']:,}", *shown, apart]
            rows.append({"label": name, "cells": cells, "link": _group_link(kind, name, run)})
        help_ = (
            "Mean score of the model by itself for people with it, the worst first, with 95 % intervals: one in twenty"
            " leaves 0 out by chance."
        )
        yield {"title": title, "help": help_, "kind": "table", "head": head, "rows": rows, "wide": True, "most": WORST}


def _group_link(kind: str, name: str, run: int) -> str:
    begin = f"conversations?condition=plain&run={run}&order=low"
    if kind == "trait":
        return f"{begin}&trait={quote(chr(34) + name + chr(34), safe='')}"
    attribute, _, value = name.partition(": ")
    return "" if attribute == "age" else f"{begin}&attribute={quote(f'{attribute}={value}', safe='')}"


def _interval(found: Mapping[str, float] | None, sign: str = "") -> str:
    """In words, with a true minus, as the charts have it."""
    if not found:
        return ""
    return f"{found['value']:{sign}.2f} ({found['low']:{sign}.2f} to {found['high']:{sign}.2f})".replace("-", "−")
