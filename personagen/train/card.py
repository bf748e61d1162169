"""The model card: what was trained on what, with which settings, and how it does on people it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personagen.train.samples import Sample

_TITLES = {"sft": "SFT", "dpo": "DPO", "kto": "KTO", "reward": "reward model"}
_TAGS = {"sft": ["sft"], "dpo": ["dpo"], "kto": ["kto"], "reward": ["reward-trainer"]}
_RESULTS = {
    "eval_loss": "loss",
    "eval_rewards/accuracies": "pairs with the higher implicit reward for the chosen reply",
    "eval_rewards/margins": "implicit reward of the chosen minus the rejected reply",
    "eval_accuracy": "pairs with the higher reward for the chosen reply",
    "eval_mean_token_accuracy": "tokens predicted",
}


@dataclass(frozen=True)
class Trained:
    """What the card is made of; ``base`` is a name at the Hub, or empty for a local model, which ``model`` names."""

    method: str
    model: str
    base: str
    adapter: bool
    recipe: str
    settings: str
    rows: Mapping[str, int]
    left_out: str
    command: str
    results: Mapping[str, float]
    shortcut: tuple[str, float] | None = None
    offline: bool = False
    samples: Sequence[Sample] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


def card(trained: Trained) -> str:
    """The card as Markdown with the metadata that the Hub reads."""
    title = _TITLES[trained.method]
    test = trained.rows.get("test", 0)
    parts = [_metadata(trained), f"# {title} of {trained.model} on personal preferences"]
    if trained.offline:
        parts.append("**Trained on text of personagen's offline cast, which is for trying and testing only.**")
    parts.append(
        f"{'A LoRA adapter for' if trained.adapter else 'A model made from'} `{trained.model}`, trained with TRL on"
        f" {trained.rows['train']:,} rows of synthetic data of [personagen](https://pypi.org/project/personagen/)"
        f" by the recipe `{trained.recipe}`:\n\n    {trained.command}"
    )
    if trained.left_out:
        parts.append(f"Left out: {trained.left_out}.")
    parts += ["## Results", _results(trained, test)]
    parts += ["![Curves](curves.svg)", *_samples(trained.samples)]
    parts += ["## Settings", f"```python\n{trained.settings}\n```"]
    parts.append("`trl-config.json` has every setting, `metrics.json` the log.")
    if trained.versions:
        parts.append(", ".join(f"{name} {version}" for name, version in trained.versions.items()) + ".")
    parts += [
        "## Limits",
        "The people, their messages and the verdicts are synthetic: they are a model's idea of what people prefer. Test"
        " on real people before you rely on it. The terms of the trained model and of the models that wrote the data"
        " apply.",
    ]
    return "\n\n".join(parts) + "\n"


def _metadata(trained: Trained) -> str:
    lines = ["---", *([f"base_model: {trained.base}"] if trained.base else [])]
    lines += [f"library_name: {'peft' if trained.adapter else 'transformers'}"]
    if trained.method != "reward":
        lines.append("pipeline_tag: text-generation")
    tags = ["personagen", "synthetic", "trl", *_TAGS[trained.method], *(["lora"] if trained.adapter else [])]
    return "\n".join([*lines, "tags:", *(f"- {tag}" for tag in tags), "---"])


def _results(trained: Trained, test: int) -> str:
    rows = [(words, trained.results[name]) for name, words in _RESULTS.items() if name in trained.results]
    if not test or not rows:
        return "Not evaluated: the data had no test rows."
    lines = [
        f"On {test:,} rows of people of whom nothing is in the training rows:",
        "\n".join(["| | |", "|---|---|", *(f"| {words} | {value:.4g} |" for words, value in rows)]),
    ]
    if trained.shortcut and trained.method in ("dpo", "reward"):
        name, value = trained.shortcut
        lines.append(
            f"Of the same data a rule that knows nothing of the user, {name}, picks the chosen reply in {value:.1%} of"
            " the pairs: only what lies above it can be personal."
        )
    return "\n\n".join(lines)


def _samples(samples: Sequence[Sample]) -> list[str]:
    if not samples:
        return []
    lines = ["## Replies", "The likeliest reply to the same message after the conversations of different people."]
    for sample in samples:
        replies = f"- before: {_line(sample.before)}\n- after: {_line(sample.after)}"
        lines.append(f"**{sample.message}** ({sample.person})\n\n{replies}")
    return lines


def _line(text: str) -> str:
    return " ".join(text.split()) or "(nothing)"


def results_of(log: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What the last evaluation in ``log`` says of the model; empty if there was none."""
    found = [entry for entry in log if "eval_loss" in entry]
    last = found[-1] if found else {}
    return {name: float(last[name]) for name in _RESULTS if name in last}
