"""The embedded scripted cast: a language model that needs no network and no key.

It plays every agent deterministically from the structured inputs of the call; the truth about what its judge judges is
known (``judge.truth``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from personagen.call import LLM, Call
from personagen.errors import ConfigError
from personagen.offline import assistant, author, checker, judge, observer, prober, rater, user
from personagen.options import POLICY
from personagen.options.noise import shares_of
from personagen.options.row import Noise
from personagen.records import Completion, Usage

_CHARACTERS_A_TOKEN = 4
_OWN_PARTS = {f"assistant/{act}" for act in ("overclaim", "bare", "informed", "reminded", "recall", "confirm")}
_Part = Callable[[Mapping[str, Any], Random], str]


def offline(seed: int, noise: Noise = 0.0) -> LLM:
    """The cast as a model. ``noise`` says how often its judge errs, as ``--noise`` does."""
    shares = shares_of(noise)

    async def answer(call: Call) -> Completion:
        cast = parts(shares, call.model)
        part = cast.get(_played(call))
        if part is None:
            raise ConfigError(
                f"the offline cast can't answer the prompt {call.prompt or 'without a name'}: "
                f"it knows {', '.join(cast)}; choose a model for any other"
            )
        text = part(call.inputs, Random(f"{seed}/{call.key}"))
        read = sum(len(m.content) for m in call.messages)
        spent = [-(-characters // _CHARACTERS_A_TOKEN) for characters in (read, len(text))]
        usage = Usage(input_tokens=spent[0], output_tokens=spent[1], cost_usd=0.0)
        return Completion(text=text, finish_reason="stop", usage=usage, model=call.model)

    return answer


def parts(noise: Mapping[str, float] | None = None, model: str = "offline") -> dict[str, _Part]:
    """The function that plays each prompt; the judge errs with these shares, as ``model``."""
    return {
        "author/profiles": author.profiles,
        "author/personalities": author.personalities,
        "user/speak": user.speak,
        "observer/infer": observer.infer,
        "assistant/plain": assistant.plain,
        "assistant/aware": assistant.aware,
        "assistant/overclaim": assistant.overclaim,
        "checker/consistent": checker.consistent,
        "assistant/bare": lambda inputs, rng: rater.bare(inputs, rng, model),
        "assistant/informed": rater.informed,
        "assistant/reminded": lambda inputs, rng: rater.bare(inputs, rng, model),
        "assistant/recall": lambda inputs, rng: prober.recall(inputs, rng, model),
        "assistant/confirm": prober.confirm,
        "judge/agrees": prober.agrees,
        "judge/rate": rater.rate,
        "judge/prefer": lambda inputs, rng: judge.prefer(inputs, rng, noise, model),
    }


def _played(call: Call) -> str:
    """The prompt that is played: an assistant's own prompt, or that of a policy, as one of the two, by its inputs."""
    speaks = call.role == "assistant" or POLICY.fullmatch(call.role)
    if speaks and call.prompt not in _OWN_PARTS and "conversation" in call.inputs:
        return "assistant/aware" if "inferences" in call.inputs else "assistant/plain"
    return call.prompt
