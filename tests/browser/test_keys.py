"""The keys of a report, and their switch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from personagen import report
from tests.browser.chromium import Browser, browser
from tests.cli.runs import several, simulated

pytest.importorskip("selenium", reason="Selenium is not in this environment: make test-browser")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Browser]:
    with browser(tmp_path) as window:
        window.open(Path(report(simulated(tmp_path / "run", several(3))).file), "/conversations/t1")
        yield window


def switch(page: Browser) -> None:
    page.run("document.getElementById('keys').click()")
    page.run("document.querySelector('dialog input').click()")
    page.run("document.querySelector('dialog form button').click()")
    page.until("!document.querySelector('dialog')")
    page.run("document.activeElement.blur()")


def test_single_letters_are_switched_off_and_on_in_the_list_of_keys(page: Browser):
    switch(page)
    page.press("j", "?", "/")
    assert page.run("return location.hash") == "#/conversations/t1"
    assert not page.all("dialog")
    switch(page)
    page.press("j")
    page.until("location.hash.startsWith('#/conversations/t2')")
