"""All options, declared once for the command line, ``personagen.toml``, the environment and the library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from personagen.options.growth import BEAM, GROWTHS, growth
from personagen.options.language import language
from personagen.options.models import COLUMNS, REPLACED, ModelOptions, OutputOptions, PromptOptions
from personagen.options.row import (
    DIALOGUES,
    ENCODER,
    FILES,
    POLICY,
    POOLS,
    ROLES,
    SIZE,
    Data,
    FilePath,
    Functions,
    InMemory,
    KeyTexts,
    NamedFunction,
    by_role,
    checked_texts,
    option,
    place,
    shared_and_own,
    source,
)

__all__ = [
    "COLUMNS",
    "ENCODER",
    "POLICY",
    "REPLACED",
    "ROLES",
    "InMemory",
    "ModelOptions",
    "NamedFunction",
    "OutputOptions",
    "PromptOptions",
    "by_role",
    "checked_texts",
    "place",
    "shared_and_own",
    "source",
]

Keep = Literal["all", "personal"]
MAX_POOL = 10_000_000


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
        words="as many as --per-personality needs",
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
    population: FilePath | None = option(
        None,
        "Weights of ages, countries, work and other attributes (TOML or JSON).",
        POOLS,
        "FILE",
        words="world adults",
        example="population.toml",
    )
    per_personality: int | None = option(
        None,
        "Maximum personas per personality.",
        SIZE,
        least=1,
        most=MAX_POOL,
        words="as --per-profile, if --personalities allows",
        example=1,
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
    sessions: int = option(
        1,
        "Conversations in a series: of one persona, one after another. The user and the observer remember, assistants"
        " do not.",
        SIZE,
        least=1,
        most=100,
    )
    change_at: int | None = option(
        None,
        "Session, from 2, from which a drawn trait of the persona is another one.",
        SIZE,
        least=2,
        most=100,
        words="never",
        example=2,
    )
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
    twins: bool = option(
        False,
        "Of each conversation, also have the person for whom a verdict flips talk and reveal why.",
        DIALOGUES,
    )
    max_nodes: int = option(
        500, "Maximum messages per tree with --grow all or best-hard.", SIZE, least=3, most=1_000_000
    )
    grow: str = option(
        "coin",
        "Replies that continue: one drawn (coin), the preferred one (best), all, the B best branches (beam:B), the"
        " preferred and the hardest rejected one (best-hard), or the one after which the user reveals most"
        " (information: one call of user and observer per reply).",
        DIALOGUES,
        "coin|best|all|beam:B|best-hard|information",
        common=True,
        read=growth,
        names=(*GROWTHS, BEAM),
    )
    topics: FilePath | None = option(
        None,
        "File of what users open with, one a line.",
        FILES,
        "FILE",
        words="the bundled topics",
        example="topics.txt",
    )
    language: str = option(
        "en", 'Conversation language: a name or code, or "any".', DIALOGUES, "LANGUAGE", read=language
    )
    attempts: int = option(3, "Attempts per reply.", DIALOGUES, least=1, most=100)

    @property
    def added(self) -> dict[str, str]:
        """The models of ``--candidate policy=MODEL``, by the role that each adds."""
        named = (entry.partition("=") for entry in checked_texts(self.candidate))
        return {name: model for name, equals, model in named if equals and POLICY.fullmatch(name)}
