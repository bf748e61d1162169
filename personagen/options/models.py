"""Options that several commands share: of output, of prompt files, and of every command that asks models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from personagen.options.noise import KINDS, mixture
from personagen.options.row import (
    FILES,
    GENERAL,
    MODELS,
    ROLES,
    SIZE,
    ActFunctions,
    FilePath,
    Models,
    Noise,
    Options,
    RoleTexts,
    by_role,
    option,
)

NOISES = tuple(f"{kind}=" for kind in KINDS)
REPLACED = (
    *("user/speak=", "observer/infer=", "judge/prefer=", "judge/rate=", "judge/agrees=", "checker/consistent="),
    *("author/profiles=", "author/personalities="),
)

# The option of commands that read people's tables.
COLUMNS: Mapping[str, Any] = {
    "default": (),
    "help": "Columns, or templates of columns, to read as profile, personality and so on.",
    "group": FILES,
    "metavar": "profile=COLUMN,...",
    "example": ["profile=bio,personality=temperament"],
}


@dataclass(frozen=True, kw_only=True)
class OutputOptions(Options):
    """The output of a command."""

    json: bool = option(False, "Print the summary as one JSON object.", GENERAL, common=True)
    quiet: bool = option(False, "Print nothing but errors.", GENERAL, common=True)


@dataclass(frozen=True, kw_only=True)
class PromptOptions(Options):
    """Where prompt files are."""

    prompts: FilePath | None = option(
        None, "Directory searched before ./prompts and the bundled prompts.", FILES, "DIR", example="other-prompts"
    )


@dataclass(frozen=True, kw_only=True)
class ModelOptions(PromptOptions):
    """Options of every command that asks models."""

    SHARED: ClassVar[Sequence[str]] = ROLES  # to whom a value without a role applies

    seed: int = option(0, "Random seed.", SIZE, common=True, least=-(2**63), most=2**63 - 1)
    model: Models = option(
        ("offline",),
        "offline, openai/NAME, anthropic/NAME, a LiteLLM name or module:function.",
        MODELS,
        common=True,
        names=("offline", "openai/", "anthropic/"),
    )
    agent: ActFunctions = option(
        (),
        "Your own function for an agent.",
        MODELS,
        "ROLE/ACT=MODULE:FUNCTION",
        example=["judge/prefer=my_agents:strict"],
        names=REPLACED,
    )
    base_url: RoleTexts = option(
        (), "OpenAI- or Anthropic-compatible server.", MODELS, "URL", common=True, example=["http://127.0.0.1:8000/v1"]
    )
    concurrency: int | Literal["auto"] | None = option(
        None,
        "Maximum requests in flight per endpoint.",
        MODELS,
        "N|auto",
        common=True,
        least=1,
        most=10_000,
        none="auto",
    )
    batch: bool = option(False, "Use the provider's batch API (half price, slower).", MODELS)
    budget: float | None = option(
        None, "Stop before the run folder costs more.", MODELS, "USD", common=True, example=5.0
    )
    confirm_above: float | Literal["never"] | None = option(
        5.0, "Ask in a terminal before a run that may cost more.", MODELS, "USD|never", none="never"
    )
    max_calls: int | None = option(None, "Stop after this many calls.", MODELS, "N", least=1, example=10_000)
    env_file: FilePath | None = option(
        None, "File of variables, such as keys, to read if they are not set.", MODELS, "FILE", example=".env"
    )
    dry_run: bool = option(False, "Print the estimate, ask each model once in a sample conversation, and stop.", MODELS)
    price: RoleTexts = option(
        (), "Price in USD per million input and output tokens.", MODELS, "IN,OUT", example=["0.25,2.00"]
    )
    reasoning: RoleTexts = option(
        (),
        "How much models reason: none, low, medium, high or a number of tokens.",
        MODELS,
        "EFFORT",
        example=["judge=low"],
        names=("none", "low", "medium", "high"),
    )
    extra: RoleTexts = option(
        (), "Further fields of each request, as JSON.", MODELS, "JSON", example=['user={"top_k": 40}']
    )
    timeout: float = option(
        120.0, "Timeout per request; more for long replies.", MODELS, "SECONDS", least=1, most=86_400
    )
    noise: Noise = option(
        0.0, "How often the offline judge errs, and how.", MODELS, "SHARE|KIND=SHARE,...", read=mixture, names=NOISES
    )
    out: FilePath = option(
        "outputs/run", "Run folder; the same command on the same folder resumes.", FILES, "DIR", common=True
    )

    @property
    def added(self) -> dict[str, str]:
        """The models of roles that other options add, by role."""
        return {}

    @property
    def models(self) -> dict[str, str]:
        """The model of every role that has one; any other is played offline."""
        return by_role("--model", self.model) | self.added

    def by_role(self, name: str, values: Any) -> dict[str, str]:
        """The value of the option ``name`` for each role."""
        return by_role(name, values, self.added, self.SHARED)
