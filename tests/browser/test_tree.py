"""A conversation drawn as a tree, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from personagen import report
from tests.browser.chromium import Browser, browser
from tests.cli.runs import simulated
from tests.trees import branching

pytest.importorskip("selenium", reason="Selenium is not in this environment: make test-browser")
TREE = branching(turns=7)
NODES = "return document.querySelectorAll('.treebox .node').length"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Browser]:
    """The first message of a tree of 381 messages."""
    with browser(tmp_path) as window:
        window.open(Path(report(simulated(tmp_path / "run", [TREE])).file), f"/conversations/{TREE.id}/0.0.0")
        yield window


def test_a_large_tree_begins_with_the_path_and_its_branches_folded(page: Browser):
    folded = [text for text in page.all(".treebox .node title") if "messages folded" in text]
    assert len(folded) == 6
    assert page.run(NODES) == 3 * 7
    page.run("[...document.querySelectorAll('.treetools button')].find((e) => e.textContent === 'Unfold all').click()")
    assert page.run(NODES) == len(TREE.nodes) == 381


def test_a_message_is_chosen_by_a_click_and_folded_by_a_double_click(page: Browser):
    page.click('.node[data-id="0.0.0.1"] circle')
    assert page.run("return location.hash").endswith("/0.0.0.1")
    page.run(
        "document.querySelector('.node[data-id=\"0.0.0.1\"] circle')"
        ".dispatchEvent(new MouseEvent('dblclick', { bubbles: true }))"
    )
    below = sum(node.id.startswith("0.0.0.1.") for node in TREE.nodes)
    assert page.run(NODES) == 3 * 7 + below
