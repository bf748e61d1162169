"""Pictures of a report for the README: ``python -m tests.browser.screenshots RUN FOLDER`` (``make screenshots``)."""

from __future__ import annotations

import sys
from pathlib import Path

from personagen import read_pairs, report
from tests.browser.chromium import browser


def main(run: Path, folder: Path) -> None:
    """Writes ``report-light.png`` and ``report-dark.png``: a conversation in which the verdict is personal."""
    folder.mkdir(parents=True, exist_ok=True)
    file = Path(report(run).file)
    pairs = list(read_pairs(run, where="personal and knowable and turn >= 2")) or list(read_pairs(run))
    pair = pairs[0]
    for name in ("light", "dark"):
        with browser(folder, width=1360, height=860, dark=name == "dark") as window:
            window.open(file, f"/conversations/{pair.tree}/{pair.chosen_node}")
            window.run("document.querySelector('.msg.on').closest('.turn').scrollIntoView()")
            window.run("window.scrollBy(0, -300)")
            window.driver.save_screenshot(str(folder / f"report-{name}.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
