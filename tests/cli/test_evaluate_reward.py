"""`personagen evaluate --reward`: its table, its file, and what it refuses in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.runs import several, simulated


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return simulated(tmp_path / "run", several(3))


@pytest.fixture
def reward(own) -> str:
    return own("def f(prompt, reply): return len(reply) if reply.startswith('Reply 0') else 0") + ":f"


def test_the_table_has_the_accuracy_by_turn_with_its_interval(command, run: Path, reward: str):
    shown = command("evaluate", "--reward", reward, run).stdout
    rows = dict(line.strip().split("  ", 1) for line in shown.splitlines()[1:])
    assert shown.startswith("outputs/reward-evaluation/reward.json\n")
    assert rows["accuracy"].strip() == "100.0% (100.0 to 100.0) of 9 pairs"
    assert rows["turn 2"].strip() == "100.0% (100.0 to 100.0) of 3 pairs"
    assert Path("outputs/reward-evaluation/reward.json").is_file()


def test_a_folder_can_be_chosen_and_json_holds_what_the_file_holds(command, run: Path, reward: str):
    shown = command("evaluate", "--reward", reward, run, "--out", "mine", "--json").stdout
    assert json.loads(shown) == json.loads(Path("mine/reward.json").read_bytes())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reward", "", "RUN"), "--reward is empty"),
        (("--reward", "REWARD"), "needs one RUN, of simulate or a file of exported pairs, not 0"),
        (("--reward", "REWARD", "RUN", "RUN"), "needs one RUN, of simulate or a file of exported pairs, not 2"),
        (
            ("--reward", "./nowhere", "RUN"),
            "--reward ./nowhere: there is no such folder; a name at the Hub is OWNER/NAME",
        ),
        (("--reward", "model.gguf", "RUN"), "--reward model.gguf: there is no such file"),
        (("--reward", "nowhere:f", "RUN"), "nowhere:f can't be loaded"),
        (("--reward", "REWARD", "nowhere"), "nowhere has no pairs.jsonl: give a run of `personagen simulate`"),
        (("RUN",), "runs are for --compare and --reward"),
    ],
)
def test_what_can_not_be_measured_is_said_in_a_sentence(command, run: Path, reward: str, words, said: str):
    given = {"REWARD": reward, "RUN": str(run)}
    result = command("evaluate", *(given.get(word, word) for word in words))
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_model_without_its_packages_says_what_to_install(command, run: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("personagen.train.reward_model.find_spec", lambda _: None)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    result = command("evaluate", "--reward", tmp_path / "model", run)
    assert result.stderr.endswith("needs torch: pip install 'personagen[train]'\n")


def test_a_judge_is_a_run_of_its_own_with_calls_and_the_same_table(command, run: Path):
    result = command("evaluate", "--reward", "judge=offline", run)
    assert result.exit_code == 0
    rows = dict(line.strip().split("  ", 1) for line in result.stdout.splitlines()[1:-1])
    assert rows["reward model"].strip() == "judge=offline"
    assert rows["rated pairs"].strip() == "9 of 9"
    assert result.stdout.endswith("figures: outputs/judge-evaluation/reward.json\n")
