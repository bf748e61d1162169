"""`evaluate --compare`, and what other commands do with a run of `evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.runs import evaluated
from tests.reports.pages import Page

ONE = {"plain": {"a": [1, 2], "b": [2, 3], "c": [5, 4]}, "persona": {"a": [4, 4], "b": [5, 4], "c": [4, 3]}}
OTHER = {"plain": {"a": [4, 2], "b": [3, 3], "c": [5, 5]}}


@pytest.fixture(autouse=True)
def with_page(monkeypatch) -> None:
    monkeypatch.delenv("PERSONAGEN_EVALUATE_NO_REPORT")


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    return [evaluated(tmp_path / "one", ONE), evaluated(tmp_path / "other", OTHER)]


def test_compare_prints_a_row_for_each_run_and_condition_and_how_the_runs_differ(command, two: list[Path]):
    shown = command("evaluate", "--compare", *two).stdout
    assert "2 runs, 3 personas in all of them, 2 turns" in shown
    assert [line.split()[:3] for line in shown.splitlines() if line[:2] in ("A ", "B ") and "minus" not in line] == [
        ["A", "plain", "2.83"],
        ["A", "persona", "4.00"],
        ["B", "plain", "3.67"],
    ]
    assert "B minus A, plain: other minus one" in shown
    assert next(line for line in shown.splitlines() if line.startswith("AL(1)")).split()[1] == "+1.33"
    assert max(map(len, shown.splitlines())) <= 80


def test_compare_writes_a_page_of_the_runs_and_overwrites_it(command, two: list[Path], tmp_path: Path):
    (tmp_path / "mine.html").write_text("old")
    command("evaluate", "--compare", *two, "--out", "mine.html")
    assert Page(tmp_path / "mine.html").index["alignment"]["runs"][1]["name"] == "other"
    command("evaluate", "--compare", *two)
    assert (tmp_path / "compare.html").is_file()


def test_the_page_of_a_comparison_goes_into_a_folder_that_is_named(command, two: list[Path], tmp_path: Path):
    command("evaluate", "--compare", *two, "--out", two[0])
    assert (two[0] / "compare.html").is_file()


def test_no_report_leaves_the_page_out(command, two: list[Path], tmp_path: Path):
    shown = command("evaluate", "--compare", *two, "--no-report").stdout
    assert "page:" not in shown
    assert not (tmp_path / "compare.html").exists()


def test_compare_as_json_has_the_differences_and_the_page(command, two: list[Path]):
    found = json.loads(command("evaluate", "--compare", *two, "--json").stdout)
    assert found["against"][0]["figures"]["average"]["value"] == 0.8333
    assert (found["shared"], found["page"]) == (3, "compare.html")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--compare", "one"], "needs from two to 12 runs"),
        (["--compare", "one", "other", "--limit", "3", "--baselines"], "leave out --baselines, --limit"),
        (["one"], "runs are for --compare and --reward"),
    ],
)
def test_a_mistake_in_a_comparison_ends_in_one_sentence(command, two: list[Path], words: list[str], said: str):
    result = command("evaluate", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_settings_of_a_run_do_not_hinder_a_comparison(command, two: list[Path], tmp_path: Path):
    (tmp_path / "personagen.toml").write_text('[evaluate]\nlimit = 5\nout = "outputs/mine"\n')
    assert command("evaluate", "--compare", *two).exit_code == 0
    assert (tmp_path / "compare.html").is_file()


def test_show_has_the_summary_of_the_evaluation_and_the_score_of_each_conversation(command, two: list[Path]):
    shown = command("show", two[0]).stdout
    assert "conversations" in shown
    assert "AL(k) plain" in shown
    row = next(line for line in shown.splitlines() if line.lstrip().startswith("1  a-plain"))
    assert row.split()[-2:] == ["2", "1.50"]


def test_show_has_the_rating_and_the_reason_below_each_reply(command, two: list[Path]):
    shown = command("show", two[0], "a-persona").stdout
    assert "Reply 2, persona." in shown
    assert "4 of 5  style 4  a-persona at 2" in shown
    assert "no pair" not in shown


def test_show_picks_a_turn_of_a_rated_conversation(command, two: list[Path]):
    shown = command("show", two[0], "a-plain", "--turn", 2).stdout
    assert "a-plain at 2" in shown
    assert "a-plain at 1" not in shown


def test_show_as_json_has_the_ratings(command, two: list[Path]):
    found = json.loads(command("show", two[0], 1, "--json").stdout)
    assert [row["score"] for row in found["ratings"]] == [1, 2]


@pytest.mark.parametrize(
    "words",
    [["export"], ["publish", "me/mine"], ["label"], ["compare", "other"], ["merge", "other", "--out", "both"]],
)
def test_a_command_that_needs_pairs_refuses_a_run_of_evaluate_in_one_sentence(
    command, two: list[Path], words: list[str]
):
    result = command(words[0], "one", *words[1:])
    assert result.exit_code == 2
    assert "evaluate" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
