"""The report in a real browser: it opens from disk, filters, folds, searches, compares; hostile text does nothing.

Run by ``make test-browser``, which needs Chromium and its driver.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from personagen import read_pairs, read_trees, report, simulate
from tests import fakes
from tests.browser.chromium import Browser, browser
from tests.cli.runs import lines, simulated
from tests.trees import conversation

pytest.importorskip("selenium", reason="Selenium is not in this environment: make test-browser")
PARTS = ("overview", "compare", "conversations", "personas", "rejected", "made", "notes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of the offline cast with another seed, and the report of both, ``both.html``."""
    where = tmp_path_factory.mktemp("runs")
    people = fakes.personas(where, 8)
    options: dict[str, Any] = {"personas": people, "turns": 4, "conversations": 8, "grow": "all", "check_rate": 1}
    for number, name in enumerate(("one", "two")):
        simulate(**options, seed=number, out=where / name)
    shutil.copytree(where / "one", where / "three")
    pairs = list(read_pairs(where / "three"))
    turned = {"chosen_agent": pairs[0].rejected_agent, "rejected_agent": pairs[0].chosen_agent}
    lines(where / "three" / "pairs.jsonl", [pairs[0].model_copy(update=turned), *pairs[1:]])
    report(where / "one", where / "two", where / "three", out=where / "both.html")
    return where


@pytest.fixture(scope="module")
def window(folder: Path) -> Iterator[Browser]:
    with browser(folder / "downloads") as found:
        yield found


@pytest.fixture
def page(window: Browser, folder: Path) -> Iterator[Browser]:
    """The report at its beginning; afterwards nothing may have been fetched, and nothing logged."""
    window.open(folder / "both.html")
    window.requests()
    yield window
    asked = [url for url in window.requests() if not url.startswith(("data:", "blob:", "about:"))]
    assert all(url.startswith((folder / "both.html").as_uri()) for url in asked), asked
    assert not window.errors()


def test_it_opens_from_disk_with_every_part(page: Browser):
    shown = page.all("nav a")
    assert shown == ["Overview", "Compare", "Conversations", "Personas", "Rejected", "How it was made", "Notes"]
    titles = page.all(".card h2")
    for title in ("What there is", "Verdicts", "Shortcuts", "Judge", "Facts revealed, by turn", "How users are"):
        assert title in titles
    assert page.run("return document.querySelectorAll('svg circle, svg rect').length") > 20


def test_a_bar_leads_to_the_conversations_behind_it(page: Browser):
    page.run("document.querySelector('a[href*=\"gate=\"]').dispatchEvent(new MouseEvent('click', { bubbles: true }))")
    page.wait_for("conversations")
    found, total = page.text(".found [role=status]").split(" conversations")[0].split(" of ")
    assert 0 < int(found) <= int(total) == 8
    assert page.all("select[name=gate] option")[0] == "any"
    assert "No pair: " in page.text(".chat")


def test_every_link_of_the_overview_leads_to_something(page: Browser):
    links = page.run("return [...new Set([...document.querySelectorAll('main a')].map((e) => e.getAttribute('href')))]")
    assert any("sort=" in link for link in links)
    assert any("rule=" in link for link in links)
    for link in links:
        page.go(link.removeprefix("#"))
        assert not page.all(".problem"), link
        assert not page.text(".found [role=status]").startswith("0 of "), link


def test_a_turn_without_a_pair_is_found_by_what_its_judge_did(window: Browser, tmp_path: Path):
    trees = [conversation(id="t1"), conversation(id="t2")]
    first, second, *others = trees[1].judgments
    turned = (first, second.model_copy(update={"ranking": second.ranking[::-1]}), *others)
    run = simulated(tmp_path / "run", [trees[0], trees[1].model_copy(update={"judgments": turned})])
    window.open(Path(report(run).file), "/conversations?rule=orders:no")
    assert window.text(".found [role=status]") == "1 of 2 conversations"
    assert "Conversation t2" in window.text(".middle h2")


def test_a_measure_puts_the_conversations_with_the_most_of_it_first(page: Browser):
    page.go("/conversations?sort=revealed")
    shown = [float(text.partition("revealed: ")[2].partition(" ")[0]) for text in page.all(".list .m")]
    assert len(shown) == 8
    assert shown == sorted(shown, reverse=True)
    page.go("/conversations?sort=revealed&order=low")
    assert [float(text.partition("revealed: ")[2].partition(" ")[0]) for text in page.all(".list .m")] == sorted(shown)


