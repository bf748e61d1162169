"""Options of ``personagen.env.Environment``."""

from __future__ import annotations

from dataclasses import dataclass

from personagen.errors import UsageError
from personagen.options.models import COLUMNS, ModelOptions
from personagen.options.row import (
    DIALOGUES,
    FILES,
    MODELS,
    SIZE,
    Data,
    FilePath,
    Functions,
    KeyTexts,
    checked_texts,
    option,
)

PARTS = ("user", "judge", "observer")


@dataclass(frozen=True, kw_only=True)
class EnvironmentOptions(ModelOptions):
    """Options of the live environment, in which the trainer gives the replies."""

    user_model: Functions | None = option(None, "Model that plays the users.", MODELS, words="that of model")
    judge_model: Functions | None = option(None, "Judge of each reply.", MODELS, words="that of model")
    observer_model: Functions | None = option(
        None, "Model that says what the user has let show.", MODELS, words="that of model"
    )
    out: FilePath = option("outputs/environment", "Run folder; its stored answers are used again.", FILES)
    personas: Data | None = option(
        None, "File of personas, or a folder with profiles and personalities.", FILES, words="the bundled 100 personas"
    )
    columns: KeyTexts = option(**COLUMNS)
    skip_bad_lines: bool = option(False, "Skip personas that cannot be read instead of stopping.", FILES)
    limit: int | None = option(None, "Number of personas, evenly spread over the file.", SIZE, least=1, words="all")
    turns: int = option(10, "Replies per conversation.", SIZE, least=1, most=1000)
    topics: FilePath | None = option(
        None, "File of what users open with, one a line.", FILES, words="the bundled topics"
    )
    attempts: int = option(3, "Attempts per answer of an agent.", DIALOGUES, least=1, most=100)

    def __post_init__(self) -> None:
        """Checks every value, and refuses what needs a run with an end."""
        super().__post_init__()
        for name in ("batch", "dry_run"):
            if getattr(self, name):
                raise UsageError(f"{name}: an environment answers at once; leave {name} out")
        for part in PARTS:
            given = getattr(self, f"{part}_model")
            if given is not None and len(checked_texts(given)) != 1:
                raise UsageError(f"{part}_model: give one model")

    @property
    def models(self) -> dict[str, str]:
        """The model of every role that has one: its own, else that of ``model``."""
        own = {part: getattr(self, f"{part}_model") for part in PARTS}
        return super().models | {part: checked_texts(given)[0] for part, given in own.items() if given is not None}
