"""Options of ``export``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from personagen.options.row import FILES, SIZE, FilePath, Options, Texts, option

Balance = Literal["length"]
File = Literal["jsonl", "parquet"]
Keep = Literal["all", "personal"]
REST = "train"  # the split of what is not held out, if no shares are given
WHOLE = "all"  # for ``datasets`` a name of all splits together
_ROUNDING = 1e-5
_SHARE = re.compile(r"\s*(\w+)\s*=\s*(\d*\.?\d+)\s*")  # ``datasets`` takes no other names of splits


def shares(text: str | None, least: int = 2) -> dict[str, float]:
    """The share of each split in ``train=0.9,test=0.1``; empty for None. Another text, one with fewer than ``least``
    splits or with a name that ``datasets`` takes for something else is a ``ValueError``.
    """
    if text is None:
        return {}
    found = [_SHARE.fullmatch(part) for part in text.split(",")]
    given = {one[1]: float(one[2]) for one in found if one}
    if wrong := next((name for name in given if name.lower() == WHOLE), ""):
        raise ValueError(f"datasets takes {wrong} for all splits together; name it otherwise")
    if len(given) < max(least, len(found)) or min(given.values()) <= 0 or abs(sum(given.values()) - 1) > _ROUNDING:
        some = "two or more names with shares" if least > 1 else "shares"
        raise ValueError(f"give {some} that add up to 1, as in train=0.9,test=0.1")
    return given


def _checked(text: str) -> str:
    shares(text)
    return text


@dataclass(frozen=True, kw_only=True)
class SelectionOptions(Options):
    """What ``export`` takes of a run, and in which files."""

    to: File = option("jsonl", "Kind of file.", FILES, common=True, choices=get_args(File))
    where: Texts = option(
        (),
        "Only pairs that meet this: personal, 'margin >= 1 and not leaking', ...",
        FILES,
        "CONDITION",
        common=True,
        names=("personal", "knowable", "generic", "leaking", "twin", "not-", "margin>="),
    )
    keep: Keep = option("all", "Pairs to keep: all, or the personal ones.", FILES, choices=get_args(Keep))
    balance: Balance | None = option(
        None,
        "Draw pairs in which this says nothing of which reply was chosen.",
        FILES,
        common=True,
        choices=get_args(Balance),
        words="all pairs",
    )
    limit: int | None = option(
        None,
        "Draw this many pairs; a larger N keeps them.",
        SIZE,
        common=True,
        least=1,
        words="all pairs",
        example=1000,
    )
    profile: FilePath | None = option(
        None,
        "TOML file of what to drop, to prefer, to cap and to hold out.",
        FILES,
        "FILE",
        common=True,
        words="all pairs",
        example="profile.toml",
    )
    split: str | None = option(
        None,
        "Splits without a person, or one much like them, in two: train=0.9,test=0.1.",
        FILES,
        "NAME=SHARE,...",
        common=True,
        read=_checked,
        words="one file",
        example="train=0.9,test=0.1",
    )
    seed: int | None = option(None, "Seed of draws.", SIZE, words="that of the run", example=0)
    with_persona: bool = option(False, "Add the persona's texts, traits and attributes.", FILES, common=True)
    with_provenance: bool = option(
        False, "Add how each row came about: prompts, models, scores, grounds, quotes.", FILES, common=True
    )


FORMATS = (
    *("trl", "trl-dpo", "trl-reward", "trl-kto", "trl-sft", "trl-prompt", "trajectories", "segments", "openai-dpo"),
    *("openai-sft", "sharegpt", "llama-factory", "axolotl", "openrlhf", "ultrafeedback", "beliefs", "per-user", "aloe"),
)  # those of personagen.exporters, which completion does not import


@dataclass(frozen=True, kw_only=True)
class ExportOptions(SelectionOptions):
    """Options of ``export``."""

    format: str = option(
        "trl",
        "trl, openai-dpo, llama-factory, ... (docs/formats.md), or your own function as module:function.",
        FILES,
        "FORMAT",
        common=True,
        names=FORMATS,
    )
    out: FilePath | None = option(
        None,
        "File to write; with --split the folder of its files.",
        FILES,
        "PATH",
        common=True,
        words="RUN/FORMAT.jsonl",
    )
