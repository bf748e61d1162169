"""The benchmark as a task of Inspect: the same replies have the same AL(k) as in ``personagen evaluate``.

Run by ``make test-env``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from personagen.flows.evaluate import evaluate
from personagen.options.evaluate import EvaluateOptions
from personagen.records import ConversationTree
from personagen.store.files import read_records
from tests.env.people import MORE

NEEDS = "Inspect is not in this environment: make test-env"
inspect_ai = pytest.importorskip("inspect_ai", reason=NEEDS)
TURNS = 4


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("evaluated") / "run"
    options = EvaluateOptions(personas=MORE, turns=TURNS, out=out, repeat_rate=0.0, confirm_above=None)
    return out, asyncio.run(evaluate(options)).results


def replies(run: Path) -> dict[str, str]:
    """The reply of the run's model to each conversation up to a user's message, as one text."""
    found = {}
    for tree in read_records(run / "trees.jsonl", ConversationTree):
        texts = [node.content for node in tree.nodes]
        found |= {"\n".join(texts[:at]): texts[at] for at in range(1, len(texts), 2)}
    return found


def inspected(folder: Path, say: Any, epochs: int = 1) -> Any:
    """The log of the task with a model that says what ``say`` gives for a conversation."""
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    from personagen.inspect_task import aloe

    def answer(chat: Any, *_: Any) -> Any:
        assert [message.role for message in chat[:2]] == ["user", "assistant"][: len(chat)]
        made = ModelOutput.from_content("mockllm", say("\n".join(message.text for message in chat)))
        made.usage = ModelUsage()
        return made

    [log] = inspect_ai.eval(
        aloe(personas=MORE, turns=TURNS, out=str(folder / "run")),
        model=get_model("mockllm/model", custom_outputs=answer),
        log_dir=str(folder / "logs"),
        display="none",
        epochs=epochs,
    )
    assert log.status == "success", log.error
    return log


def metrics(log: Any) -> dict[str, float]:
    [scored] = log.results.scores
    return {name: metric.value for name, metric in scored.metrics.items()}


def test_the_same_replies_have_the_same_alignment_as_in_evaluate(tmp_path: Path, evaluated):
    run, results = evaluated
    found = metrics(inspected(tmp_path, replies(run).__getitem__))
    plain = results["conditions"]["plain"]
    assert len({one["value"] for one in plain["al"]}) > 1, "the same at every turn proves little"
    for turn in range(1, TURNS + 1):
        assert found[f"AL({turn})"] == pytest.approx(plain["al"][turn - 1]["value"], abs=1e-4)
    for name in ("average", "ir", "n_ir", "r2"):
        assert found[name] == pytest.approx(plain["figures"][name]["value"], abs=1e-4)
    assert found["ir_low"] == pytest.approx(plain["figures"]["ir"]["low"], abs=1e-4)


def test_the_log_has_each_turns_score_and_the_whole_conversation(tmp_path: Path, evaluated):
    log = inspected(tmp_path, replies(evaluated[0]).__getitem__)
    [sample] = [one for one in log.samples if one.id == log.samples[0].id]
    score = sample.scores["alignment"]
    assert len(score.metadata["scores"]) == TURNS
    assert all(1 <= one <= 5 for one in score.metadata["scores"])
    assert score.value == pytest.approx(sum(score.metadata["scores"]) / TURNS)
    assert [message.role for message in sample.messages] == ["user", "assistant"] * TURNS
    assert "turn 1: " in score.explanation


def test_epochs_of_a_persona_are_averaged_and_ask_the_judge_nothing_twice(tmp_path: Path, evaluated):
    say = replies(evaluated[0]).__getitem__
    once, twice = (metrics(inspected(tmp_path / str(n), say, epochs=n)) for n in (1, 2))
    assert once == twice


def test_an_empty_reply_ends_its_conversation_and_counts_for_no_turn(tmp_path: Path):
    log = inspected(tmp_path, lambda chat: "Bees." if "\n" not in chat else " ")
    for sample in log.samples:
        assert sample.scores["alignment"].metadata["scores"][1:] == [None]
    assert "AL(2)" not in metrics(log)


def test_the_task_is_found_by_its_name(monkeypatch, tmp_path: Path):
    from inspect_ai._eval.loader import load_tasks

    [found] = load_tasks(["personagen/aloe"], {"personas": str(people(tmp_path)), "turns": 2})
    assert found.dataset.name == "aloe"
    assert len(found.dataset) == len(MORE)


def people(folder: Path) -> Path:
    import orjson

    file = folder / "people.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, MORE)))
    return file
