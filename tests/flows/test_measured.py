"""The shortcuts of a run: from its files into its summary, `run.json` and `show`."""

from __future__ import annotations

import json

import orjson
import pytest

from personagen.cli.measures import ALARM, shortcut_rows
from personagen.flows import measured
from personagen.flows.measured import measured_shortcuts
from personagen.flows.merge import merge


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from click.testing import CliRunner

    from personagen.cli import main

    folder = tmp_path_factory.mktemp("runs")
    for words in (
        ("expand", "--target", 45, "--personalities", 30, "--out", folder / "pool"),
        ("simulate", "--personas", folder / "pool" / "personas.jsonl", "--turns", 5, "--out", folder / "run"),
    ):
        assert CliRunner().invoke(main, [str(word) for word in (*words, "--quiet")]).exit_code == 0
    return folder


def test_a_run_stores_its_shortcuts_and_longer_is_what_the_pairs_say(folder):
    pairs = [orjson.loads(line) for line in (folder / "run" / "pairs.jsonl").read_bytes().splitlines()]
    sizes = [(len(pair["chosen"][0]["content"]), len(pair["rejected"][0]["content"])) for pair in pairs]
    decided = [one > other for one, other in sizes if one != other]
    stored = json.loads((folder / "run" / "run.json").read_text())["summary"]["shortcuts"]
    assert stored["longer"]["value"] == pytest.approx(sum(decided) / len(decided))
    assert stored["longer"]["pairs"] == len(decided)
    assert set(stored) >= {"longer", "length_and_format", "bag_of_words", "aware", "aware_from_plain"}
    assert stored == measured_shortcuts(folder / "run")


def test_users_of_one_profile_or_trait_list_are_one_group(folder, monkeypatch):
    seen = []
    monkeypatch.setattr(measured, "shortcuts", lambda pairs: seen.extend(pairs) or {})
    measured_shortcuts(folder / "run")
    trees = [orjson.loads(line)["persona"] for line in (folder / "run" / "trees.jsonl").read_bytes().splitlines()]
    group = {pair.about: pair.group for pair in seen}
    about = [("\n".join((one["profile"], *one["facts"])), one) for one in trees]
    for text, one in about:
        for other_text, other in about:
            if set(one["traits"]) == set(other["traits"]) or one["profile"] == other["profile"]:
                assert group[text] == group[other_text]
    assert 1 < len(set(group.values())) < len({one["id"] for one in trees})


def test_of_many_pairs_a_sample_is_drawn_by_the_seed(folder, monkeypatch):
    monkeypatch.setattr(measured, "MAX_PAIRS", 120)
    one, again, other = (measured_shortcuts(folder / "run", seed) for seed in (1, 1, 2))
    assert one == again != other
    assert one["bag_of_words"]["pairs"] == 120


def test_a_merged_folder_has_the_shortcuts_of_all_its_pairs(folder, run, tmp_path):
    run("other")
    merge([folder / "run", tmp_path / "other"], tmp_path / "both")
    both = json.loads((tmp_path / "both" / "run.json").read_text())["summary"]
    assert both["shortcuts"] == measured_shortcuts(tmp_path / "both") != measured_shortcuts(folder / "run")


def test_too_few_pairs_say_nothing(run):
    assert run().shortcuts == {}


@pytest.mark.parametrize("value", [0.66, 0.65])
def test_a_shortcut_above_the_limit_is_red_in_the_summary_and_in_show(folder, tmp_path, value, monkeypatch):
    import click

    from personagen.cli.common import print_summary, table

    title, row = shortcut_rows({"longer": {"value": value, "low": 0.6, "high": 0.7, "pairs": 1234}})
    assert title[0] == "shortcuts"
    assert row == ("  longer", f"{value:.0%} (60 to 70) of 1,234{ALARM if value > 0.65 else ''}")
    said = []
    monkeypatch.setattr(click, "echo", said.append)
    print_summary({}, table([row, ("calls", "3")]), json=False, quiet=False)
    assert ("\x1b[31m" in said[0]) is (value > 0.65)
    assert not said[0].endswith("\x1b[0m")


def test_show_prints_the_stored_shortcuts(folder, command):
    text = command("show", folder / "run").output
    assert "shortcuts" in text
    assert "  length and format " in text
