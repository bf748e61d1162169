"""Every figure of the overview leads to the conversations behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from personagen import read_pairs, read_trees, report
from personagen.metrics import shortcuts
from tests.reports.pages import Page

MEASURED = ("Shortcuts", "Judge", "Facts revealed, by turn", "How users are", "Tokens and cost")


@pytest.fixture
def index(tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(shortcuts, "MIN_PAIRS", 10)
    run("run", people=8, turns=4, conversations=8, model="offline")
    return Page(Path(report(tmp_path / "run").file)).index


def figure(index: dict[str, Any], title: str) -> dict[str, Any]:
    return next(one for one in index["figures"] if one["title"] == title)


@pytest.mark.parametrize("title", MEASURED)
def test_a_figure_leads_to_conversations_by_a_sign_or_a_measure_that_the_page_has(index: dict[str, Any], title: str):
    links = [row.get("link") or figure(index, title).get("link") for row in figure(index, title)["rows"]]
    assert links
    names = {f"sort={one['name'].replace(' ', '%20')}" for one in index["measures"]}
    known = names | {f"rule={sign}" for sign in index["signs"]}
    assert all(link.removeprefix("conversations?").partition("&")[0] in known for link in links)


def test_the_pairs_that_a_shortcut_explains_are_those_that_it_was_measured_on(tmp_path: Path, index: dict[str, Any]):
    row = next(one for one in figure(index, "Shortcuts")["rows"] if one["label"] == "the longer reply")
    signs = index["pairs"]["longer"]
    assert row["link"] == "conversations?rule=longer:yes"
    assert (len(signs) - signs.count(0), signs.count(2)) == (row["n"], round(row["value"] * row["n"]))
    longer = [len(pair.chosen[-1].content) > len(pair.rejected[-1].content) for pair in read_pairs(tmp_path / "run")]
    assert [sign == 2 for sign in signs] == longer


def test_what_each_conversation_took_by_role_adds_up_to_what_the_run_took(index: dict[str, Any]):
    taken = {one["name"]: one["values"] for one in index["measures"] if one["name"].startswith("tokens ")}
    rows = {row["label"].partition(" (")[0]: row for row in figure(index, "Tokens and cost")["rows"]}
    assert set(taken) == {f"tokens {name}" for name in rows}
    for name, row in rows.items():
        counted = sum(int(row["cells"][at].replace(",", "")) for at in (1, 3))
        assert sum(taken[f"tokens {name}"]) == counted


def test_without_the_answers_a_figure_leads_nowhere_but_is_there(tmp_path: Path, index: dict[str, Any]):
    (tmp_path / "run" / "journal.db").unlink()
    bare = Page(Path(report(tmp_path / "run").file)).index
    assert {row["link"] for row in figure(bare, "Tokens and cost")["rows"]} == {""}
    assert len(bare["trees"]["id"]) == len(list(read_trees(tmp_path / "run")))
