"""A run folder with something in every field that a dataset holds, as simulated by a model with a name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from personagen.records import Check, ConversationTree, Judgment, Memory, PreferencePair, Rejection, Twin
from tests.cli.runs import lines, simulated
from tests.trees import conversation

MODEL = "anthropic/claude-test"
PROMPT = "---\ndescription: Who is right.\n---\nuser:\nWho is right? ```x```\n"


def rich(number: int, model: str = MODEL) -> ConversationTree:
    """A tree whose optional fields are all filled in."""
    tree = conversation(id=f"t{number}")
    persona = tree.persona.model_copy(
        update={"id": f"p{number}", "attributes": {"age": 41, "city": "41"}, "drawn": {"age": 41, "home": "Leiden"}}
    )
    first = tree.nodes[0].id
    return tree.model_copy(
        update={
            "persona": persona,
            "models": {"user": model, "judge": model},
            "prompts": {"judge/prefer": "0123456789ab"},
            "checks": (Check(node=first, contradicted=("keeps bees",), reason="a contradiction"),),
            "repeated": (
                Judgment(node=first, order=("0.0", "0.1"), ranking=("0.0", "0.1"), scores=(5, 1), because=("is 41",)),
            ),
            "memory": Memory(topics=("bees",)),
            "changed": "shy -> bold",
            "style": {"disclosure": "gradual"},
            "twin": Twin(tree="t9", node="0", message="m", replies=tree.nodes[1:3], lines=("is 41",)),
        }
    )


def rich_run(folder: Path, trees: int = 3, model: str = MODEL, **state: Any) -> Path:
    """A finished run of ``trees`` trees; of every pair but the first of a tree the verdicts are unknown."""
    run = simulated(folder, [conversation(id=f"t{number}") for number in range(trees)])  # a check would take the pairs
    lines(run / "trees.jsonl", [rich(number, model) for number in range(trees)])
    pairs = [PreferencePair.model_validate_json(line) for line in (run / "pairs.jsonl").read_bytes().splitlines()]
    known = {"margin": 1.5, "personal": True, "knowable": True, "because": ("is 41",), "scores": {"overlap": 0.5}}
    known |= {"attributes": {"age": 41}, "models": {"judge": model}}
    lines(run / "pairs.jsonl", [pair.model_copy(update=known) if pair.node == "0" else pair for pair in pairs])
    lines(run / "rejections.jsonl", [Rejection(place="t0/0", gate="tie", reason="a tie about bees", score=0.5)])
    prompt = run / "prompts" / "judge" / "prefer.md"
    prompt.parent.mkdir(parents=True, exist_ok=True)
    prompt.write_text(PROMPT)
    made = {
        "written": "2026-11-30T10:00:00+00:00",
        "prompts": {"judge/prefer": "0123456789ab"},
        "versions": {"personagen": "0.1.0"},
        "options": {
            "model": [model],
            "turns": 3,
            "seed": 7,
            "language": "en",
            "out": "/home/ada/run",
            "personas": "/home/ada/pool/personas.jsonl",
            "base_url": [],
        },
    }
    changed = orjson.loads((run / "run.json").read_bytes()) | made | state
    (run / "run.json").write_bytes(orjson.dumps(changed))
    return run
