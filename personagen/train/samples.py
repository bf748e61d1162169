"""Replies of a model to the same messages after the conversations of different people, before and after training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personagen.train.checks import Messages, Row


@dataclass(frozen=True)
class Sample:
    """What the model says to ``message`` after the conversation of ``person``."""

    person: str
    message: str
    before: str
    after: str


def asked(rows: Sequence[Row], samples: Mapping[str, Any]) -> list[tuple[str, str, list[dict[str, str]]]]:
    """Person, message and conversation of each sample: the longest one of each of the first people of ``rows``.

    Rows without a persona are of no known person, and give no samples.
    """
    longest: dict[str, Row] = {}
    for row in rows:
        person = str(row.get("persona") or "")
        if (
            person
            and row.get("label", True)
            and len(row["prompt"]) > len(longest.get(person, {"prompt": ()})["prompt"])
        ):
            longest[person] = row
    people = list(longest.items())[: samples["people"]] if samples else []
    return [
        (
            person,
            message,
            [*row["prompt"], *(row.get("chosen") or row["completion"]), {"role": "user", "content": message}],
        )
        for message in (samples or {}).get("messages", ())
        for person, row in people
    ]


def replies(model: Any, tokenizer: Any, conversations: Sequence[Messages], tokens: int) -> list[str]:
    """The likeliest reply of at most ``tokens`` tokens to each of ``conversations``, without sampling."""
    import torch

    found = []
    model.eval()
    for messages in conversations:
        ids = tokenizer.apply_chat_template(
            [*messages], add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(model.device)
        with torch.no_grad():
            written = model.generate(**ids, max_new_tokens=tokens, do_sample=False, pad_token_id=tokenizer.pad_token_id)
        found.append(tokenizer.decode(written[0, ids["input_ids"].shape[1] :], skip_special_tokens=True).strip())
    return found
