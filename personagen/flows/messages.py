"""The log of all messages of one tree: rows for ``rejections.jsonl``, counts for the summary.

It also has the replies that could not be used: those of speakers, of the observer, and of the judge in either order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from personagen import tree
from personagen.agents.ask import Answer
from personagen.agents.replies import Spoken
from personagen.errors import PersonagenError, ReplyError, ServerError
from personagen.records import Rejection

FINISHED, UNUSABLE, LEFT = "goodbye", "unusable", "left"
# Whose reply to a node could not be used; the judge's second order is JUDGE + 1, then come those of other personas.
SPEAKER, OBSERVER, JUDGE, OTHERS = 0, 1, 2, 4
# What nothing waits for: the checker, the judge asked again, and another model as the judge.
CHECKER, AGAIN, SECOND = -3, -2, -1
RATER, PROBER = -4, -5  # of `evaluate`


class FailedTree(PersonagenError):
    """A step of this tree failed, at the node ``place``; other trees are not affected.

    ``unanswered`` means that the server gave no answer, rather than an unusable one.
    """

    def __init__(self, place: str, cause: PersonagenError) -> None:
        super().__init__(str(cause))
        self.place, self.cause, self.unanswered = place, cause, isinstance(cause, ServerError)


@dataclass
class MessageLog:
    """The answers by node, and in ``ended`` the gates at nodes where branches ended early.

    ``unusable`` has what could not be used, by node and whose reply it was; ``missing`` the replies that were not asked
    for, since the observer failed, ``unasked`` those since it found nothing. A branch ends early at a message that a
    gate finally rejected, at one that is unusable or missing, as finished (``goodbye``) after both sides said goodbye,
    or where the user ``left``.
    """

    answers: dict[str, Answer[Spoken]] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    unusable: dict[tuple[str, int], ReplyError] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    unasked: set[str] = field(default_factory=set)

    def settled(self, node: str) -> bool:
        """Whether the message at ``node`` is there, or will not come."""
        return node in self.answers or node in self.unasked or self._never_came(node)

    def lost(self, node: str) -> bool:
        """Whether the message at ``node`` was finally rejected, is empty, or will not come."""
        answer = self.answers.get(node)
        return self._never_came(node) or (answer is not None and (answer.dropped or not answer.value.text))

    def left(self, node: str) -> bool:
        """Whether the user stopped with the message at ``node``, or instead of it."""
        answer = self.answers.get(node)
        return answer is not None and answer.value.ended and not answer.dropped

    def _never_came(self, node: str) -> bool:
        return (node, SPEAKER) in self.unusable or node in self.missing

    def end_branch(self, node: str) -> None:
        """Ends the branch at ``node``: the user left, its message is lost, or was the last goodbye."""
        if self.left(node):
            self.ended[node] = LEFT
        elif self._never_came(node):
            self.ended[node] = UNUSABLE
        else:
            self.ended[node] = self.answers[node].objections[-1].gate if self.lost(node) else FINISHED

    def first_unusable(self) -> tuple[str, ReplyError] | None:
        """The first unusable reply in path order and its node, or None."""
        first = min(self.unusable, key=_place, default=None)
        return (first[0], self.unusable[first]) if first else None

    def without_exchange(self) -> FailedTree:
        """Why no message was answered: the first unusable reply, or the gates that rejected everything."""
        if unusable := self.first_unusable():
            return FailedTree(*unusable)
        gates = sorted({answer.objections[-1].gate for answer in self.answers.values() if answer.dropped})
        return FailedTree(tree.ROOT, ReplyError(f"no exchange passed the gate {', '.join(gates)}", cause="gate"))

    def up_to_depth(self, depth: int) -> MessageLog:
        """The log without nodes below ``depth``: after a failure, which of them were asked depends on arrival."""

        def kept(node: str) -> bool:
            return node.count(".") <= depth

        return MessageLog(
            {node: answer for node, answer in self.answers.items() if kept(node)},
            {node: gate for node, gate in self.ended.items() if kept(node)},
            {place: error for place, error in self.unusable.items() if kept(place[0])},
            set(filter(kept, self.missing)),
            set(filter(kept, self.unasked)),
        )

    def rejections(self, tree_id: str) -> list[Rejection]:
        """A row for every rejected or unusable message, cut-off part and finished branch, in path order."""
        places = [*self.unusable, *((node, SPEAKER) for node in self.answers)]
        return [row for node, who in sorted(places, key=_place) for row in self._rows(tree_id, node, who)]

    def _rows(self, tree_id: str, node: str, who: int) -> Iterator[Rejection]:
        place = f"{tree_id}/{node}"
        lost = "the branch ends here" if node in self.ended else "it was left out"
        if (node, who) in self.unusable:
            effect = {SPEAKER: lost, OBSERVER: _UNOBSERVED, **_UNCHECKED}.get(
                who, _UNJUDGED if who < OTHERS else _UNCOMPARED
            )
            yield rejection(place, UNUSABLE, self.unusable[node, who], effect)
            return
        answer = self.answers[node]
        for number, objection in enumerate(answer.objections, 1):
            what = lost if answer.dropped and number == len(answer.objections) else "asked again"
            reason, ended = f"{objection.reason}; {what}", "stop" if answer.call else ""
            yield Rejection(place=place, gate=objection.gate, reason=reason, text=objection.text, finish_reason=ended)
        if answer.value.cut and not answer.dropped:
            yield Rejection(place=place, gate="cut", reason=_CUT, text=answer.value.cut)
        if (ended := self.ended.get(node, "")) in _ENDINGS:
            yield Rejection(place=place, gate=ended, reason=_ENDINGS[ended])

    def counts(self) -> dict[str, Any]:
        """The numbers of ``messages``, of rejected, repaired and unusable ones, and of branches that ended early."""
        answers = [self.answers[node] for node in sorted(self.answers, key=tree.order)]
        kept = [answer.value for answer in answers if not answer.dropped and answer.value.text]
        repaired = {"label": sum(one.labelled for one in kept), "cut": sum(bool(one.cut) for one in kept)}
        return {
            "messages": len(kept) + sum(len(answer.objections) for answer in answers),
            "rejected_messages": Counter(objection.gate for answer in answers for objection in answer.objections),
            "repaired": {name: n for name, n in repaired.items() if n},
            "ended_early": Counter(self.ended[node] for node in sorted(self.ended, key=tree.order)),
            "unusable": Counter(self.unusable[at].prompt for at in sorted(self.unusable, key=_place)),
        }


def rejection(place: str, gate: str, error: PersonagenError, effect: str = "") -> Rejection:
    """The row of a reply that could not be used, with its text, how it ended, and the ``effect``."""
    reason = f"{error}; {effect}" if effect else str(error)
    if not isinstance(error, ReplyError):
        return Rejection(place=place, gate=gate, reason=reason)
    came = {"text": error.text, "finish_reason": error.finish_reason, "attempts": error.attempts}
    return Rejection(place=place, gate=gate, reason=reason, **came)


def first_failure(failure: FailedTree) -> tuple[int, tuple[int, ...], str]:
    """Sort key by depth first: everything no deeper than a failure is asked before growth stops."""
    path = tree.order(failure.place)
    return len(path), path, str(failure)


def _place(place: tuple[str, int]) -> tuple[tuple[int, ...], int]:
    return tree.order(place[0]), place[1]


_UNOBSERVED = "its turn has no inferences, and no reply that needs them"
_UNJUDGED = "its turn has no pair"
_UNCHECKED = {
    CHECKER: "the message was not checked",
    RATER: "the reply was not rated",
    PROBER: "a probe has no answer",
    **dict.fromkeys((AGAIN, SECOND), "its verdict was not repeated"),
}
_UNCOMPARED = "another persona's preference, or nobody's, is missing from its pair"
_CUT = "it went on with the other speaker's line, which was cut off"
_ENDINGS = {
    FINISHED: "both sides have taken leave; the branch ends here, finished before its turns were used up",
    LEFT: "the user stopped; the branch ends here",
}