def test_a_conversation_is_a_tree_and_a_chat_with_the_chosen_reply_beside_the_rejected_one(page: Browser, folder: Path):
    tree = next(read_trees(folder / "one"))
    pair = next(pair for pair in read_pairs(folder / "one") if pair.tree == tree.id)
    page.go(f"/conversations/{tree.id}/{pair.chosen_node}")
    assert page.run("return document.querySelectorAll('.treebox .node').length") == len(tree.nodes)
    chosen = [text for text in page.all("article.chosen") if pair.chosen[0].content in text]
    rejected = [text for text in page.all("article.rejected") if pair.rejected[0].content in text]
    assert len(chosen) == len(rejected) == 1
    assert page.run("return document.querySelectorAll('.chosen .diff').length") > 0
    assert tree.persona.profile in page.text(".about")


def test_the_exact_prompt_and_the_reply_of_a_message_are_shown(page: Browser, folder: Path):
    tree = list(read_trees(folder / "one"))[-1]
    page.go(f"/conversations/{tree.id}/0")
    page.run("[...document.querySelectorAll('.turn details')].find((e) => /Exact/.test(e.textContent)).open = true")
    page.until("document.querySelector('.turn pre.add')")
    replies = [text.partition("\n")[2].strip() for text in page.all(".turn pre.add")]
    assert tree.nodes[0].content in replies
    assert any(tree.persona.profile in text for text in page.all(".turn pre"))
    assert "tokens in" in page.text(".turn h4")


def test_a_fact_lights_its_quote_up_and_a_verdict_its_lines_of_the_persona(page: Browser, folder: Path):
    tree = next(tree for tree in read_trees(folder / "one") if any(belief.inferences for belief in tree.beliefs))
    belief = next(belief for belief in tree.beliefs if belief.inferences)
    page.go(f"/conversations/{tree.id}/{belief.node}")
    assert belief.inferences[0].quote in page.all("mark")
    page.run("document.querySelector('.facts li').focus()")
    assert page.run("return document.querySelectorAll('mark.lit').length") == 1
    page.run("document.querySelector('.verdicts .chip').focus()")
    line = page.run("return document.querySelector('.verdicts .chip').textContent")
    assert page.all(".lines li.lit") == [line]


def test_the_tree_is_walked_and_folded_by_keyboard(page: Browser, folder: Path):
    tree = next(read_trees(folder / "one"))
    from selenium.webdriver import Keys

    page.go(f"/conversations/{tree.id}/0")
    count = len(tree.nodes)
    page.run("document.querySelector('.treebox .node[tabindex=\"0\"]').focus()")
    page.press(Keys.ARROW_RIGHT)
    assert page.run("return document.activeElement.dataset.id") == "0.0"
    page.press(Keys.ARROW_DOWN)
    assert page.run("return document.activeElement.dataset.id") == "0.1"
    page.press(Keys.ENTER)
    below = sum(node.id.startswith("0.1.") for node in tree.nodes)
    assert page.run("return document.querySelectorAll('.treebox .node').length") == count - below
    assert page.run("return document.querySelector('.node[data-id=\"0.1\"]').getAttribute('aria-expanded')") == "false"
    page.press(Keys.HOME)
    assert page.run("return location.hash").endswith("/0")


def test_search_finds_the_conversations_with_the_words(page: Browser, folder: Path):
    trees = list(read_trees(folder / "one"))
    word = max(trees[3].nodes[0].content.split(), key=len).strip(".,?!'\"()")
    wanted = sum(any(word.lower() in node.content.lower() for node in tree.nodes) for tree in trees)
    page.go("/conversations")
    page.run("const s = document.getElementById('search'); s.focus()")
    page.press(word)
    page.until(f"document.querySelector('.found [role=status]').textContent.startsWith('{wanted} of ')")
    assert page.run("return document.activeElement.id") == "search"
    page.go("/conversations?personal=yes&margin=1")
    pairs = [pair for pair in read_pairs(folder / "one") if pair.personal and (pair.margin or 0) >= 1]
    assert page.text(".found [role=status]").startswith(f"{len({pair.tree for pair in pairs})} of ")


def test_keys_step_through_the_conversations(page: Browser, folder: Path):
    ids = [tree.id for tree in read_trees(folder / "one")]
    page.go("/conversations")
    page.run("document.activeElement.blur()")
    page.press("j")
    page.until(f"location.hash.includes('{ids[1]}')")
    page.press("k")
    page.until(f"location.hash.includes('{ids[0]}')")
    page.press("?")
    assert "next conversation" in page.text("dialog")


