"""Room for reasoning: tokens that a reply may take before its answer, learned for every role.

A model that reasons spends ``max_tokens`` on it, and the answer is cut off or never begins. So ``max_tokens`` of a
prompt limits the answer alone, and reasoning gets room of its own: as much as the answers so far needed, and more after
a reply that held nothing else, up to ``MAX_ROOM``.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from personagen.call import LLM, Call
from personagen.llm.effort import MIN_BUDGET, budget, reasons
from personagen.llm.reasoning import reasoned
from personagen.records import Completion, Usage

MAX_ROOM = 16_384  # tokens; more only if --reasoning names more
FIRST_ROOM = 2048  # for a role that turns out to reason
ROOM_OF_REASONERS, ROOM_WHEN_OFF = 4096, 1024  # for models known to reason, to begin with
USUAL_OF_REASONERS, USUAL_WHEN_OFF = 800.0, 100.0  # tokens of a reply
SPARE = 1.5  # times the longest reasoning so far
MIN_REASONED, STEP = 64, 256  # tokens; less finds its place in the answer's
log = logging.getLogger(__name__)


@dataclass
class Rooms:
    """The room for reasoning by (role, model).

    ``before`` holds the mean reasoning tokens of earlier answers. ``_answers_at_once`` has those that were seen to
    answer without reasoning: their cut replies are long, not reasoning without a mark.
    """

    before: Mapping[tuple[str, str], float] = field(default_factory=dict)
    _learned: dict[tuple[str, str], int] = field(default_factory=dict)
    _answers_at_once: set[tuple[str, str]] = field(default_factory=set)

    def of(self, call: Call) -> int:
        """The room for ``call``, in tokens."""
        at = call.role, call.model
        if at not in self._learned:
            self._learned[at] = min(most(call), max(first_room(call), round(2 * SPARE * self.before.get(at, 0.0))))
        return self._learned[at]

    def learn(self, call: Call, reasoned: int, *, cut: bool) -> bool:
        """Learns from a reply with ``reasoned`` tokens of reasoning; whether a reply ``cut`` in it now gets more."""
        at, room = (call.role, call.model), self.of(call)
        wished = STEP * math.ceil(SPARE * reasoned / STEP) if reasoned >= MIN_REASONED else 0
        if cut:
            wished = max(FIRST_ROOM, 2 * max(call.room, reasoned))
            if not room:
                log.warning(
                    "%s reasons before it answers as %s: its replies get more tokens for that; --reasoning %s=none"
                    " turns it off where the model allows it.",
                    call.model,
                    call.role,
                    call.role,
                )
        self._learned[at] = min(most(call), max(room, wished))
        return cut and self._learned[at] > call.room

    def counted(self, call: Call, completion: Completion) -> Completion:
        """``completion`` with the reasoning in its text counted, where the server did not."""
        text, usage, at = completion.text, completion.usage, (call.role, call.model)
        cut = completion.finish_reason == "length"
        if usage.reasoning_tokens:
            return completion
        if cut and at not in self._answers_at_once and _may_be_unmarked(call, text):
            tokens = usage.output_tokens
        elif _may_reason(text):
            tokens = round(usage.output_tokens * reasoned(text) / len(text))
        else:
            tokens = 0
        if not tokens:
            if not cut and text:
                self._answers_at_once.add(at)
            return completion
        return completion.model_copy(update={"usage": usage.model_copy(update={"reasoning_tokens": tokens})})


def most(call: Call) -> int:
    """The most room that ``call`` may get, in tokens."""
    return max(MAX_ROOM, budget(call.sampling.reasoning))


def first_room(call: Call) -> int:
    """The room before anything is known."""
    wished = budget(call.sampling.reasoning)
    if wished and call.model.startswith("anthropic/"):  # which asks for more tokens than the budget
        wished = max(wished, MIN_BUDGET)
    if wished or not reasons(call.model):
        return wished
    return ROOM_WHEN_OFF if call.sampling.reasoning == "none" else ROOM_OF_REASONERS


def usual_reasoning(call: Call) -> float:
    """The tokens of reasoning to expect of a reply before anything is known."""
    if wished := budget(call.sampling.reasoning):
        return wished / 2
    if not reasons(call.model):
        return 0.0
    return USUAL_WHEN_OFF if call.sampling.reasoning == "none" else USUAL_OF_REASONERS


def with_room(llm: LLM, rooms: Rooms) -> LLM:
    """``llm`` whose calls get room for reasoning; a reply that is cut off while it reasons is asked for again.

    The usage of the completion includes that of such replies, and its ``reasoning_tokens`` are estimated by length
    where the reasoning is part of the text.
    """

    async def ask(call: Call) -> Completion:
        spent: list[Usage] = []
        while True:
            room = rooms.of(call)
            call = replace(call, room=room) if room != call.room else call
            completion = rooms.counted(call, await llm(call))
            usage = completion.usage
            cut = completion.finish_reason == "length" and reasoned_only(completion)
            again = (usage.reasoning_tokens or cut) and rooms.learn(call, usage.reasoning_tokens, cut=cut)
            spent.append(usage)
            if not again:
                return completion if len(spent) == 1 else completion.model_copy(update={"usage": total(spent)})

    return ask


def reasoned_only(completion: Completion) -> bool:
    """Whether a reply is nothing but reasoning, as far as its text and its counted tokens show."""
    usage = completion.usage
    return reasoned(completion.text) >= len(completion.text) or 0 < usage.output_tokens <= usage.reasoning_tokens


def total(usages: Iterable[Usage]) -> Usage:
    """The sum of ``usages``."""
    return sum(usages, Usage())


def _may_be_unmarked(call: Call, text: str) -> bool:
    """Whether a cut reply may be all reasoning: some servers give only the mark at its end, which is not there yet."""
    room = ROOM_WHEN_OFF if call.sampling.reasoning == "none" else 0
    return call.room > room and not text.lstrip().startswith(("{", "[", "```"))


def _may_reason(text: str) -> bool:
    """A quick look: whether ``text`` begins with a mark, or holds a closing one."""
    return text.lstrip()[:1] in tuple("<[◁＜【⟨") or "</" in text or "[/" in text or text.startswith("analysis")
