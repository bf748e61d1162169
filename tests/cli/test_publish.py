"""`personagen publish` and `pull` as they are typed: the plan, the question, findings, and a whole round by a Hub."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.runs import rich_run
from tests.servers.hub import TOKEN
from tests.servers.hub_client import connected
from tests.servers.hub_server import running

for package in ("detect_secrets", "phonenumbers", "huggingface_hub"):
    pytest.importorskip(package)

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's own, of httpx
NAME = "me/bees"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with connected(monkeypatch, tmp_path) as hub:
        yield hub


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return rich_run(tmp_path / "run")


def planted(run: Path) -> Path:
    text = (run / "pairs.jsonl").read_text()
    (run / "pairs.jsonl").write_text(text.replace("Reply 0 in turn 1.", "Ask ada@lovelace.org.", 1))
    return run


def test_the_plan_lists_files_sizes_rows_and_who_will_see_it_before_anything_is_sent(command, hub, run):
    result = command("publish", run, NAME, "--dry-run")
    assert result.exit_code == 0
    assert "Planned: me/bees, new, private: you and your organisation see it" in result.stderr
    assert " kB  changed" in result.stderr
    assert "Rows, without the texts of the personas:" in result.stderr
    assert "pairs       9 rows" in result.stderr
    assert "No keys or personal data found." in result.stderr
    assert result.stdout == "dry run: nothing was sent\n"
    assert hub.repos == {}


def test_what_everybody_would_see_is_said_in_capitals(command, hub, run):
    said = command("publish", run, NAME, "--dry-run", "--public", "--with-persona").stderr
    assert "PUBLIC: everybody sees every row" in said
    assert "Rows, with the texts of the personas:" in said


def test_where_nobody_can_be_asked_it_is_not_sent_without_yes(command, hub, run):
    result = command("publish", run, NAME)
    assert (result.exit_code, hub.repos) == (2, {})
    assert "nobody can be asked here; add --yes" in result.stderr
    assert command("publish", run, NAME, "--yes").exit_code == 0
    assert len(hub.repos[NAME].commits) == 2


@pytest.mark.parametrize(("answer", "commits"), [(True, 2), (False, 0)])
def test_in_a_terminal_it_asks(command, hub, run, monkeypatch, answer, commits):
    asked = []
    monkeypatch.setattr("personagen.cli.consent._is_interactive", lambda: True)
    monkeypatch.setattr("click.confirm", lambda question, **_: asked.append(question) or answer)
    assert command("publish", run, NAME).exit_code == 0
    assert asked == ["Publish me/bees?"]
    assert len(hub.repos[NAME].commits if NAME in hub.repos else []) == commits


def test_a_finding_is_shown_with_its_file_and_row_and_stops(command, hub, run):
    result = command("publish", planted(run), NAME, "--yes")
    assert (result.exit_code, hub.repos) == (2, {})
    assert "pairs/train-00000-of-00001.parquet, row 1  e-mail address: ada@... (16 characters) chosen" in result.stderr
    assert "nothing was sent: e-mail address 1" in result.stderr


def test_findings_that_are_allowed_are_published_and_the_card_says_so(command, hub, run):
    assert command("publish", planted(run), NAME, "--yes", "--allow-findings").exit_code == 0
    assert b"found e-mail address 1" in hub.repos[NAME].head.files["README.md"][0]


def test_a_folder_needs_no_token_and_no_answer(command, run, tmp_path, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    result = command("publish", run, "--to-folder", "out")
    assert result.exit_code == 0
    assert "written" in result.stdout
    assert (tmp_path / "out" / "README.md").is_file()
    assert str(tmp_path) not in (tmp_path / "out" / "README.md").read_text()


def test_a_name_and_a_folder_or_neither_are_refused(command, run):
    for arguments in ([NAME, "--to-folder", "out"], []):
        result = command("publish", run, *arguments)
        assert result.exit_code == 2
        assert "give either OWNER/NAME or --to-folder DIR" in result.stderr


def test_json_has_the_plan_and_what_was_found(command, hub, run):
    said = json.loads(command("publish", run, NAME, "--dry-run", "--json").stdout)
    assert (said["to"], said["sent"], said["rows"]["pairs"]) == (NAME, False, 9)
    assert "README.md" in said["changed"]


def test_pull_goes_to_a_folder_of_the_datasets_name(command, hub, run, tmp_path):
    command("publish", run, NAME, "--yes")
    result = command("pull", NAME)
    assert result.exit_code == 0
    assert "next: personagen show outputs/bees" in result.stdout
    assert "extending the run does not" in result.stdout
    assert command("show", "outputs/bees").exit_code == 0


def test_the_program_itself_reaches_the_hub_that_the_environment_names(run, tmp_path):
    with running() as hub:
        settings = {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": TOKEN,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(tmp_path / "hf"),
        }
        env = {**os.environ, **settings}

        def typed(*words: str) -> subprocess.CompletedProcess[str]:
            program = [sys.executable, "-m", "personagen", *words]
            return subprocess.run(program, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

        sent = typed("publish", "run", NAME, "--yes", "--with-persona")
        assert sent.returncode == 0, sent.stderr
        assert typed("pull", NAME, "--out", "again").returncode == 0
    assert (tmp_path / "again" / "pairs.jsonl").read_bytes() == (run / "pairs.jsonl").read_bytes()
    assert TOKEN not in sent.stdout + sent.stderr
    assert not any(TOKEN.encode() in file.read_bytes() for file in run.rglob("*") if file.is_file())


def test_the_code_that_loads_a_folder_is_python_whatever_its_name(command, run, tmp_path):
    result = command("publish", run, "--to-folder", 'a "b" c')
    card = (tmp_path / 'a "b" c' / "README.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    for text in (result.stdout.partition("load: ")[2], code):
        call = next(
            node for node in ast.walk(ast.parse(re.sub(r"(?m)^ +load", "load", text))) if isinstance(node, ast.Call)
        )
        assert ast.literal_eval(call.args[0]) == 'a "b" c'
