"""Options of ``train``."""

from __future__ import annotations

from dataclasses import dataclass

from personagen.options.row import FILES, GENERAL, MODELS, SIZE, FilePath, Options, Texts, option

METHODS = ("sft", "dpo", "kto", "reward")
RECIPES = ("aloe", "smoke", "tiny")


def methods(text: str) -> tuple[str, ...]:
    """The methods in ``sft,dpo``, in their order; another text is a ``ValueError``."""
    found = tuple(part.strip() for part in text.split(","))
    if not set(found) <= set(METHODS) or len({*found}) < len(found):
        raise ValueError(f"choose one of {', '.join(METHODS)}, or several in their order, as in sft,dpo")
    if "reward" in found[:-1]:
        raise ValueError("a reward model writes no replies, so no method comes after reward")
    return found


@dataclass(frozen=True, kw_only=True)
class TrainOptions(Options):
    """Options of ``train``, which trains a model on a run's pairs with TRL."""

    base: str | None = option(
        None,
        "Model to train: a name at the Hub, a folder with a model or an adapter, or a .gguf file.",
        MODELS,
        "MODEL",
        flag="--model",
        common=True,
        words="must be given",
        example="Qwen/Qwen3-0.6B",
    )
    out: FilePath = option(
        "outputs/model", "Folder of the model; the same command on the same folder resumes.", FILES, "DIR", common=True
    )
    recipe: str = option(
        "aloe", "aloe, smoke, tiny, or a TOML file of TRL's settings.", MODELS, "NAME|FILE", common=True, names=RECIPES
    )
    where: Texts = option((), "Only pairs of the run that meet this, as in export.", FILES, "CONDITION", common=True)
    drop: bool = option(
        False, "Leave out rows that would train wrongly instead of refusing the data.", FILES, common=True
    )
    no_margin: bool = option(False, "Train a reward model without the margins.", MODELS)
    seed: int = option(0, "Seed of the order of rows, the adapter and dropout.", SIZE, most=2**31 - 1)
    dry_run: bool = option(False, "Check the data, print the settings, and train nothing.", GENERAL, common=True)
