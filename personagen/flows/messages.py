"""The log of all messages of one tree: rows for ``rejections.jsonl``, counts for the summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from personagen import tree
from personagen.agents.ask import Answer
from personagen.agents.replies import Spoken
from personagen.records import Rejection

FINISHED = "goodbye"


@dataclass
class MessageLog:
    """The answers by node, and in ``ended`` the gates at nodes where branches ended early.

    A branch ends early at a message that a gate finally rejected, or as finished (``goodbye``) after both sides said
    goodbye.
    """

    answers: dict[str, Answer[Spoken]] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)

    def dropped(self, node: str) -> bool:
        """Whether the message at ``node`` was finally rejected."""
        return node in self.answers and self.answers[node].dropped

    def end_branch(self, node: str) -> None:
        """Ends the branch at ``node``: its message was rejected, or was the last goodbye."""
        answer = self.answers[node]
        self.ended[node] = answer.objections[-1].gate if answer.dropped else FINISHED

    def up_to_depth(self, depth: int) -> MessageLog:
        """The log without nodes below ``depth``: after a failure, which of them were asked depends on arrival."""
        answers = {node: answer for node, answer in self.answers.items() if node.count(".") <= depth}
        return MessageLog(answers, {node: gate for node, gate in self.ended.items() if node in answers})

    def rejections(self, tree_id: str) -> list[Rejection]:
        """A row for every rejected message, cut-off part and finished branch, in path order."""
        rows: list[Rejection] = []
        for node in sorted(self.answers, key=tree.order):
            answer, place = self.answers[node], f"{tree_id}/{node}"
            for number, objection in enumerate(answer.objections, 1):
                what = "; asked again"
                if answer.dropped and number == len(answer.objections):
                    what = "; the branch ends here" if node in self.ended else "; it was left out"
                reason = objection.reason + what
                rows.append(Rejection(place=place, gate=objection.gate, reason=reason, text=objection.text))
            if answer.value.cut and not answer.dropped:
                rows.append(Rejection(place=place, gate="cut", reason=_CUT, text=answer.value.cut))
            if self.ended.get(node) == FINISHED:
                rows.append(Rejection(place=place, gate=FINISHED, reason=_OVER))
        return rows

    def counts(self) -> dict[str, Any]:
        """``messages``, ``rejected_messages`` by gate, ``repaired`` ones, and branches ``ended_early`` by gate."""
        answers = self.answers.values()
        kept = [answer.value for answer in answers if not answer.dropped]
        repaired = {"label": sum(one.labelled for one in kept), "cut": sum(bool(one.cut) for one in kept)}
        return {
            "messages": len(kept) + sum(len(answer.objections) for answer in answers),
            "rejected_messages": Counter(objection.gate for answer in answers for objection in answer.objections),
            "repaired": {name: n for name, n in repaired.items() if n},
            "ended_early": Counter(self.ended.values()),
        }


_CUT = "it went on with the other speaker's line, which was cut off"
_OVER = "both sides have taken leave; the branch ends here, finished before its turns were used up"
