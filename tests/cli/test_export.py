"""`personagen export` as it is typed; what it writes is tested with the flow."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.runs import several, simulated
from tests.test_splits import tree


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return simulated(tmp_path / "run", several(2))


def test_without_options_the_pairs_for_trl_go_into_the_run_folder(command, folder: Path):
    result = command("export", folder)
    assert result.exit_code == 0
    assert (folder / "trl.jsonl").read_bytes().count(b"\n") == 6
    assert "rows   6" in result.stdout
    assert f'load_dataset("json", data_files="{folder}/trl.jsonl", split="train")' in result.stdout


def test_the_default_file_is_named_after_the_format(command, folder: Path, tmp_path: Path):
    (tmp_path / "shapes.py").write_text("def sft(trees, pairs):\n    yield {'n': 1}\n")
    assert command("export", folder, "--format", "aloe", "--with-persona").exit_code == 0
    assert command("export", folder, "--format", "shapes:sft").exit_code == 0
    assert (folder / "aloe.jsonl").is_file()
    assert (folder / "sft.jsonl").read_text() == '{"n":1}\n'


def test_splits_go_into_a_folder_named_after_the_format(command, tmp_path: Path):
    run = simulated(tmp_path / "run", [tree(number) for number in range(12)])
    result = command("export", run, "--split", "train=0.5,test=0.5", "--where", "personal or margin >= 0 or turn = 1")
    assert result.exit_code == 0
    assert sorted(file.name for file in (run / "trl").iterdir()) == ["test.jsonl", "train.jsonl"]
    said = " ".join(result.stdout.split())
    assert "rows 12 train 6 test 6 bytes " in said
    assert f"pairs 12 kept reasons {run}/trl.selection.jsonl note read back: 6 trees in train, 6 trees in test" in said
    assert f'data_files={{"train": "{run}/trl/train.jsonl", "test": "{run}/trl/test.jsonl"}})' in said


def test_a_parquet_file_has_its_name(command, folder: Path):
    pytest.importorskip("pyarrow")
    result = command("export", folder, "--to", "parquet", "--limit", 4)
    assert (folder / "trl.parquet").is_file()
    assert "pairs 4 kept 2 limit: 4" in " ".join(result.stdout.split())
    assert f'load_dataset("parquet", data_files="{folder}/trl.parquet", split="train")' in result.stdout


def test_a_profile_that_holds_out_names_a_folder_too(command, folder: Path, tmp_path: Path):
    run = simulated(tmp_path / "other", [tree(number) for number in range(4)])
    (tmp_path / "profile.toml").write_text('[holdout]\nfew = "persona = p2"\n')
    assert command("export", run, "--profile", tmp_path / "profile.toml").exit_code == 0
    assert sorted(file.name for file in (run / "trl").iterdir()) == ["few.jsonl", "train.jsonl"]


def test_a_split_that_nobody_is_held_out_for_is_refused(command, folder: Path, tmp_path: Path):
    (tmp_path / "profile.toml").write_text('[holdout]\nrest = "persona = nobody"\n')
    result = command("export", folder, "--profile", tmp_path / "profile.toml")
    assert (result.exit_code, "no tree for rest" in result.stderr) == (2, True)


def test_json_is_the_summary_of_the_library(command, folder: Path, tmp_path: Path):
    told = json.loads(command("export", folder, "--out", tmp_path / "x.jsonl", "--json").stdout)
    assert (told["rows"], told["format"], told["out"]) == (6, "trl", str(tmp_path / "x.jsonl"))
    assert told["bytes"] == (tmp_path / "x.jsonl").stat().st_size


def test_quiet_writes_and_prints_nothing(command, folder: Path):
    assert command("export", folder, "--quiet").output == ""
    assert (folder / "trl.jsonl").is_file()


def test_an_unfinished_run_is_exported_with_a_note(command, tmp_path: Path):
    run = simulated(tmp_path / "run", several(2), status="interrupted")
    assert "note   the run is not finished" in command("export", run).stdout


def test_a_mistake_is_one_sentence_with_its_exit_code(command, folder: Path):
    result = command("export", folder, "--format", "csv")
    assert result.exit_code == 2
    assert result.stderr.startswith("personagen: --format csv: choose one of trl, trl-dpo")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_export_that_is_interrupted_leaves_nothing_behind(folder: Path, tmp_path: Path, number: int):
    (tmp_path / "shapes.py").write_text("def endless(trees, pairs):\n    while True:\n        yield {'n': 1}\n")
    typed = ["export", str(folder), "--format", "shapes:endless", "--out", "x.jsonl"]
    running = subprocess.Popen(
        [sys.executable, "-m", "personagen", *typed], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 30
    while not (tmp_path / ".x.jsonl.new").exists() and running.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(number)
    _, told = running.communicate(timeout=30)
    assert (running.returncode, told) == (130, "personagen: interrupted\n")
    assert not list(tmp_path.glob("*x.jsonl*")) + list(tmp_path.glob(".x.jsonl*"))
