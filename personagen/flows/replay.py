"""Plays a stored conversation from its journal, to show the calls that were made. No model is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from personagen.agents import custom
from personagen.agents.ask import AgentContext, Answer, CallSite, said
from personagen.agents.assistant import CANDIDATES, Candidate
from personagen.agents.replies import Spoken
from personagen.call import Call
from personagen.errors import PersonagenError, ReplyError, ServerError, UsageError
from personagen.flows.conversation import Conversation
from personagen.flows.plan import Plan, Plans, candidates_of
from personagen.flows.replay_dialogue import DialogueReplay
from personagen.flows.simulate import prompts_of
from personagen.flows.twins import TwinConversation, answering
from personagen.llm.middleware import Tally
from personagen.options import SimulateOptions, checked_texts, source
from personagen.personas.seeds import load_personas
from personagen.personas.topics import load_topics
from personagen.prompts.files import Prompt
from personagen.records import Completion, ConversationTree, Inference, Message
from personagen.runs.prompts import tuned_prompts
from personagen.store.files import read_state
from personagen.store.journal import stored_answers

Made = list[tuple[Call, Completion]]


async def replay(run: Path, tree: ConversationTree) -> Made:
    """The calls of ``tree`` in the run folder ``run`` and their stored answers, in the order in which they follow.

    Raises:
        UsageError: the prompts in the folder are no longer those of the tree, or it has no journal, as after a merge.
    """
    if tree.run in (runs := read_state(run).get("runs") or {}):
        tree_id = tree.id.removeprefix(f"{tree.run}:")
        raise UsageError(
            f"{run} was merged and does not have the answers; the run of this tree has them: --run"
            f" {runs[tree.run]['path']} {tree_id}"
        )
    with open_replay(run) as play:
        return await play(tree)


@contextmanager
def open_replay(run: Path) -> Iterator[Callable[[ConversationTree], Awaitable[Made]]]:
    """``replay`` for many conversations of ``run``, whose files are read once."""
    state = read_state(run)
    if state.get("command") == "evaluate":
        dialogues = DialogueReplay(run, state)
        with stored_answers(run / "journal.db") as answer:

            async def play_dialogue(tree: ConversationTree) -> Made:
                made: Made = []
                await dialogues.play(tree, _from(answer, made))
                return made

            yield play_dialogue
        return
    options = _options(state)
    prompts, acts = _prompts(run, options), custom.acts(checked_texts(options.agent))
    topics = load_topics(options.topics)
    plans = _plans(options, topics)

    with stored_answers(run / "journal.db") as answer:

        async def play(tree: ConversationTree) -> Made:
            if changed := sorted(n for n, p in prompts.items() if tree.prompts.get(n, p.hash) != p.hash):
                raise UsageError(f"{run}: {', '.join(changed)} changed after this tree was made; run its command again")
            made: Made = []
            context = AgentContext(
                *(_from(answer, made), prompts, dict(tree.models), Tally()),
                attempts=options.attempts,
                language=options.language,
                acts=acts,
            )
            assistants = tuple(_candidate(entry, tree) for entry in checked_texts(options.candidate))
            plan = _plan(options, tree, plans, assistants, topics)
            conversation = TwinConversation(context, plan) if plan.twin else Conversation(context, plan)
            steps = conversation.first()
            while steps:
                steps = [step for ready in steps for step in await ready()]
            return made

        yield play


def _options(state: Mapping[str, Any]) -> SimulateOptions:
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in (state.get("options") or {}).items()}
    given.setdefault("counterfactual", 0)  # a run of an earlier version
    names = SimulateOptions.__dataclass_fields__
    known: dict[str, Any] = {name: value for name, value in given.items() if name in names}
    return SimulateOptions(**known)


def _prompts(run: Path, options: SimulateOptions) -> dict[str, Prompt]:
    names = (*prompts_of(options), *custom.prompts(checked_texts(options.agent)))
    return tuned_prompts(names, (run / "prompts",), options)


def _plans(options: SimulateOptions, topics: tuple[str, ...]) -> dict[str, Plan]:
    """The plans of the run by id, without assistants; none if the file of its personas is gone."""
    with suppress(PersonagenError, OSError):
        columns = checked_texts(options.columns)
        people, _ = load_personas(source(options.personas), skip_bad_lines=options.skip_bad_lines, columns=columns)
        unique = tuple({one.id: one for one in people}.values())
        return {plan.id: plan for plan in Plans(options, unique, (), topics)}
    return {}


def _plan(
    options: SimulateOptions,
    tree: ConversationTree,
    plans: Mapping[str, Plan],
    assistants: tuple[Candidate, ...],
    topics: tuple[str, ...],
) -> Plan:
    """The plan of ``tree``; without the personas that it was planned with, what others prefer is not asked."""
    series = (tree.twin.tree if tree.twin else tree.id).removesuffix(f".s{tree.session}")
    own: dict[str, Any] = {"session": tree.session, "memory": tree.memory, "changed": tree.changed}
    if series in plans:
        plan = replace(plans[series], assistants=assistants)
        if tree.twin:
            return answering(plan, tree.persona, tree.twin)
        if tree.changed or plan.persona == tree.persona:
            return replace(plan, id=tree.id, persona=tree.persona, **own)
    repeat = series.rpartition("-")[2]
    plan = Plan(
        id=series if tree.twin else tree.id,
        persona=tree.persona,
        repeat=int(repeat) if repeat.isdecimal() else 0,
        turns=options.turns,
        candidates=candidates_of(options),
        grow=options.grow,
        max_nodes=options.max_nodes,
        seed=options.seed,
        assistants=tuple(_stored(one.name, tree) if one.told else one for one in assistants),
        topics=topics,
        check_rate=options.check_rate,
        **own,
    )
    return replace(answering(plan, tree.persona, tree.twin), pool=()) if tree.twin else plan


def _candidate(entry: str, tree: ConversationTree) -> Candidate:
    """The candidate ``entry``; if its function can't be loaded here, as after a notebook, what it said in ``tree``."""
    try:
        return custom.candidates([entry])[0]
    except UsageError:
        return _stored(entry.rpartition(":")[2], tree)


def _stored(name: str, tree: ConversationTree) -> Candidate:
    stored = {node.id: node.content for node in tree.nodes}

    async def reply(
        ctx: AgentContext, conversation: Sequence[Message], _: Sequence[Inference], site: CallSite
    ) -> Answer[Spoken]:
        text = stored.get(site.place.rpartition("/")[2])
        if text is None:
            raise ReplyError(f"{name} gave no reply that was kept")
        return said(ctx, text, "assistant", conversation)

    return Candidate(name, reply, tailors=name in CANDIDATES)


def _from(answer: Callable[[str], Completion | None], made: Made) -> Callable[[Call], Any]:
    async def ask(call: Call) -> Completion:
        found = answer(call.key)
        if found is None:
            raise ServerError("this call was not made")
        made.append((call, found))
        return found

    return ask
