"""What a training leaves: curves, a card, and the state by which it resumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from personagen.errors import CorruptError, UsageError
from personagen.train.card import Trained, card, results_of
from personagen.train.curves import curves
from personagen.train.samples import Sample, asked
from personagen.train.state import check_out, read_training, write_training

LOG = [
    {"step": 1, "loss": 0.7, "rewards/accuracies": 0.5},
    {"step": 2, "loss": 0.5, "rewards/accuracies": 0.75},
    {"step": 2, "eval_loss": 0.6, "eval_rewards/accuracies": 0.625, "eval_runtime": 3.0},
    {"step": 3, "loss": float("nan")},
    {"step": 3, "train_runtime": 9.0},
]


def trained(**more: Any) -> Trained:
    given = {
        "method": "dpo",
        "model": "owner/name",
        "base": "owner/name",
        "adapter": True,
        "recipe": "aloe",
        "settings": "DPOConfig()",
        "rows": {"train": 300, "test": 40},
        "left_out": "",
        "command": "personagen train dpo run",
        "results": results_of(LOG),
    }
    return Trained(**(given | more))


def test_curves_have_a_panel_for_each_measure_with_a_line_for_train_and_test():
    drawn = ElementTree.fromstring(curves("dpo & more", LOG))
    lines = [one.get("points", "").split() for one in drawn.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in lines] == [2, 1, 2, 1]
    highest, lowest = (float(points.partition(",")[2]) for points in lines[0])
    assert highest < lowest  # the loss falls: up is a smaller y


def test_curves_of_an_empty_log_are_a_picture_too():
    assert not [*ElementTree.fromstring(curves("nothing", [])).iter("{http://www.w3.org/2000/svg}polyline")]


def test_results_are_those_of_the_last_evaluation():
    assert results_of(LOG) == {"eval_loss": 0.6, "eval_rewards/accuracies": 0.625}
    assert results_of([]) == {}


def test_a_card_begins_with_metadata_and_says_what_was_trained_on_what():
    _, metadata, text = card(trained()).split("---\n", 2)
    assert yaml.safe_load(metadata) == {
        "base_model": "owner/name",
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "tags": ["personagen", "synthetic", "trl", "dpo", "lora"],
    }
    assert "300 rows" in text
    assert "| pairs with the higher implicit reward for the chosen reply | 0.625 |" in text
    assert "offline" not in text


def test_a_card_says_the_shortcut_what_was_left_out_and_that_data_is_offline():
    text = card(trained(shortcut=("longer", 0.61), left_out="train: 3 rows with an empty reply", offline=True))
    assert "knows nothing of the user, longer, picks the chosen reply in 61.0%" in text
    assert "Left out: train: 3 rows with an empty reply." in text
    assert "**Trained on text of personagen's offline cast" in text


def test_a_card_of_a_local_model_without_test_rows_names_no_base():
    text = card(trained(base="", rows={"train": 3}, results={}, samples=[Sample("p1", "Hello?", "Hi.\nYou?", "")]))
    assert "base_model" not in text
    assert "Not evaluated" in text
    assert "- before: Hi. You?\n- after: (nothing)" in text


def test_samples_ask_each_person_the_same_after_the_longest_conversation():
    def row(person: str, *texts: str, **more: Any) -> dict[str, Any]:
        return {
            "persona": person,
            "prompt": [{"role": "user", "content": text} for text in texts],
            "completion": [{"role": "assistant", "content": "Yes."}],
            **more,
        }

    rows = [row("p1", "a"), row("p1", "a", "b"), row("p2", "c", label=False), row("p3", "d"), row("", "e")]
    found = asked(rows, {"people": 2, "messages": ["What now?"]})
    assert [(person, message) for person, message, _ in found] == [("p1", "What now?"), ("p3", "What now?")]
    assert [message["content"] for message in found[0][2]] == ["a", "b", "Yes.", "What now?"]
    assert asked(rows, {}) == []


def test_another_training_in_the_folder_is_refused_by_what_differs(tmp_path: Path):
    assert read_training(tmp_path, {"seed": 1}) == {}
    write_training(tmp_path, {"status": "running", "key": {"seed": 1}})
    assert read_training(tmp_path, {"seed": 1})["status"] == "running"
    with pytest.raises(UsageError, match="of a training with another seed"):
        read_training(tmp_path, {"seed": 2})
    (tmp_path / "train.json").write_text("{")
    with pytest.raises(CorruptError, match="is damaged"):
        read_training(tmp_path, {"seed": 1})


def test_a_folder_with_something_else_is_refused(tmp_path: Path):
    check_out(tmp_path, "data")
    (tmp_path / "data").mkdir()
    check_out(tmp_path, "data")
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UsageError, match="something else"):
        check_out(tmp_path, "data")
    with pytest.raises(UsageError, match="is a file"):
        check_out(tmp_path / "thesis.tex", "data")
