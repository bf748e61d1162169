"""One method of TRL on checked rows: its exact settings, the training, and the result."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.store.files import dump, write
from personagen.train.checks import COLUMNS, Row
from personagen.train.model import has_bf16, load_model
from personagen.train.recipe import Recipe, trl_keywords

CHECKPOINTS = "checkpoints"
SETTINGS = "trl-config.json"
Log = Sequence[Mapping[str, float]]
Say = Callable[[str], None]
_LOGGED = ("loss", "eval_loss", "rewards/accuracies", "eval_rewards/accuracies", "accuracy", "eval_accuracy")


@dataclass(frozen=True)
class Settings:
    """TRL's configuration ``args`` with the ``keywords`` it was made of, and peft's (None: every weight is trained)."""

    args: Any
    keywords: Mapping[str, Any]
    lora: Any = None

    def __str__(self) -> str:
        """The Python code that makes both."""
        lines = [f"{type(self.args).__name__}("]
        lines += [f"    {name}={value!r}," for name, value in self.keywords.items()]
        given = getattr(self.lora, "given", {})
        return "\n".join([*lines, ")", *([f"LoraConfig({_listed(given)})"] if self.lora else [])])


def settings(recipe: Recipe, method: str, out: Path, context: int, seed: int) -> Settings:
    """The settings of ``method`` for the device that is here; a keyword that TRL or peft lacks is a ``UsageError``."""
    import torch
    import trl

    gpus = torch.cuda.device_count()
    keywords = trl_keywords(recipe, method, context, max(1, gpus))
    if method == "sft":
        keywords.setdefault("completion_only_loss", True)
    keywords |= {
        "output_dir": str(out / CHECKPOINTS),
        "seed": seed,
        "report_to": [],
        "disable_tqdm": True,
        "bf16": has_bf16(),
        "use_cpu": not gpus,
    }
    kinds = {"sft": trl.SFTConfig, "dpo": trl.DPOConfig, "kto": trl.KTOConfig, "reward": trl.RewardConfig}
    try:
        args = kinds[method](**keywords)
        lora = _lora(recipe, method) if recipe.lora else None
    except (TypeError, ValueError) as error:
        said = str(error).replace("__init__() got an", "has an")
        raise UsageError(f"recipe {recipe.name}, {method}: {said} (TRL {trl.__version__})") from None
    return Settings(args, keywords, lora)


def store(out: Path, made: Settings) -> None:
    """Writes every setting of TRL and peft, the defaults too, to ``trl-config.json`` in ``out``."""
    every = {
        "class": type(made.args).__name__,
        "given": dict(made.keywords),
        "config": made.args.to_dict(),
        "lora": made.lora.to_dict() if made.lora else None,
    }
    write(out / SETTINGS, [json.dumps(every, indent=1, sort_keys=True, default=_plain).encode() + b"\n"])


def run(
    method: str, base: str, tokenizer: Any, made: Settings, rows: Mapping[str, Sequence[Row]], say: Say
) -> tuple[Any, Log]:
    """Trains ``base`` on ``rows["train"]``, from its last checkpoint if it has one; the trainer, and what it logged.

    It is evaluated on ``rows["test"]`` during training, as the settings say, and at the end.
    """
    import trl
    from datasets import Dataset
    from transformers.trainer_callback import PrinterCallback
    from transformers.trainer_utils import get_last_checkpoint, set_seed

    set_seed(made.args.seed)  # the adapter, and the head of a reward model, are drawn
    kinds = {"sft": trl.SFTTrainer, "dpo": trl.DPOTrainer, "kto": trl.KTOTrainer, "reward": trl.RewardTrainer}
    tables = {
        name: Dataset.from_list([{key: row[key] for key in COLUMNS[method]} for row in own])
        for name, own in rows.items()
        if own
    }
    if "test" not in tables:
        made.args.eval_strategy = type(made.args.eval_strategy)("no")
    trainer = kinds[method](
        model=load_model(base, method, tokenizer),
        args=made.args,
        train_dataset=tables["train"],
        eval_dataset=tables.get("test"),
        processing_class=tokenizer,
        peft_config=made.lora,
    )
    if not getattr(made.args, "packing", False):
        _check_kept({"train": trainer.train_dataset, "test": trainer.eval_dataset}, tables)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_callback(say))
    folder = Path(made.args.output_dir)
    last = get_last_checkpoint(str(folder)) if folder.is_dir() else None
    if last:
        say(f"resuming from {last}")
    trainer.train(resume_from_checkpoint=last)
    state = trainer.state
    last_step = [entry for entry in state.log_history if entry.get("step") == state.global_step]
    if "test" in tables and not any("eval_loss" in entry for entry in last_step):
        trainer.evaluate()
    return trainer, [dict(entry) for entry in state.log_history]


def last_checkpoint(out: Path) -> str:
    """The newest checkpoint in ``out``, or nothing."""
    found = sorted((out / CHECKPOINTS).glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    return str(found[-1]) if found else ""


def save(trainer: Any, tokenizer: Any, out: Path, log: Log) -> None:
    """Writes the adapter or the model, its tokenizer, and ``metrics.json``."""
    trainer.save_model(str(out))
    (out / "training_args.bin").unlink(missing_ok=True)  # a pickle; trl-config.json has the same
    tokenizer.save_pretrained(str(out))
    write(out / "metrics.json", [dump(log), b"\n"])


@contextmanager
def quiet() -> Iterator[None]:
    """Turns off the libraries' progress bars, and their warnings about names that they change among themselves."""
    import datasets
    import transformers

    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _check_kept(kept: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raises ``UsageError`` if TRL left out rows, which it does without a word."""
    for name, rows in given.items():
        if len(kept[name]) != len(rows):
            raise UsageError(f"TRL keeps {len(kept[name]):,} of {len(rows):,} {name} rows; give a larger max_length")


def _lora(recipe: Recipe, method: str) -> Any:
    from peft import LoraConfig

    given = {"task_type": "SEQ_CLS" if method == "reward" else "CAUSAL_LM", **recipe.lora}
    made = LoraConfig(**given)
    vars(made)["given"] = given
    return made


def _callback(say: Say) -> Any:
    from transformers import TrainerCallback

    def on_log(_: Any, __: Any, state: Any, ___: Any, logs: Any = None, **____: Any) -> None:
        numbers = [f"{name} {float(logs[name]):.4f}" for name in _LOGGED if name in (logs or {})]
        if numbers:
            say(f"step {state.global_step:,} of {state.max_steps:,}: {', '.join(numbers)}")

    return type("Said", (TrainerCallback,), {"on_log": on_log})()


def _listed(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in given.items())


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)
