"""Plays a stored conversation of ``evaluate`` from the answers of its run, to show the calls that were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from personagen.agents import custom
from personagen.agents.ask import AgentContext
from personagen.errors import PersonagenError, UsageError
from personagen.flows.cases import Cases, personas_of, replayed
from personagen.flows.dialogue import Dialogue
from personagen.flows.evaluate import BASELINES, PROMPTS
from personagen.llm.middleware import Tally
from personagen.options import checked_texts, source
from personagen.options.evaluate import EvaluateOptions
from personagen.personas.topics import load_topics
from personagen.records import ConversationTree, Persona
from personagen.runs.prompts import tuned_prompts
from personagen.store.files import read_records


class DialogueReplay:
    """The conversations of the run of ``evaluate`` in ``run``, with ``state`` from its ``run.json``.

    Raises:
        UsageError: a prompt of the run is missing, or its options can't be read.
    """

    def __init__(self, run: Path, state: Mapping[str, Any]) -> None:
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in (state.get("options") or {}).items()}
        known: dict[str, Any] = {k: v for k, v in given.items() if k in EvaluateOptions.__dataclass_fields__}
        options = EvaluateOptions(**known)
        names = (*PROMPTS, *BASELINES[: 2 * options.baselines], *custom.prompts(checked_texts(options.agent)))
        self.run, self.options = run, options
        self.prompts = tuned_prompts(names, (run / "prompts",), options)
        self.acts = custom.acts(checked_texts(options.agent))
        people = self._personas()
        cases = Cases(options, people, load_topics(options.topics), replayed(options, people))
        self.cases = {case.id: case for case in cases}

    def _personas(self) -> tuple[Persona, ...]:
        """The personas of the run; without their file those with a conversation."""
        with suppress(PersonagenError, OSError):
            return personas_of(self.options, source(self.options.personas))[0]
        trees = read_records(self.run / "trees.jsonl", ConversationTree)
        return tuple({tree.persona.id: tree.persona for tree in trees}.values())

    async def play(self, tree: ConversationTree, ask: Callable[[Any], Any]) -> None:
        """Asks for every call of ``tree`` again by ``ask``, in the order in which they follow.

        Raises:
            UsageError: the prompts in the folder are no longer those of the tree, or it is not planned.
        """
        if changed := sorted(n for n, p in self.prompts.items() if tree.prompts.get(n, p.hash) != p.hash):
            raise UsageError(
                f"{self.run}: {', '.join(changed)} changed after this tree was made; run its command again"
            )
        if tree.id not in self.cases:
            raise UsageError(f"{tree.id} is not planned by the options of {self.run}")
        context = AgentContext(
            *(ask, self.prompts, dict(tree.models), Tally()),
            attempts=self.options.attempts,
            acts=self.acts,
        )
        steps = Dialogue(context, self.cases[tree.id]).first()
        while steps:
            steps = [step for ready in steps for step in await ready()]
