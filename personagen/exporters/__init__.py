"""Dataset formats, one per file, or one family of a trainer. To add one: a file here and a line below.

A function of the user's own takes all trees and pairs of a run at once, in file order: ``(trees, pairs) -> rows``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from personagen.exporters import openai, trl
from personagen.exporters.aloe import ALOE
from personagen.exporters.axolotl import AXOLOTL
from personagen.exporters.beliefs import BELIEFS
from personagen.exporters.branches import SEGMENTS, TRAJECTORIES
from personagen.exporters.format import Format
from personagen.exporters.llama_factory import LLAMA_FACTORY
from personagen.exporters.openrlhf import OPENRLHF
from personagen.exporters.per_user import PER_USER
from personagen.exporters.sharegpt import SHAREGPT
from personagen.exporters.ultrafeedback import ULTRAFEEDBACK
from personagen.records import ConversationTree, PreferencePair

Exporter: TypeAlias = Callable[[Iterable[ConversationTree], Iterable[PreferencePair]], Iterable[dict[str, Any]]]

EXPORTERS: dict[str, Format] = {
    "trl": trl.DPO,
    "trl-dpo": trl.DPO,
    "trl-reward": trl.REWARD,
    "trl-kto": trl.KTO,
    "trl-sft": trl.SFT,
    "trl-prompt": trl.PROMPT,
    "trajectories": TRAJECTORIES,
    "segments": SEGMENTS,
    "openai-dpo": openai.DPO,
    "openai-sft": openai.SFT,
    "sharegpt": SHAREGPT,
    "llama-factory": LLAMA_FACTORY,
    "axolotl": AXOLOTL,
    "openrlhf": OPENRLHF,
    "ultrafeedback": ULTRAFEEDBACK,
    "beliefs": BELIEFS,
    "per-user": PER_USER,
    "aloe": ALOE,
}
