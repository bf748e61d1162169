"""The card of a dataset: a README.md made from ``run.json``, the prompt files and what was counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from personagen.hub.charts import charts
from personagen.hub.counts import Counts
from personagen.hub.metadata import metadata
from personagen.hub.provenance import command_lines, has_own_server, languages_of, seeds_of
from personagen.hub.tables import Config

UNKNOWN = "unknown"  # the Hub's word for a licence that was not chosen
_WHAT = {
    "pairs": "a preference pair: prompt, chosen, rejected, and what the verdict rests on",
    "trees": "a conversation with all competing replies, inferences and verdicts",
    "personas": "a persona of the conversations",
    "rejections": "a message or a pair that was left out, and the gate that rejected it",
    "trajectories": "two branches of one conversation and what each is worth",
}
_TERMS = {
    "openai": "OpenAI: <https://openai.com/policies/>",
    "anthropic": "Anthropic: <https://www.anthropic.com/legal/commercial-terms>",
    "gemini": "Google: <https://ai.google.dev/gemini-api/terms>",
    "mistral": "Mistral AI: <https://legal.mistral.ai/terms>",
}


@dataclass(frozen=True)
class Source:
    """What a card is made of: the public ``state`` of the run, its prompt files by path, what was written and counted.

    ``title`` names the dataset, ``repo`` is what ``load_dataset`` takes. ``scanned`` says what the scan found.
    """

    title: str
    repo: str
    license: str
    state: Mapping[str, Any]
    prompts: Mapping[str, str]
    configs: Sequence[Config]
    counts: Counts
    download: int
    with_persona: bool
    scanned: str


def card(source: Source) -> dict[str, str]:
    """The texts of README.md and of the figures that it shows, by their path."""
    drawn = charts(source.counts, source.state.get("summary") or {})
    return {"README.md": _rendered(_values(source) | {"charts": drawn}), **{chart.file: chart.svg for chart in drawn}}


def _rendered(values: Mapping[str, Any]) -> str:
    from jinja2 import Environment, StrictUndefined

    template = resources.files("personagen.hub").joinpath("card.md").read_text(encoding="utf-8")
    # Markdown, not HTML: what comes from the run stands in tables and fences, which `_cell` and `_fence` keep whole.
    environment = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=False)  # noqa: S701
    text = environment.from_string(template).render(values)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def _values(source: Source) -> dict[str, Any]:
    state, counts = source.state, source.counts
    rows = {config.name: config.rows for config in source.configs}
    splits = source.configs[0].splits
    usage = state.get("usage") or {}
    license = source.license
    return {
        "metadata": metadata(source.title, license, languages_of(state), source.configs, source.download),
        "offline": _all(counts.offline_roles),
        "title": _cell(source.title),
        "key": re.sub(r"\W+", "_", source.title.lower()),
        "repo": source.repo,
        "year": str(state.get("written") or "")[:4],
        "version": (state.get("versions") or {}).get("personagen", ""),
        "pairs_count": f"{rows['pairs']:,}",
        "trees_count": f"{rows['trees']:,}",
        "first_split": next(iter(splits)),
        "split_words": _split_words(splits),
        "contents": [_content(config) for config in source.configs],
        "with_persona": source.with_persona,
        "commands": command_lines(state),
        "roles": [
            (role, _all(f"`{_cell(model)}`" for model in found)) for role, found in sorted(counts.models.items())
        ],
        "seeds": _all(map(str, seeds_of(state))) or UNKNOWN,
        "started": str(state.get("started") or state.get("written") or "at an unknown time")[:10],
        "calls": f"{usage.get('calls', 0):,}",
        "tokens": f"{usage.get('input_tokens', 0):,} in, {usage.get('output_tokens', 0):,} out",
        "cost": UNKNOWN if usage.get("cost_usd") is None else f"{usage['cost_usd']:.2f} USD",
        "prompts": [_prompt(path, text, state) for path, text in sorted(source.prompts.items())],
        "figures": _figures(source),
        "scanned": source.scanned,
        "licence": f"`{license}`." if license != UNKNOWN else "No licence was chosen for this dataset.",
        "terms": _terms(counts, own_server=has_own_server(state)),
    }


def _content(config: Config) -> dict[str, str]:
    splits = ", ".join(f"{name} {split.rows:,}" for name, split in config.splits.items())
    return {"name": config.name, "rows": f"{config.rows:,}", "splits": splits, "what": _WHAT[config.name]}


def _split_words(splits: Iterable[str]) -> str:
    names = list(splits)
    if len(names) == 1:
        return "There is one split."
    return f"The splits {_all(names)} share no persona, profile or trait list."


def _prompt(path: str, text: str, state: Mapping[str, Any]) -> dict[str, str]:
    name = path.removesuffix(".md")
    hashes = dict(state.get("prompts") or {})
    for run, info in (state.get("runs") or {}).items():
        hashes |= {f"{run}/{prompt}": hash for prompt, hash in (info.get("prompts") or {}).items()}
    return {
        "name": name,
        "path": path,
        "hash": hashes.get(name, "(a part of others)"),
        "text": text,
        "fence": _fence(text),
    }


def _figures(source: Source) -> list[tuple[str, str]]:
    from personagen.metrics.diversity import distinct_n

    counts, rows = source.counts, {config.name: config.rows for config in source.configs}
    pairs = max(1, rows["pairs"])
    letters = {side: counts.letters[side] / pairs for side in ("chosen", "rejected")}
    winners = _all(f"{_cell(name)} {n:,}" for name, n in counts.winners.most_common(6))
    return [
        ("personas", f"{rows['personas']:,}"),
        ("conversations", f"{rows['trees']:,}"),
        ("pairs", f"{rows['pairs']:,}"),
        ("pairs by turn", _all(f"{turn}: {n:,}" for turn, n in sorted(counts.turns.items())[:10])),
        ("which reply was preferred", winners),
        ("characters of a chosen and a rejected reply", f"{letters['chosen']:.0f} and {letters['rejected']:.0f}"),
        (
            f"distinct bigrams of the first {len(counts.replies):,} chosen replies",
            f"{distinct_n(counts.replies, 2):.2f} of all",
        ),
        ("left out", f"{rows.get('rejections', 0):,}"),
    ]


def _terms(counts: Counts, *, own_server: bool) -> list[str]:
    """Where the terms of the models stand; behind an address that was given, ``openai/`` is only the protocol."""
    models = {model for found in counts.models.values() for model in found}
    terms = {} if own_server else _TERMS
    known = [words for name, words in terms.items() if any(model.startswith(f"{name}/") for model in models)]
    others = sorted(model for model in models if model.partition("/")[0] not in {*terms, "offline"})
    if others:
        known.append(f"{_all(f'`{_cell(model)}`' for model in others)}: see the licence of the model")
    return known or ["The offline cast is under personagen's licence, Apache-2.0."]


def _fence(text: str) -> str:
    """A fence longer than any run of backticks in ``text``."""
    return "`" * (max([2, *(len(run) for run in re.findall("`+", text))]) + 1)


def _cell(text: str) -> str:
    """``text`` in one cell of a table, or on one line."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")


def _all(parts: Iterable[str]) -> str:
    return ", ".join(parts)
