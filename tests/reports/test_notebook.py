"""A report in a cell of a notebook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from personagen import report
from tests.cli.runs import several, simulated


def test_a_page_that_jupyter_would_drop_is_named_in_its_cell(tmp_path: Path):
    made = report(simulated(tmp_path / "run", several(1)))
    large = replace(made, bytes=38_200_000, file="<run>/report.html")._repr_html_()
    assert large == ("<p>The report has 38 MB, too much for a cell: open <code>&lt;run&gt;/report.html</code>.</p>")
