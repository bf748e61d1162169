"""The agents, one file each: prompts, reply type, functions, sample inputs, usual reply length."""

from __future__ import annotations

from personagen.agents import assistant, author, judge, observer, user
from personagen.agents.act import Act

ACTS: dict[str, Act] = {**author.ACTS, **user.ACTS, **observer.ACTS, **assistant.ACTS, **judge.ACTS}
