"""What to do about replies that could not be used: a sentence for each cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personagen.agents.reply_counts import discarded_part
from personagen.prompts.files import Prompt, packaged

_WHAT = {
    "context": "had no room in the model's context: serve it with more, or lower max_tokens",
    "refusal": "were refused by the model",
    "content_filter": "were stopped by the provider's content filter",
    "json": "were not the JSON object that was asked for",
    "form": "had the wrong form",
    "empty": "were empty",
    "reasoning": "were reasoning without an answer: --reasoning ROLE=none turns it off where the model allows it",
    "markup": "were nothing but a block between tags",
}


def advice(counts: Mapping[str, Any], prompts: Mapping[str, Prompt]) -> tuple[str, ...]:
    """A sentence for each cause of discarded replies, the most frequent first, from the summed ``counts`` of a run."""
    part = discarded_part(counts)
    replies, reasoning = counts.get("replies", {}), counts.get("reasoning", {})
    sentences = []
    for cause, n in part["by_cause"].items():
        if cause == "gate":  # the summary has these by gate
            continue
        causes = {name: by_cause.get(cause, 0) for name, by_cause in part["by_prompt"].items()}
        named = sorted(filter(causes.get, causes), key=lambda name: -causes[name])
        asked = sum(replies.get(name, 0) for name in named)
        what = _WHAT.get(cause, f"ended with the finish reason {cause}")
        if cause == "length":
            what = f"were cut off at max_tokens: {_cure(named, prompts, reasoning)}"
        else:
            what += f" ({', '.join(named)})"
        sentences.append(f"{n:,} of {asked:,} replies {what}")
    return tuple(sentences)


def _cure(named: list[str], prompts: Mapping[str, Prompt], reasoning: Mapping[str, int]) -> str:
    """Where ``max_tokens`` of the prompts ``named`` stands and, if a model was seen to think, how to turn that off."""
    used = [prompts[name] for name in named if name in prompts]
    bundled = {prompt.name for prompt in used if prompt.file.is_relative_to(packaged())}
    places = [
        f"{f'prompts/{prompt.name}.md' if prompt.name in bundled else prompt.file} ({prompt.sampling.answer_tokens})"
        for prompt in used
    ]
    roles = dict.fromkeys(name.partition("/")[0] for name in named if reasoning.get(name))
    off = "".join(f" --reasoning {role}=none" for role in roles)
    files = " and ".join(filter(None, (", ".join(places[:-1]), *places[-1:])))
    init = " (`personagen init` makes the files)" if bundled else ""
    return f"raise it in {files}{f' or add{off}' if off else ''}{init}"
