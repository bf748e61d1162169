"""All options, declared once for the command line, ``personagen.toml``, the environment and the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from personagen.options.language import language
from personagen.options.row import (
    DIALOGUES,
    ENCODER,
    FILES,
    GENERAL,
    MODELS,
    POLICY,
    POOLS,
    ROLES,
    SIZE,
    ActFunctions,
    Data,
    FilePath,
    Functions,
    InMemory,
    KeyTexts,
    Models,
    NamedFunction,
    Options,
    RoleTexts,
    by_role,
    checked_texts,
    option,
    place,
    shared_and_own,
    source,
)

__all__ = [
    "ENCODER",
    "POLICY",
    "ROLES",
    "InMemory",
    "NamedFunction",
    "by_role",
    "checked_texts",
    "place",
    "shared_and_own",
    "source",
]

Keep = Literal["all", "personal"]
Grow = Literal["coin", "best", "all"]
MAX_POOL = 10_000_000
REPLACED = (
    *("user/speak=", "observer/infer=", "judge/prefer=", "checker/consistent="),
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
        "[ROLE=]EFFORT",
        example=["judge=low"],
        names=("none", "low", "medium", "high"),
    )
    extra: RoleTexts = option(
        (), "Further fields of each request, as JSON.", MODELS, "[ROLE=]JSON", example=['user={"top_k": 40}']
    )
    timeout: float = option(
        120.0, "Timeout per request; more for long replies.", MODELS, "SECONDS", least=1, most=86_400
    )
    noise: float = option(0.0, "Share of wrong verdicts of the offline judge.", MODELS, "SHARE", least=0, most=0.5)
    out: FilePath = option(
        "outputs/run", "Run folder; the same command on the same folder resumes.", FILES, "DIR", common=True
    )


@dataclass(frozen=True, kw_only=True)
class ExpandOptions(ModelOptions):
    """Options of ``expand``, which grows pools of profiles and personalities from seeds, and combines them."""

    seeds: Data | None = option(
        None, "File or folder of seeds.", FILES, "PATH", common=True, words="the bundled seeds", example="seeds"
    )
    out: FilePath = option(
        "outputs/pool", "Run folder; the same command on the same folder resumes.", FILES, "DIR", common=True
    )
    columns: KeyTexts = option(**COLUMNS)
    skip_bad_lines: bool = option(False, "Skip seeds that cannot be read instead of stopping.", FILES)
    target: int = option(100, "Profiles in the pool, seeds included.", SIZE, common=True, least=1, most=MAX_POOL)
    personalities: int | None = option(
        None,
        "Personalities in the pool, seeds included.",
        SIZE,
        least=1,
        most=MAX_POOL,
        words="a third of --target",
        example=40,
    )
    per_profile: int = option(1, "Maximum personas per profile.", SIZE, common=True, least=1, most=10_000)
    language: str = option(
        "en", 'Language of the descriptions: a name or code, or "any".', POOLS, "LANGUAGE", read=language
    )
    length: KeyTexts = option(
        (),
        "Words of a description, or characters in a script without spaces.",
        POOLS,
        "[KIND=]MIN-MAX",
        words="like the seeds",
        example=["profile=10-30"],
    )
    items: KeyTexts = option(
        (),
        "Facts of a profile, or traits of a personality.",
        POOLS,
        "[KIND=]MIN-MAX",
        words="like the seeds",
        example=["profile=8-10", "personality=3-5"],
    )
    count: int = option(20, "Maximum descriptions requested per call.", POOLS, least=1, most=10_000)
    examples: int = option(5, "Pool entries shown per call.", POOLS, least=1, most=10_000)
    calls_per_round: int = option(8, "Calls per round; entries are added between rounds.", POOLS, least=1, most=10_000)
    saturation: int = option(3, "Stop after this many rounds without a new entry.", POOLS, least=1, most=10_000)
    encoder: str = option(
        "hashed",
        "hashed, sentence-transformers/NAME, openai/NAME or a LiteLLM embedding model.",
        POOLS,
        "NAME",
        names=("hashed", "sentence-transformers/", "openai/"),
    )
    similarity: float | None = option(
        None,
        "Cosine similarity of a duplicate.",
        POOLS,
        least=0.01,
        most=1,
        words="the encoder's threshold",
        example=0.6,
    )
    calibrate: bool = option(False, "Calibrate the similarity threshold on the seeds.", POOLS)
    filters: Functions = option(
        (), "Additional filter function.", POOLS, "MODULE:FUNCTION", flag="--filter", example=["my_filters:no_doctors"]
    )


@dataclass(frozen=True, kw_only=True)
class SimulateOptions(ModelOptions):
    """Options of ``simulate``, which grows conversation trees with competing replies to each user turn."""

    personas: Data = option("outputs/pool/personas.jsonl", "File of personas.", FILES, "FILE", common=True)
    columns: KeyTexts = option(**COLUMNS)
    skip_bad_lines: bool = option(False, "Skip personas that cannot be read instead of stopping.", FILES)
    conversations: int | None = option(
        None, "Number of conversations.", SIZE, common=True, least=1, most=10**8, words="one per persona", example=100
    )
    turns: int = option(10, "Turns per conversation.", SIZE, common=True, least=1, most=1000)
    candidates: int | None = option(
        None, "Competing replies per turn.", SIZE, least=2, most=26, words="one per --candidate, at least 2", example=4
    )
    candidate: Functions = option(
        ("aware", "plain"),
        "Competing assistant: aware, plain, misaware, near, overclaim, policy=MODEL or module:function.",
        DIALOGUES,
        "NAME",
        names=("aware", "plain", "misaware", "near", "overclaim", "policy="),
    )
    counterfactual: int = option(
        1, "Other personas asked about each pair, and nobody; 0 asks none of them.", SIZE, "K", most=20
    )
    keep: Keep = option(
        "all",
        "Pairs to keep: all, or those that most other personas decide differently.",
        DIALOGUES,
        choices=get_args(Keep),
    )
    check_rate: float = option(
        0.0,
        "Share of user messages to check against the persona, and whose verdict to ask for again.",
        DIALOGUES,
        "SHARE",
        most=1,
    )
    max_nodes: int = option(500, "Maximum messages per tree with --grow all.", SIZE, least=3, most=1_000_000)
    grow: Grow = option(
        "coin",
        "Replies that continue: one drawn, the preferred one, or all.",
        DIALOGUES,
        common=True,
        choices=get_args(Grow),
    )
    language: str = option(
        "en", 'Conversation language: a name or code, or "any".', DIALOGUES, "LANGUAGE", read=language
    )
    attempts: int = option(3, "Attempts per reply.", DIALOGUES, least=1, most=100)
