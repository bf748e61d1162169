"""Options of ``evaluate --reward``."""

from __future__ import annotations

from dataclasses import dataclass

from personagen.options.row import MODELS, Options, option


@dataclass(frozen=True, kw_only=True)
class RewardOptions(Options):
    """What ``evaluate`` measures in place of a model that talks: a reward model, on the pairs of a run."""

    reward: str | None = option(
        None,
        "Reward model to measure on the pairs of RUN: module:function, a folder, a name at the Hub, or judge=MODEL.",
        MODELS,
        "REWARD",
        words="a conversation is evaluated",
        example="outputs/reward",
    )
