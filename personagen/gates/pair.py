"""The pair gates: why two judged replies make no preference pair.

A pair gate is any ``(comparison) -> reason | None`` of two replies to one user message, the ``better`` and the
``worse``, with all that is known about them: the texts of all replies, the user's own verdicts, the conversation, the
persona, and what the observer inferred. The first reason counts, so after ``judged`` there are two verdicts about
exactly these replies, and gates about texts come first, since verdicts about equal texts can't agree. A pair keeps what
``PAIR_SCORES`` measure, by name, as its ``scores``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeAlias

from personagen.records import Belief, Check, Judgment, Message, Persona

_NO_PERSONA = Persona(id="", profile="", personality="")


@dataclass(frozen=True)
class Comparison:
    """Two of the replies to one user message, by node id: the ``better`` and the ``worse`` by the first verdict.

    ``replies`` are the texts of all, ``judgments`` the user's own verdicts about them, ``others`` those for another
    persona or for nobody. ``before`` is the conversation up to and including the user's message, ``belief`` what was
    inferred from it, None if that failed; ``unasked`` are the replies that were not asked for, since nothing was known.
    ``checks`` are those of the user's messages in ``before``, ``again`` the verdicts of the judge asked again and of
    another model. If nothing was ranked, ``better`` and ``worse`` are empty.
    """

    better: str
    worse: str
    replies: Mapping[str, str]
    judgments: Sequence[Judgment]
    others: Sequence[Judgment] = ()
    before: Sequence[Message] = ()
    persona: Persona = _NO_PERSONA
    belief: Belief | None = None
    unasked: Sequence[str] = ()
    checks: Sequence[Check] = ()
    again: Sequence[Judgment] = ()

    @property
    def texts(self) -> tuple[str, str]:
        """The text of the better and of the worse reply."""
        return self.replies[self.better], self.replies[self.worse]


PairGate: TypeAlias = Callable[[Comparison], str | None]


def uninformed(case: Comparison) -> str | None:
    """No pair where nothing was known about the user yet, so that the candidates would have got the same words."""
    if len(case.replies) < 2 and case.unasked:
        return "nothing was known about the user yet, so the candidates were not told apart"
    return None


def judged(case: Comparison) -> str | None:
    """No pair unless two or more replies were ranked twice, shown in two different orders."""
    replies = case.replies
    if len(replies) < 2:
        return f"{len(replies)} of at least 2 replies"
    if len(case.judgments) != 2:
        return f"{len(case.judgments)} of 2 verdicts"
    for judgment in case.judgments:
        if not sorted(judgment.order) == sorted(judgment.ranking) == sorted(replies):
            return f"a verdict ranks {', '.join(judgment.ranking)} where the replies are {', '.join(replies)}"
    if case.judgments[0].order == case.judgments[1].order:
        return "both verdicts saw the replies in the same order"
    return None


def _blank(text: str) -> bool:
    # Zero-width and control characters are invisible, but not white space to str.strip.
    return all(char.isspace() or unicodedata.category(char) in ("Cc", "Cf") for char in text)


def empty(case: Comparison) -> str | None:
    """No pair if either reply has no visible character."""
    blank = [node for node in (case.better, case.worse) if _blank(case.replies[node])]
    return f"reply {blank[0]} is empty" if blank else None


def identical(case: Comparison) -> str | None:
    """No pair if the replies differ only in case and white space."""
    one, other = (" ".join(text.split()).casefold() for text in case.texts)
    return f"replies {case.better} and {case.worse} are the same" if one == other else None


def tie(case: Comparison) -> str | None:
    """No pair if either verdict is a tie."""
    ties = sum(judgment.tie for judgment in case.judgments)
    return f"a tie in {ties} of {len(case.judgments)} verdicts" if ties else None


def inconsistent(case: Comparison) -> str | None:
    """No pair unless both verdicts agree which reply is better, and their scores do not say the opposite.

    The first removes the position bias of judge models (Zheng et al. 2023, arXiv 2306.05685, section 3.4).
    """
    if any(made.ranking.index(case.better) > made.ranking.index(case.worse) for made in case.judgments):
        return f"the better reply changed with the order, from {case.better} to {case.worse}"
    margin = margin_of(case)
    if margin is not None and margin < 0:
        return f"reply {case.better} is ranked above {case.worse}, but its scores are lower by {-margin:g}"
    return None


def margin_of(case: Comparison) -> float | None:
    """By how much the better reply's scores are higher, as the mean of all verdicts; None unless all have scores."""
    differences = []
    for made in case.judgments:
        score = dict(zip(made.order, made.scores, strict=False))
        if len(score) < len(made.order):
            return None
        differences.append(score[case.better] - score[case.worse])
    return fmean(differences) if differences else None
