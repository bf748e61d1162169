"""Options of ``evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from personagen.options.models import COLUMNS, ModelOptions
from personagen.options.row import (
    DIALOGUES,
    FILES,
    GENERAL,
    MODELS,
    SIZE,
    Data,
    FilePath,
    Functions,
    KeyTexts,
    Models,
    Options,
    by_role,
    checked_texts,
    option,
)

Protocol = Literal["aloe", "fixed", "shift", "sessions", "learn-test"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
MAX_JUDGES = 9


@dataclass(frozen=True, kw_only=True)
class CompareOptions(Options):
    """Whether ``evaluate`` compares runs that are there, and asks no model."""

    compare: bool = option(
        False, "Compare the runs that follow, on the personas they share; ask no model.", GENERAL, common=True
    )


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(ModelOptions):
    """Options of ``evaluate``, which has personas talk with a model under test and a judge rate each reply."""

    SHARED: ClassVar[Sequence[str]] = ("assistant",)

    model: Models = option(
        ("offline",),
        "Model under test: offline, openai/NAME, anthropic/NAME, a LiteLLM name or module:function.",
        MODELS,
        common=True,
        names=("offline", "openai/", "anthropic/"),
    )
    judge_model: Functions = option(
        ("offline",),
        "Judge; several are a panel, whose mean counts.",
        MODELS,
        "NAME",
        common=True,
        names=("offline", "openai/", "anthropic/"),
    )
    user_model: str = option(
        "offline",
        "Model that plays the users.",
        MODELS,
        "NAME",
        common=True,
        names=("offline", "openai/", "anthropic/"),
    )
    out: FilePath = option(
        "outputs/evaluation", "Run folder; the same command on the same folder resumes.", FILES, "DIR", common=True
    )
    personas: Data | None = option(
        None,
        "File of personas, or a folder with profiles and personalities.",
        FILES,
        "PATH",
        common=True,
        words="the bundled 100 personas",
        example="personas.jsonl",
    )
    columns: KeyTexts = option(**COLUMNS)
    skip_bad_lines: bool = option(False, "Skip personas that cannot be read instead of stopping.", FILES)
    limit: int | None = option(
        None,
        "Number of personas, evenly spread over the file.",
        SIZE,
        common=True,
        least=1,
        most=10**6,
        words="all",
        example=20,
    )
    turns: int = option(10, "Turns per conversation.", SIZE, common=True, least=1, most=1000)
    protocol: str = option(
        "aloe",
        "aloe; fixed (user turns of --reference); shift (another personality from --shift-at on); sessions (a"
        " second conversation with the first in its context); learn-test (nothing is revealed from --test-from on).",
        DIALOGUES,
        "|".join(PROTOCOLS),
        common=True,
        choices=PROTOCOLS,
    )
    reference: FilePath | None = option(
        None, "Run of evaluate whose user turns --protocol fixed replays.", FILES, "RUN", example="outputs/evaluation"
    )
    shift_at: int = option(6, "Turn from which the user is another one (shift).", SIZE, least=2, most=1000)
    test_from: int | None = option(
        None,
        "Turn from which nothing new is revealed (learn-test).",
        SIZE,
        least=2,
        most=1000,
        words="after the first half",
        example=6,
    )
    baselines: bool = option(
        False,
        "Also the same model with the user's persona in its system text, with another's, and with a reminder.",
        DIALOGUES,
        common=True,
    )
    generic: bool = option(False, "Also have the judge rate each reply for nobody in particular.", DIALOGUES)
    probes: bool = option(
        False,
        "After each conversation also ask what the model knows of the user, whether it agrees with something false, and"
        " what it replies to a message that everybody sends.",
        DIALOGUES,
    )
    human: FilePath | None = option(
        None,
        "CSV of people's own scores (tree, node or turn, score) to compare the judge with; no call.",
        FILES,
        "FILE",
        example="scores.csv",
    )
    repeat_rate: float = option(
        0.1,
        "Share of replies that the judge rates again, and with the persona shown first.",
        DIALOGUES,
        "SHARE",
        most=1,
    )
    against: FilePath | None = option(
        None,
        "Training run: refuse personas that overlap with its own.",
        FILES,
        "RUN",
        example="outputs/run",
    )
    topics: FilePath | None = option(
        None,
        "File of what users open with, one a line.",
        FILES,
        "FILE",
        words="the bundled topics",
        example="topics.txt",
    )
    attempts: int = option(3, "Attempts per reply.", DIALOGUES, least=1, most=100)

    @property
    def panel(self) -> tuple[str, ...]:
        """The roles of the judges: ``judge``, and for a panel ``judge-2`` and so on."""
        return ("judge", *(f"judge-{number}" for number in range(2, len(checked_texts(self.judge_model)) + 1)))

    @property
    def added(self) -> dict[str, str]:
        """The models of the judges after the first, by role."""
        return dict(zip(self.panel[1:], checked_texts(self.judge_model)[1:], strict=True))

    @property
    def models(self) -> dict[str, str]:
        """The model of every role: ``--model`` is the one under test."""
        named = by_role("--model", self.model, self.added, self.SHARED)
        judges = dict(zip(self.panel, checked_texts(self.judge_model), strict=True))
        return {"user": self.user_model, **judges, **named}
