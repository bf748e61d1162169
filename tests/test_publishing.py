"""``publish`` and ``pull`` from Python: what they return and refuse; they never ask."""

from __future__ import annotations

from pathlib import Path

import pytest

import personagen
from personagen.errors import UsageError
from personagen.options.publish import PublishOptions
from personagen.options.row import rows_of
from personagen.publishing import _PublishKeywords
from tests.hub.runs import rich_run

for package in ("detect_secrets", "phonenumbers", "huggingface_hub"):
    pytest.importorskip(package)


def test_a_run_goes_to_a_folder_and_comes_back(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    made = personagen.publish(run, to_folder=tmp_path / "dataset", with_persona=True)
    assert (made.rows["pairs"], made.public) == (9, False)
    assert personagen.pull(str(tmp_path / "dataset"), tmp_path / "again").records["trees.jsonl"] == 3
    assert [*personagen.read_pairs(tmp_path / "again")] == [*personagen.read_pairs(run)]


def test_a_dry_run_returns_what_was_found_and_a_real_one_stops_at_it(tmp_path: Path):
    run = rich_run(tmp_path / "run")
    text = (run / "pairs.jsonl").read_text()
    (run / "pairs.jsonl").write_text(text.replace("Reply 0 in turn 1.", "Ask ada@lovelace.org.", 1))
    found = personagen.publish(run, to_folder=tmp_path / "out", dry_run=True)
    assert (found.counts, found.sent) == ({"e-mail address": 1}, False)
    with pytest.raises(UsageError, match="nothing was sent: e-mail address 1"):
        personagen.publish(run, to_folder=tmp_path / "out")
    assert not (tmp_path / "out" / "README.md").exists()


def test_the_keywords_are_the_options_but_for_the_question():
    assert {*_PublishKeywords.__annotations__, "yes"} == {row.name for row in rows_of(PublishOptions)}
