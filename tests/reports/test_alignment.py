"""The part of a page about runs of `evaluate`, also of damaged ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personagen import report
from personagen.errors import UsageError
from personagen.reports.alignment import part
from tests.cli.runs import evaluated, simulated
from tests.reports.pages import Page
from tests.trees import conversation

ONE = {"plain": {"a": [1, 2], "b": [2, 3], "c": [5, 4]}, "persona": {"a": [4, 4], "b": [5, 4], "c": [4, 3]}}
OTHER = {"plain": {"b": [4, 2], "d": [1, 1], "a": [2, 3]}}
RUN = {"name": "one", "personas": 3, "turns": 2}
DAMAGE = {
    "no results": lambda run: (run / "results.json").unlink(),
    "results are cut": lambda run: (run / "results.json").write_text('{"conditions": {"pl'),
    "results are a list": lambda run: (run / "results.json").write_text("[]"),
    "conditions are a list": lambda run: (run / "results.json").write_text('{"conditions": []}'),
    "a condition is text": lambda run: (run / "results.json").write_text('{"conditions": {"plain": "x"}}'),
    "a curve is text": lambda run: (run / "results.json").write_text('{"conditions": {"plain": {"al": "x"}}}'),
    "groups are text": lambda run: (run / "results.json").write_text('{"conditions": {}, "groups": {"trait": "x"}}'),
    "a rating is cut": lambda run: (run / "ratings.jsonl").write_bytes((run / "ratings.jsonl").read_bytes()[:-40]),
    "no ratings": lambda run: (run / "ratings.jsonl").unlink(),
    "no conversations": lambda run: (run / "trees.jsonl").unlink(),
    "nothing but a journal": lambda run: [(run / n).unlink() for n in ("trees.jsonl", "ratings.jsonl", "results.json")],
    "no run.json": lambda run: (run / "run.json").write_text("{"),
    "no options": lambda run: (run / "run.json").write_text('{"command": "evaluate", "options": 5}'),
    "unfinished": lambda run: evaluated(run, ONE, status="interrupted"),
}


def page_of(*runs: Path) -> Page:
    return Page(Path(report(*runs).file))


def section(index: dict[str, Any], title: str) -> list[dict[str, Any]]:
    return next(one["figures"] for one in index["alignment"]["sections"] if one["title"] == title)


def test_the_curve_of_every_condition_has_bands_and_leads_to_its_conversations(tmp_path: Path):
    index = page_of(evaluated(tmp_path / "one", ONE)).index
    [plain, persona] = section(index, "Alignment by turn")[0]["rows"]
    assert [point["y"] for point in plain["points"]] == [2.6667, 3.0]
    assert all(point["low"] <= point["y"] <= point["high"] for point in plain["points"])
    assert persona["link"] == "conversations?condition=persona&run=0&rated="


def test_every_figure_has_one_sentence_on_how_to_read_it(tmp_path: Path):
    figures = section(page_of(evaluated(tmp_path / "one", ONE)).index, "Alignment by turn")
    titles = [figure["title"] for figure in figures]
    assert titles[:3] == ["AL(k)", "Average AL", "Slope a turn (IR)"]
    assert all(figure["help"].endswith(".") for figure in figures)


def test_each_conversation_has_its_scores_by_turn_and_the_reason_of_each(tmp_path: Path):
    page = page_of(evaluated(tmp_path / "one", {"plain": {"a": [1, 0, 3]}}))
    assert page.index["trees"]["rated"] == [[1, None, 3]]
    assert page.index["trees"]["condition"] == ["plain"]
    assert [row["reason"] for row in page.rows("details")[0]["ratings"]] == ["a-plain at 1", "a-plain at 3"]


def test_a_score_that_does_not_count_is_shown_and_left_out_of_the_mean(tmp_path: Path):
    run = evaluated(tmp_path / "one", {"plain": {"a": [1, 3]}})
    first = json.loads((run / "ratings.jsonl").read_text().splitlines()[0])
    with (run / "ratings.jsonl").open("a") as file:
        file.writelines(
            json.dumps({**first, "score": 5, **more}) + "\n" for more in ({"repeat": "again"}, {"rater": "nobody"})
        )
    page = page_of(run)
    assert page.index["trees"]["rated"] == [[1, 3]]
    assert len(page.rows("details")[0]["ratings"]) == 4


def test_several_runs_share_a_chart_and_their_conversations_are_told_apart(tmp_path: Path):
    index = page_of(evaluated(tmp_path / "one", ONE), evaluated(tmp_path / "other", OTHER)).index
    chart = section(index, "Alignment by turn")[0]
    assert [row["label"] for row in chart["rows"]] == ["one", "other"]
    assert chart["rows"][1]["link"] == "conversations?condition=plain&run=1&shared=yes&rated="
    assert index["trees"]["id"][-3:] == ["b-plain@other", "d-plain@other", "a-plain@other"]
    assert index["trees"]["shared"][-3:] == [1, 0, 1]
    gaps = section(index, "Against one")[0]["rows"][0]["points"]
    assert [gap["y"] for gap in gaps] == [1.5, 0.0]
    assert "Curves and figures are over the 2 personas".lower() in index["alignment"]["notes"][0].lower()


def test_runs_without_a_shared_persona_give_a_page_that_says_so(tmp_path: Path):
    index = page_of(evaluated(tmp_path / "one", ONE), evaluated(tmp_path / "x", {"plain": {"x": [1, 2]}})).index
    assert any("share no persona" in problem for problem in index["problems"])
    assert len(index["trees"]["id"]) == 7


def test_a_run_of_simulate_beside_one_of_evaluate_has_its_figures_compared(tmp_path: Path):
    index = page_of(evaluated(tmp_path / "one", ONE), simulated(tmp_path / "run", [conversation()])).index
    assert index["comparison"]["names"] == ["one", "run"]
    assert len(index["alignment"]["runs"]) == 1


def test_more_than_three_runs_fit_a_page_if_all_are_of_evaluate(tmp_path: Path):
    runs = [evaluated(tmp_path / f"run{n}", ONE) for n in range(4)]
    assert len(page_of(*runs).index["alignment"]["runs"]) == 4
    with pytest.raises(UsageError, match="compares up to 3"):
        report(*runs[:3], simulated(tmp_path / "run", [conversation()]))


def test_the_group_that_is_served_worst_comes_first_and_leads_to_its_conversations():
    interval = {"value": 3.0, "low": 2.5, "high": 3.5}
    gaps = {"kind": 0.4, "blunt": -0.6, "shy": 0.0}
    traits = {
        name: {"personas": 9, "average": interval, "ir": None, "gap": {"value": g, "low": g - 0.3, "high": g + 0.3}}
        for name, g in gaps.items()
    }
    made = part([RUN], [{"conditions": {}, "groups": {"trait": traits, "attribute": {}}}], None, print)
    [table] = next(one["figures"] for one in made["sections"] if one["title"] == "Who is served worse")
    assert [(row["label"], row["cells"][-1]) for row in table["rows"]] == [
        ("blunt", "worse"),
        ("shy", ""),
        ("kind", "better"),
    ]
    assert table["rows"][0]["link"] == "conversations?condition=plain&run=0&order=low&trait=%22blunt%22"
    assert table["rows"][0]["cells"][3] == "−0.60 (−0.90 to −0.30)"


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_or_unfinished_run_gives_a_page_that_says_what_is_missing(tmp_path: Path, kind: str):
    run = evaluated(tmp_path / "one", ONE)
    (run / "journal.db").touch()
    DAMAGE[kind](run)
    made = report(run)
    assert made.problems
    assert "alignment" in Page(Path(made.file)).index or kind == "nothing but a journal"


@pytest.mark.parametrize("wrong", [{"score": 9}, {"score": 0}, {"turn": 10**9}, {"node": "0.x"}, {"style": -3}])
def test_a_rating_that_cannot_be_is_left_out(tmp_path: Path, wrong: dict[str, Any]):
    run = evaluated(tmp_path / "one", ONE)
    rows = [json.loads(line) for line in (run / "ratings.jsonl").read_text().splitlines()]
    rows[0] |= wrong
    (run / "ratings.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = page_of(run)
    assert page.index["problems"] == ["one: ratings.jsonl, line 1: can't be read, and what it held is missing"]
    assert page.index["trees"]["rated"][0] == [None, 2]
