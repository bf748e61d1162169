"""Recipes: TOML files whose tables are the keywords of TRL's and peft's configurations."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from personagen.errors import UsageError
from personagen.options.train import METHODS, RECIPES

Keywords: TypeAlias = dict[str, Any]
FOLDER = Path(__file__).parent / "recipes"
# What the command sets itself, with where to say otherwise.
_RESERVED = {
    "output_dir": "--out",
    "gradient_accumulation_steps": "batch",
    "seed": "--seed",
    "data_seed": "--seed",
    "bf16": "the device",
    "fp16": "the device",
    "use_cpu": "the device",
    "report_to": "curves.svg and metrics.json",
    "disable_tqdm": "--quiet",
    "push_to_hub": "`hf upload`",
}
_SAMPLES = {"people": 2, "max_new_tokens": 80, "messages": []}


@dataclass(frozen=True)
class Recipe:
    """How to train: ``batch`` rows a step, ``test`` the share held out, ``rows`` and ``test_rows`` at most (0: all).

    ``methods`` has the TRL keywords of each method, and ``lora`` those of peft, empty to train every weight.
    ``samples`` says what the model is asked before and after. ``text`` is the file.
    """

    name: str
    text: str
    batch: int
    test: float = 0.1
    rows: int = 0
    test_rows: int = 0
    methods: Mapping[str, Keywords] = field(default_factory=dict)
    lora: Mapping[str, Any] = field(default_factory=dict)
    samples: Mapping[str, Any] = field(default_factory=dict)


def read_recipe(name: str) -> Recipe:
    """The recipe ``name``, one of ``RECIPES`` or a TOML file; ``UsageError`` if it is neither or has other parts."""
    file = FOLDER / f"{name}.toml" if name in RECIPES else Path(name)
    try:
        text = file.read_text(encoding="utf-8-sig")
        found = tomllib.loads(text)
    except FileNotFoundError:
        raise UsageError(f"--recipe {name}: choose one of {', '.join(RECIPES)}, or give a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{file} is not TOML: {error}") from None
    shared = _table(file, found, "trainer")
    methods = {method: {**shared, **_table(file, found, method)} for method in METHODS}
    lora, samples = _table(file, found, "lora"), _table(file, found, "samples")
    names = [name for name in ("batch", "test", "rows", "test_rows") if name in found]
    numbers: Keywords = {name: found.pop(name) for name in names}
    if found:
        raise UsageError(f"{file} has {next(iter(found))}, which is no part of a recipe: see docs/training.md")
    _check_numbers(file, numbers)
    for keywords in methods.values():
        _check_keywords(file, keywords, numbers["batch"])
    if samples and (samples.keys() - _SAMPLES or not isinstance(samples.get("messages"), list)):
        raise UsageError(f"{file}: [samples] takes {', '.join(_SAMPLES)}, of which messages is a list of texts")
    return Recipe(Path(name).stem, text, **numbers, methods=methods, lora=lora, samples=samples and _SAMPLES | samples)


def trl_keywords(recipe: Recipe, method: str, context: int, devices: int = 1) -> Keywords:
    """The TRL keywords of ``method`` that the recipe sets; ``context`` is how many tokens the model takes (0: unknown).

    ``batch`` is reached by accumulation over ``devices``; if that is impossible, it is a ``UsageError``.
    """
    keywords = dict(recipe.methods[method])
    at_once = keywords["per_device_train_batch_size"] * devices
    if recipe.batch % at_once:
        raise UsageError(
            f"recipe {recipe.name}: {devices} devices with {keywords['per_device_train_batch_size']} rows each can't"
            f" make a batch of {recipe.batch}; give a per_device_train_batch_size that divides {recipe.batch}"
        )
    lengths = [length for length in (keywords.get("max_length"), context) if length]
    return keywords | {
        "gradient_accumulation_steps": recipe.batch // at_once,
        "max_length": min(lengths) if lengths else None,
    }


def _table(file: Path, found: dict[str, Any], name: str) -> Keywords:
    table = found.pop(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"{file}: {name} is a table, as in [{name}]")
    return table


def _check_numbers(file: Path, numbers: Mapping[str, Any]) -> None:
    for name, value in numbers.items():
        fits = isinstance(value, int | float) if name == "test" else type(value) is int
        if not fits or not (0 <= value < 1 if name == "test" else value >= (name == "batch")):
            limits = "a number from 0 to below 1" if name == "test" else "a whole number"
            raise UsageError(f"{file}: {name} is {value!r}; give {limits}")
    if "batch" not in numbers:
        raise UsageError(f"{file} has no batch: say how many rows an optimizer step takes, as in batch = 48")


def _check_keywords(file: Path, keywords: Mapping[str, Any], batch: int) -> None:
    if taken := next((name for name in keywords if name in _RESERVED), ""):
        raise UsageError(f"{file} sets {taken}, which {_RESERVED[taken]} decides; remove it")
    at_once = keywords.get("per_device_train_batch_size")
    if type(at_once) is not int or not 1 <= at_once <= batch:
        raise UsageError(f"{file}: per_device_train_batch_size is {at_once!r}; give a whole number from 1 to {batch}")
