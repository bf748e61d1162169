"""The agents, one file each: prompts, reply type, functions, sample inputs, usual reply length."""

from __future__ import annotations

from importlib import import_module

from personagen.agents import prober, rater, target
from personagen.agents.act import Act
from personagen.prompts.files import names

# An agent is a module named for its folder of prompts.
_AGENTS = dict.fromkeys(name.partition("/")[0] for name in names())

#: What only ``evaluate`` asks.
EVALUATION: dict[str, Act] = {**rater.ACTS, **target.ACTS, **prober.ACTS}
ACTS: dict[str, Act] = dict(
    sorted(
        {
            **{
                name: act for agent in _AGENTS for name, act in import_module(f"personagen.agents.{agent}").ACTS.items()
            },
            **EVALUATION,
        }.items()
    )
)
