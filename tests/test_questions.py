"""The ten questions of docs/questions.md, asked of a run: each is one line and has the right answer."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from personagen.records import ConversationTree, PreferencePair
from personagen.store.database import VIEWS
from personagen.store.files import read_records, read_state

DOCS = Path(__file__).parents[1] / "docs"
ASKED = re.compile(r"^(\S.*\?)\n\n```sh\nsqlite3 outputs/run/journal.db \"(.*)\"\n```$", re.MULTILINE)
QUESTIONS = dict(ASKED.findall((DOCS / "questions.md").read_text()))


@pytest.fixture
def answers(run, tmp_path):
    """What a question, named by its beginning, finds in a run of the offline cast."""
    run("run", people=8, turns=4, model="offline")
    folder = tmp_path / "run"

    def answers(question):
        [sql] = [sql for text, sql in QUESTIONS.items() if text.startswith(question)]
        with closing(sqlite3.connect(f"{(folder / 'journal.db').as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    answers.pairs = list(read_records(folder / "pairs.jsonl", PreferencePair))
    answers.trees = list(read_records(folder / "trees.jsonl", ConversationTree))
    answers.folder = folder
    return answers


def test_there_are_ten_and_each_finds_something(answers):
    assert len(QUESTIONS) == (DOCS / "questions.md").read_text().count("```sh") == 10
    empty = [question for question in QUESTIONS if not answers(question)]
    assert [q for q in empty if not q.startswith(("Which personas", "Who said"))] == []


def test_the_answers_are_those_of_the_result_files(answers):
    pairs, trees = answers.pairs, answers.trees
    by_role = read_state(answers.folder)["usage"]["by_role"]
    assert {f"{role} ({model})": n for role, model, n, _ in answers("What did each role")} == {
        name: row["calls"] for name, row in by_role.items()
    }
    turns = sorted({pair.turn for pair in pairs})
    of = {turn: [pair for pair in pairs if pair.turn == turn] for turn in turns}
    assert answers("How often does the aware") == [
        (turn, len(of[turn]), sum(p.chosen_agent == "aware" for p in of[turn]) / len(of[turn])) for turn in turns
    ]
    lost = [(p.tree, p.turn, p.rejected[0].content) for p in pairs if p.rejected_agent == "aware"]
    assert sorted(answers("In which turns")) == sorted(lost)
    longer = [len(p.chosen[0].content) > len(p.rejected[0].content) for p in pairs]
    assert answers("How often is the chosen")[0][0] == pytest.approx(sum(longer) / len(longer))
    verdicts = [v for tree in trees for v in tree.judgments]
    first = [v.order[0] == v.ranking[0] for v in verdicts]
    assert answers("How often does the judge")[0][0] == pytest.approx(sum(first) / len(first))
    rows = [orjson.loads(line) for line in (answers.folder / "rejections.jsonl").read_bytes().splitlines()]
    assert sum(n for _, n, _ in answers("Why did turns")) == len(rows)
    inferred = [i for tree in trees for b in tree.beliefs for i in b.inferences]
    assert len(answers("What did the observer")) == len(inferred)
    without = {t.persona.id for t in trees} - {p.persona for p in pairs}
    assert {persona for persona, _ in answers("Which personas")} == without


def test_the_views_are_those_that_the_page_describes(answers):
    page = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", (DOCS / "questions.md").read_text(), re.MULTILINE))
    with closing(sqlite3.connect(answers.folder / "journal.db")) as connection:
        for name in VIEWS:
            columns = [column[0] for column in connection.execute(f"SELECT * FROM {name}").description]
            assert ", ".join(columns) == page[name]
            for row in connection.execute(f"SELECT * FROM {name}"):
                assert not any(isinstance(value, bytes) for value in row)


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="sqlite3 is not installed")
def test_the_lines_run_as_they_stand(answers, tmp_path):
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "run").symlink_to(answers.folder)
    for line in re.findall(r"^sqlite3 .*$", (DOCS / "questions.md").read_text(), re.MULTILINE):
        subprocess.run(line, shell=True, check=True, cwd=tmp_path, capture_output=True)
