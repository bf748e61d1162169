"""The prompts of a run, with the options of their roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from personagen.options import POLICY, ModelOptions
from personagen.prompts.files import Prompt, load


def tuned_prompts(names: Iterable[str], where: tuple[Path, ...], options: ModelOptions) -> dict[str, Prompt]:
    """The prompts ``names`` from the folders ``where``; those of a policy are the assistant's, under its own name."""
    efforts = options.by_role("--reasoning", options.reasoning)
    extras = options.by_role("--extra", options.extra)
    prompts = {}
    for name in names:
        role, _, act = name.partition("/")
        prompt = replace(load(f"assistant/{act}" if POLICY.fullmatch(role) else name, where), name=name)
        prompts[name] = prompt.tuned(efforts.get(role), extras.get(role))
    return prompts
