"""A test of the judge before a paid run: replies that say nothing must lose against one that answers.

Language models that judge fall for a bare colon and the like (Zhao et al. 2025, arXiv 2507.08794), and favour texts of
their own family (Panickssery et al. 2024, arXiv 2404.13076).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping

from personagen.agents import judge
from personagen.agents.ask import AgentContext, CallSite
from personagen.agents.sample import Scene
from personagen.errors import ReplyError
from personagen.llm.endpoints import OFFLINE

log = logging.getLogger(__name__)
_SCENE = Scene()
EMPTY = {
    "a colon": ":",
    "the question": _SCENE.conversation[-1].content,
    "padding": (
        "Thank you for this interesting question. There is a lot to say about it, and many people ask it. In general it"
        " depends on several factors, which differ from case to case. It is important to consider all of them with"
        " care. I hope that this helps, and I am happy to answer any further questions that you may have."
    ),
}
_FAMILY = re.compile(r"[a-z]+")
_SAME = {"chatgpt": "gpt", "o": "gpt", "mixtral": "mistral", "ministral": "mistral", "magistral": "mistral"}


async def self_test(ctx: AgentContext) -> tuple[str, ...]:
    """Six calls: each reply in ``EMPTY`` against one that answers, in both orders; a sentence on how they ended."""
    lost = await asyncio.gather(*(_loses(ctx, text, turned) for text in EMPTY.values() for turned in (False, True)))
    names = [name for name in EMPTY for _ in range(2)]
    failed = [name for name, right in zip(names, lost, strict=True) if not right]
    if not failed:
        return (f"judge self-test: {len(lost)} of {len(lost)} verdicts against replies that say nothing",)
    note = (
        f"judge self-test: in {len(failed)} of {len(lost)} verdicts a reply that says nothing did not lose"
        f" ({', '.join(dict.fromkeys(failed))}): choose another --model judge=MODEL, or read what it says before you"
        " trust the pairs"
    )
    if not ctx.rehearsed:
        log.warning("%s", note)
    return (note,)


async def _loses(ctx: AgentContext, text: str, turned: bool) -> bool:
    replies = [text, _SCENE.replies[0]]
    shown = replies[::-1] if turned else replies
    site = CallSite(f"self-test/{[*EMPTY.values()].index(text)}.{int(turned)}", "self-test")
    try:
        answer = await judge.prefer(ctx, _SCENE.persona, _SCENE.conversation, shown, site)
    except ReplyError:
        return False
    return not answer.value.tie and shown[judge.LABELS.index(answer.value.ranking[0])] != text


def family(model: str) -> str:
    """The family of a model by its name: ``gpt`` of ``openai/gpt-5-mini``; empty for the offline cast or a function."""
    if model == OFFLINE or (":" in model and "/" not in model):
        return ""
    found = _FAMILY.match(model.rpartition("/")[2].lower())
    return _SAME.get(found[0], found[0]) if found else ""


def family_notes(models: Mapping[str, str]) -> tuple[str, ...]:
    """A note if the judge is of the same family as an assistant, by the models of the roles."""
    judging = family(models.get("judge", OFFLINE))
    assistants = sorted(role for role in models if role.startswith(("assistant", "policy")))
    same = [role for role in assistants if family(models[role]) == judging]
    if not judging or not same:
        return ()
    return (
        f"the judge and {' and '.join(same)} are models of one family ({judging}), and models tend to prefer texts of"
        " their own: another --model judge=MODEL avoids that",
    )
