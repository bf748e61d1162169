"""What the page has of runs of ``evaluate``: their conversations with ratings, and the part about alignment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from personagen.errors import UsageError
from personagen.flows.evaluations import Evaluation, compared, distinct_names
from personagen.reports import alignment
from personagen.reports.source import Row, Source


@dataclass
class Evaluations:
    """The runs of ``evaluate`` among those of a page, if the first is one; the others are compared with it."""

    sources: Sequence[Source]
    runs: list[Evaluation] = field(init=False)
    names: list[str] = field(init=False)
    comparison: Row | None = None

    def __post_init__(self) -> None:
        rated = self.sources if self.sources[0].is_evaluation else ()
        self.runs = [Evaluation(one) for one in rated if one.is_evaluation]
        self.names = distinct_names([one.source.folder for one in self.runs])
        if len(self.runs) > 1:
            try:
                self.comparison = compared(self.runs, self.names)
            except UsageError as error:
                self.sources[0].note(str(error))

    def trees(self) -> Iterator[tuple[Row, list[Row]]]:
        """The conversations of every run with their ratings, and no pairs."""
        for number, (one, name) in enumerate(zip(self.runs, self.names, strict=True)):
            shared = self.comparison["personas"] if self.comparison else one.personas
            yield from ((tree, []) for tree in one.trees(number, name, frozenset(shared)))

    def part(self) -> Row:
        """The part of the page."""
        runs = [one.summary(name) for one, name in zip(self.runs, self.names, strict=True)]
        return alignment.part(runs, [one.results for one in self.runs], self.comparison, self.sources[0].note)
