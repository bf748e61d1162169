"""The page of runs of `evaluate` in a real browser: from a curve to the conversations, ratings and reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from personagen import report
from personagen.flows import alignment
from personagen.flows.evaluations import evaluation
from personagen.records import ConversationTree, Persona
from personagen.store.files import dump, read_records
from tests.browser.chromium import Browser, browser
from tests.browser.test_hostile import HOSTILE
from tests.cli.runs import evaluated, lines

pytest.importorskip("selenium", reason="Selenium is not in this environment: make test-browser")
NAMES = [f"p{number}" for number in range(12)]
SCORES = {name: [1 + number % 4, 1 + number % 5, 3, 5] for number, name in enumerate(NAMES)}
TRAITS = {name: ("kind",) if number < 6 else ("unkind",) for number, name in enumerate(NAMES)}


def with_traits(run: Path) -> Path:
    """Gives half of the personas one trait and half another, and writes the results anew."""
    trees = []
    for tree in read_records(run / "trees.jsonl", ConversationTree):
        persona = tree.persona.model_copy(update={"traits": TRAITS[tree.persona.id]})
        trees.append(tree.model_copy(update={"persona": persona}))
    lines(run / "trees.jsonl", trees)
    people: list[Persona] = list({tree.persona.id: tree.persona for tree in trees}.values())
    found = evaluation(run).rated(NAMES, 4)
    (run / "results.json").write_bytes(dump(alignment.results(found, people, {})))
    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("evaluations")
    one = with_traits(evaluated(where / "one", {"plain": SCORES, "persona": SCORES}))
    few = dict(list(SCORES.items())[3:])
    other = evaluated(where / "other", {"plain": {name: [6 - score for score in own] for name, own in few.items()}})
    report(one)
    report(one, other, out=where / "both.html")
    return where


@pytest.fixture(scope="module")
def window(folder: Path) -> Iterator[Browser]:
    with browser(folder) as found:
        yield found


@pytest.fixture
def page(window: Browser, folder: Path) -> Iterator[Browser]:
    """The page of one run; afterwards nothing may have been fetched, and nothing logged."""
    window.open(folder / "one" / "report.html", "/alignment")
    window.requests()
    yield window
    assert all(url.startswith(("file:", "data:", "blob:", "about:")) for url in window.requests())
    assert not window.errors()


def scores_listed(page: Browser) -> list[float]:
    return [float(text.split()[0]) for text in page.all(".list .m")]


def click_point(page: Browser, words: str) -> None:
    page.run(
        "const e = document.querySelector(`a [aria-label^='${arguments[0]}'] circle`);"
        "e.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, view: window }))",
        words,
    )
    page.wait_for("conversations")


def test_a_point_of_a_curve_opens_its_conversations_with_the_lowest_score_at_that_turn_first(page: Browser):
    click_point(page, "plain, 2:")
    assert page.text(".found [role=status]") == "12 of 24 conversations"
    shown = scores_listed(page)
    assert shown == sorted(SCORES[name][1] for name in NAMES)[: len(shown)]
    assert all(text.endswith("at turn 2 · plain") for text in page.all(".list .m"))
    assert page.run("return document.querySelector('.msg.on').dataset.node") == "0.0.0.0"


def test_the_list_is_turned_round_by_the_filter(page: Browser):
    page.go("/conversations?condition=plain&rated=2&order=high")
    shown = scores_listed(page)
    assert shown == sorted((SCORES[name][1] for name in NAMES), reverse=True)[: len(shown)]


def test_every_reply_has_its_score_and_the_reason_of_the_judge(page: Browser):
    page.go("/conversations/p3-plain")
    assert page.all(".ratings .score") == ["4", "4", "3", "5"]
    assert "p3-plain at 2" in page.all(".ratings li")[1]
    assert page.all(".scores .score") == ["4", "4", "3", "5"]


def test_the_same_person_in_another_condition_is_one_link_away(page: Browser):
    page.go("/conversations/p3-plain/0.0.0.0")
    page.click(".scores a[href*='p3-persona']")
    page.until("document.querySelector('.middle h2').textContent.endsWith('p3-persona')")
    assert page.run("return location.hash").endswith("/0.0.0.0")


def test_a_group_that_is_served_worse_leads_to_its_people_and_to_no_others(page: Browser):
    page.click("table a[href*='trait=%22kind%22']")
    page.wait_for("conversations")
    assert page.text(".found [role=status]") == "6 of 24 conversations"
    assert page.run("return document.querySelector('input[name=trait]').value") == '"kind"'


def test_a_page_without_pairs_has_no_filters_and_columns_of_pairs(page: Browser):
    page.go("/conversations")
    assert not page.all("select[name=personal]")
    page.go("/personas")
    assert page.all("thead th") == ["persona", "conversations", "turns", "mean score", "nearest", "who"]


def test_the_conversations_of_a_compared_run_are_behind_its_curve(window: Browser, folder: Path):
    window.open(folder / "both.html", "/alignment")
    click_point(window, "other, 1:")
    assert window.text(".found [role=status]") == "9 of 33 conversations"
    assert all(text.endswith("at turn 1 · plain · other") for text in window.all(".list .m"))
    shown = scores_listed(window)
    assert shown == sorted(6 - SCORES[name][0] for name in NAMES[3:])[: len(shown)]


def test_hostile_reasons_and_personas_run_nothing(tmp_path: Path):
    scores = {f"p{number} {text[:30]}".replace("/", "_"): [1, 5] for number, text in enumerate(HOSTILE)}
    run = evaluated(tmp_path / "run", {"plain": scores}, judge_model=["<img src=x onerror=hacked()>"])
    rows = [json.loads(line) for line in (run / "ratings.jsonl").read_bytes().split(b"\n") if line]
    for number, row in enumerate(rows):
        texts = [HOSTILE[(number + at) % len(HOSTILE)] for at in range(3)]
        row |= dict(zip(("reason", "model", "judge"), texts, strict=True))
    (run / "ratings.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (run / "results.json").unlink()
    file = Path(report(run, out=tmp_path / "report.html").file)
    with browser(tmp_path) as window:
        window.open(file, "/alignment")
        window.requests()
        window.run("window.hacked = () => { window.was = true }")
        for name in scores:
            window.run("location.hash = '#/conversations/' + encodeURIComponent(arguments[0])", f"{name}-plain")
            window.until(f"document.querySelector('.middle h2')?.textContent.includes({json.dumps(name)})")
            assert len(window.all(".ratings li")) == 2
        assert not window.run("return window.was")
        assert not window.all("main img, main iframe, main link, main script, form[action]")
        assert not [url for url in window.requests() if url.startswith(("http", "ftp"))]
        assert not window.errors()


def test_a_run_that_is_cut_off_opens_and_says_what_is_missing(tmp_path: Path):
    run = evaluated(tmp_path / "run", {"plain": {"a": [1, 2], "b": [3, 4]}}, status="interrupted")
    (run / "results.json").write_text("{")
    (run / "ratings.jsonl").write_bytes((run / "ratings.jsonl").read_bytes()[:-30])
    file = Path(report(run).file)
    with browser(tmp_path) as window:
        window.open(file)
        assert "the run is interrupted" in window.text(".problem")
        assert "results.json is missing or damaged" in window.text(".problem")
        window.go("/conversations/b-plain")
        assert window.all(".ratings .score") == ["3"]
        assert "This reply has no rating." in window.text(".chat")


@pytest.mark.parametrize("kind", ["light", "dark", "phone"])
def test_axe_finds_nothing_serious(folder: Path, kind: str, tmp_path: Path):
    where = find_spec("axe_playwright_python")
    assert where is not None
    axe = (Path(where.origin or "").parent / "axe.min.js").read_text()
    with browser(tmp_path, dark=kind == "dark", phone=kind == "phone") as window:
        for part in ("alignment", "conversations?condition=plain&run=0&rated=2", "personas", "overview", "compare"):
            window.open(folder / "both.html", f"/{part}")
            assert not window.violations(axe), part
            wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert window.run(wide) <= 0, f"{part} is wider than the window"
