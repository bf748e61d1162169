"""`docs/reading-a-summary.md` explains every word that a summary can print."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from personagen.agents.brief import STYLES
from personagen.gates import PAIR_GATES, TURN_GATES
from personagen.personas.filters import FILTERS, SCREENS

REPO = Path(__file__).parents[2]
PAGE = (REPO / "docs" / "reading-a-summary.md").read_text(encoding="utf-8")
SOURCES = ("expand", "simulate", "common", "run", "consent", "show", "measures", "evaluate")


def explained(page):
    """The words in the first column of the page's tables, and those in bold."""
    rows = re.findall(r"^\| (.*?) \|", page, re.MULTILINE)
    return {word.strip() for row in rows for word in row.split(",")} | set(re.findall(r"\*\*(.*?)\*\*", page))


def labels(source):
    """The first columns of the rows that a module of the command line prints: texts in pairs, constant or formatted."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            name = node.elts[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value.strip()


PRINTED = {label for name in SOURCES for label in labels((REPO / f"personagen/cli/{name}.py").read_text("utf-8"))}
REASONS = {*PAIR_GATES, *TURN_GATES, *SCREENS, *(name for filters in FILTERS.values() for name in filters)}


def test_every_label_of_a_summary_is_explained():
    assert {"without a pair", "dropped quotes", "acceptance", "peak concurrency", "limit"} <= PRINTED
    assert PRINTED - explained(PAGE) - {"", "json", "quiet", "done"} == set()


def test_every_reason_is_explained():
    others = {"surplus", "goodbye", "unusable", "label", "cut", "profile", "personality", "failed"}
    others |= {"left", "user turns", "real users", "told by turn", "endings", "reference", "told apart", *STYLES}
    others |= {"not flattering", "ages", "genders", "profile rejected", "personality rejected"}
    assert (REASONS | others) - explained(PAGE) == set()


def test_the_measures_of_the_personas_are_those_that_are_explained(command):
    import json

    result = command("expand", "--target", 21, "--personalities", 20, "--json")
    spread = {name.replace("_", " ") for name in json.loads(result.stdout)["spread"]}
    assert spread - explained(PAGE) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("expand", "--target", 45, "--personalities", 22),
        ("simulate", "--personas", "PERSONAS", "--turns", 3, "--noise", 0.4),
        ("evaluate", "--personas", "PERSONAS", "--baselines", "--repeat-rate", 1),
    ],
)
def test_every_line_that_is_printed_is_explained(command, personas, arguments):
    text = command(*(personas if word == "PERSONAS" else word for word in arguments)).stdout
    roles = r"(author|user|observer|assistant|judge|checker) \("
    first = {line[2:].strip().partition("  ")[0] for line in text.splitlines() if re.match(r"  +\S", line)}
    unknown = {word for word in first if word and not re.match(roles, word)} - explained(PAGE)
    assert {word for word in unknown if not word.startswith(("personagen ", "`"))} == set()


def test_a_label_that_is_not_explained_is_noticed():
    assert set(labels('rows = [("novel", f"{n}"), (name, "x")]')) == {"novel"}
    assert "trees" not in explained(PAGE.replace("| trees |", "| |"))
