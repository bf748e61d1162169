"""A journal of each released format.

    python tests/store/golden/__init__.py tests/store/golden/format-N.db

A new format adds a file; from the first release on, no file is made again.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from personagen.call import Call, Sampling
from personagen.records import Completion, Message, Usage
from personagen.store.journal import Journal

SCHEMA = {"type": "object", "properties": {"ranking": {"type": "array", "items": {"type": "string"}}}}
RESULTS = {2: b'{"id":"two"}\n', 0: b'{"id":"zero"}\n', 1: '{"id":"\u00e9ins"}\n'.encode()}
SETTINGS = {"identity": '{"command":"simulate","seed":7}', "started": "2026-11-21T10:00:00+00:00"}


def calls() -> list[Call]:
    """The questions that every golden journal has the answers to."""
    return [
        Call(
            model="openai/m",
            messages=(Message(role="system", content="Be brief."), Message(role="user", content=f"Frage {n}: ä?")),
            sampling=Sampling(temperature=0.7, max_tokens=50 + n, top_p=None),
            schema=SCHEMA if n % 2 else None,
            sample=f"{n}/0",
            place=f"t{n}/0",
            prompt=f"{'judge/prefer' if n % 2 else 'user/speak'}",
        )
        for n in range(20)
    ]


def answer(call: Call) -> Completion:
    """The answer that is stored for ``call``."""
    usage = Usage(input_tokens=10, output_tokens=len(call.place), cached_input_tokens=4, cost_usd=0.25)
    return Completion(text=f"answer to {call.sample} \u2028 \u00fc", usage=usage, model="m-2026")


async def _write(file: Path) -> None:
    with Journal(file) as journal:
        for call in calls():
            await journal.store(call.key, call.role, call.model, call.place, answer(call), 0.5)
        for slot, lines in RESULTS.items():
            await journal.put(slot, "hash", {"trees.jsonl": lines})
        journal.put_settings(SETTINGS)


if __name__ == "__main__":
    asyncio.run(_write(Path(sys.argv[1])))
