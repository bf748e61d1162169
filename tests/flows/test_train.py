"""``train`` up to the trainer, with a model that is a template: what is read, refused, split and printed."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from personagen.errors import UsageError
from personagen.flows import train as flow
from personagen.options.train import TrainOptions
from personagen.train.checks import Chat
from tests.train.runs import people


@pytest.fixture(autouse=True)
def template(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model with a template of plain lines and a token for each character; no package is needed for it."""

    def render(messages: Any, opened: bool) -> str:
        return "".join(f"{m['role']}: {m['content']}\n" for m in messages) + ("assistant: " if opened else "")

    def settings(recipe: Any, method: str, *_: Any) -> Any:
        return SimpleNamespace(args=SimpleNamespace(max_length=recipe.methods[method]["max_length"]))

    monkeypatch.setattr(flow.models, "check_installed", lambda *_: None)
    monkeypatch.setattr(flow.models, "load_tokenizer", lambda _: (None, 0))
    monkeypatch.setattr(flow.models, "chat_of", lambda _, most: Chat(render, len, most))
    monkeypatch.setattr(flow.trainers, "settings", settings)
    monkeypatch.setattr(flow.trainers, "quiet", nullcontext)


def checked(method: str, data: Path, out: Path, **more: Any) -> Any:
    options = TrainOptions(**({"base": "owner/name", "out": out, "recipe": "tiny", "dry_run": True} | more))
    return flow.train(tuple(method.split(",")), data, options, lambda _: None)


def exported(folder: Path, rows: int = 3, **more: Any) -> Path:
    """A folder with train and test rows, each of a person of their own."""
    folder.mkdir()
    for name in ("train", "test"):
        lines = []
        for number in range(rows):
            row = {
                "prompt": [{"role": "user", "content": "Hello."}],
                "chosen": [{"role": "assistant", "content": f"Good {number}."}],
                "rejected": [{"role": "assistant", "content": f"Bad {number}."}],
                "persona": f"{name}-{number}",
                "tree": f"{name}-{number}",
            }
            lines.append(orjson.dumps(row | (more if number == 0 else {})))
        (folder / f"{name}.jsonl").write_bytes(b"\n".join(lines))
    return folder


@pytest.mark.parametrize("method", ["sft", "dpo", "kto", "reward"])
def test_a_run_is_split_by_people_and_each_method_gets_rows_of_its_format(tmp_path: Path, method: str):
    [summary] = checked(method, people(tmp_path / "run", 6), tmp_path / "out")
    assert summary.status == "checked"
    assert 0 < summary.rows["test"] <= 8
    assert 0 < summary.rows["train"] <= 16
    assert summary.left_out == ""
    sides = []
    for name in ("train", "test"):
        lines = (tmp_path / "out" / "data" / "rows" / f"{name}.jsonl").read_text().splitlines()
        sides.append({json.loads(line)["persona"] for line in lines})
    assert not sides[0] & sides[1]


def test_methods_in_turn_have_a_folder_each(tmp_path: Path):
    found = checked("sft,dpo", people(tmp_path / "run", 6), tmp_path / "out")
    assert [(one.method, one.out) for one in found] == [(name, str(tmp_path / "out" / name)) for name in ("sft", "dpo")]


def test_data_that_would_train_wrongly_is_refused_and_left_out_with_drop(tmp_path: Path):
    data = exported(tmp_path / "data", rejected=[{"role": "assistant", "content": "Good 0."}])
    with pytest.raises(UsageError, match=r"would train wrongly: of 3 rows 1 row with a chosen reply equal.*--drop"):
        checked("dpo", data, tmp_path / "out")
    [summary] = checked("dpo", data, tmp_path / "out", drop=True)
    assert summary.rows == {"train": 2, "test": 2}
    assert summary.left_out.startswith("train: 1 row with a chosen reply equal")


def test_data_of_which_nothing_is_left_is_refused(tmp_path: Path):
    data = exported(tmp_path / "data", rows=1, chosen=[])
    with pytest.raises(UsageError, match=r"train\.jsonl has no row to train on: 1 row with an empty reply"):
        checked("dpo", data, tmp_path / "out", drop=True)


def test_a_person_in_train_and_in_test_is_refused(tmp_path: Path):
    data = exported(tmp_path / "data", persona="p1")
    with pytest.raises(UsageError, match="persona p1 is in train and in test, so the test says nothing"):
        checked("dpo", data, tmp_path / "out")


def test_a_file_alone_is_not_evaluated_and_says_so(tmp_path: Path):
    data = exported(tmp_path / "data")
    [summary] = checked("dpo", data / "train.jsonl", tmp_path / "out")
    assert summary.rows == {"train": 3}
    assert "nothing is evaluated" in summary.notes[0]


def test_a_reward_model_without_margins_takes_rows_that_have_none(tmp_path: Path):
    data = exported(tmp_path / "data")
    with pytest.raises(UsageError, match="has no margin"):
        checked("reward", data, tmp_path / "out")
    [summary] = checked("reward", data, tmp_path / "out", no_margin=True)
    assert summary.rows == {"train": 3, "test": 3}


def test_the_best_shortcut_is_a_rule_over_the_text_alone(tmp_path: Path):
    run = people(tmp_path / "run", 6)
    state = json.loads((run / "run.json").read_text())
    state.setdefault("summary", {})["shortcuts"] = {
        name: {"value": value} for name, value in (("longer", 0.6), ("bag_of_words", 0.7), ("aware", 0.9))
    }
    (run / "run.json").write_text(json.dumps(state))
    assert flow.best_shortcut(run) == ("bag_of_words", 0.7)
    assert checked("dpo", run, tmp_path / "out")[0].shortcut == ("bag_of_words", 0.7)


@pytest.mark.parametrize(
    ("method", "more", "said"),
    [
        ("dpo", {"base": None}, "train needs --model"),
        ("dpo", {"no_margin": True}, "--no-margin is for reward, not for dpo"),
        ("dpo", {"where": "personal"}, "--where chooses pairs of a run"),
        ("sft,dpo", {}, "is no run: each method takes rows of its own"),
        ("dpo", {"base": "./nothing"}, "--model ./nothing: there is no such folder"),
        ("dpo", {"base": "no.gguf"}, "--model no.gguf: there is no such file"),
    ],
)
def test_what_does_not_fit_together_is_one_sentence(tmp_path: Path, method: str, more: dict[str, Any], said: str):
    with pytest.raises(UsageError, match=said):
        checked(method, exported(tmp_path / "data"), tmp_path / "out", **more)