def test_flags_and_notes_stay_and_are_exported(page: Browser, folder: Path):
    tree = next(read_trees(folder / "one"))
    page.run("localStorage.clear()")
    page.go(f"/conversations/{tree.id}/0.0")
    page.until("document.querySelector('.treebox .node.at')")
    page.press("f")
    page.open(folder / "both.html", f"/conversations/{tree.id}/0.0")
    assert page.run(f"return document.querySelector('[data-flag=\"{tree.id}/0.0\"]').ariaPressed") == "true"
    page.go("/notes")
    page.click("#export")
    file = folder / "downloads" / "notes.jsonl"
    end = time.monotonic() + 10
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    [row] = [json.loads(line) for line in file.read_text().splitlines()]
    assert (row["tree"], row["node"], row["flag"]) == (tree.id, "0.0", True)
    shutil.copy(file, folder / "one" / "notes.jsonl")
    flagged = list(read_pairs(folder / "one", where="flagged"))
    assert [pair.node for pair in flagged] == [
        p.node for p in read_pairs(folder / "one") if p.tree == tree.id and p.node == "0"
    ]


def test_the_exact_prompt_of_a_message_is_there(page: Browser, folder: Path):
    tree = next(read_trees(folder / "one"))
    page.go(f"/conversations/{tree.id}/0")
    page.run("document.querySelector('.turn details').open = true")
    page.until("document.querySelectorAll('.turn details pre').length > 1")
    shown = "\n".join(page.all(".turn details pre"))
    assert tree.persona.profile in shown
    assert f"reply (stop):\n{tree.nodes[0].content}" in shown


def test_personas_are_searched_and_sorted(page: Browser, folder: Path):
    page.go("/personas")
    ids = page.all("tbody th")
    assert len(ids) == 8
    page.run("document.querySelector('[data-sort=pairs] button').click()")
    counts = [int(text) for text in page.all("tbody tr td:nth-child(4)")]
    assert counts == sorted(counts, reverse=True)
    page.run(
        "const s = document.querySelector('input[type=search]'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('input'))",
        ids[2],
    )
    assert page.all("tbody th") == [ids[2]]


def test_runs_are_compared(page: Browser):
    page.go("/compare")
    shown = page.text()
    assert "Settings that differ" in shown
    assert "seed" in shown
    assert "Turns whose verdict changed" in shown
    assert any("· two" in text for text in page.all("svg text"))


@pytest.mark.parametrize("kind", ["light", "dark", "phone"])
def test_axe_finds_nothing_serious(folder: Path, kind: str, tmp_path: Path):
    where = find_spec("axe_playwright_python")
    assert where is not None
    axe = (Path(where.origin or "").parent / "axe.min.js").read_text()
    with browser(tmp_path, dark=kind == "dark", phone=kind == "phone") as window:
        for part in PARTS:
            window.open(folder / "both.html", f"/{part}")
            assert not window.violations(axe), part
            wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert window.run(wide) <= 0, f"{part} is wider than the window"


def test_of_two_addresses_the_newer_one_is_shown(page: Browser, folder: Path):
    ids = [tree.id for tree in read_trees(folder / "one")]
    page.go("/conversations")
    page.run(
        "location.hash = arguments[0]; setTimeout(() => { location.hash = arguments[1] }, 1)",
        f"#/conversations/{ids[5]}",
        f"#/conversations/{ids[6]}",
    )
    page.until(f"document.querySelector('.middle h2').textContent.includes('{ids[6]}')")
    page.run("document.activeElement.blur()")
    page.press("j")
    page.until(f"location.hash.includes('{ids[7]}')")


def test_a_search_leads_to_the_words_and_marks_them(page: Browser, folder: Path):
    tree = list(read_trees(folder / "one"))[2]
    reply = next(node for node in tree.nodes if node.role == "assistant" and "." in node.content)
    words = reply.content.split(".")[0].lower()
    page.go(f"/conversations/{tree.id}?q={words.replace(' ', '%20')}")
    assert words in [text.lower() for text in page.all("mark.hit")]
    page.run("document.querySelector('.meta a').click()")
    assert page.run("return document.getElementById('search').value").lower() == words


def test_the_skip_link_leads_to_the_content_and_not_to_another_part(page: Browser):
    page.go("/personas")
    page.run("document.querySelector('.skip').click()")
    assert page.run("return document.activeElement.id") == "main"
    assert page.run("return location.hash").startswith("#/personas")
    assert page.run("return document.title").startswith("Personas")
