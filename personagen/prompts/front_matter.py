"""The front matter of a prompt file: settings in YAML, restricted to plain values."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import orjson
import yaml

from personagen.call import EFFORTS, Sampling
from personagen.errors import UsageError

SETTINGS = tuple(f.name for f in fields(Sampling))
MAX_REASONING = 200_000  # tokens
_NUMBERS = ("temperature", "max_tokens", "top_p")
_OWN_FIELDS = """
    model messages prompt system stream n best_of response_format max_tokens max_completion_tokens max_output_tokens
    max_new_tokens api_key api_base base_url timeout num_retries max_retries
"""
_OWN = frozenset(_OWN_FIELDS.split())
_NUMBER = re.compile(r"[0-9]{1,9}")
_MAX_DEPTH = 8


def front_matter(file: Path, front: str) -> dict[str, Any]:
    """The settings of a prompt file: ``description``, ``inputs`` and optionally those of ``Sampling``."""
    try:
        settings = _plain_yaml(front)
    except (yaml.YAMLError, ValueError) as error:  # an invalid date raises ValueError
        mark, why = getattr(error, "problem_mark", None), getattr(error, "problem", None) or str(error)
        raise UsageError(f"{file}:{mark.line + 2 if mark else 1}: the front matter is not valid YAML: {why}") from None
    if not isinstance(settings, dict) or not {"description", "inputs"} <= set(settings):
        raise UsageError(f"{file}:1: the front matter needs `description` and `inputs`")
    unknown = set(settings) - {"description", "inputs", *SETTINGS}
    if unknown:
        raise UsageError(
            f"{file}: unknown setting {', '.join(sorted(map(str, unknown)))}; known: {', '.join(SETTINGS)}"
        )
    inputs = settings["inputs"]
    if not isinstance(inputs, list) or not all(isinstance(i, str) for i in inputs):
        raise UsageError(f"{file}: `inputs` must be a list of names")
    for name in _NUMBERS:
        value = settings.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UsageError(f"{file}: `{name}` must be a number, not {value!r}")
        whole = name == "max_tokens"
        if value is not None and not (1 <= value < 2**31 and value == int(value) if whole else 0 <= value <= 100):
            wanted = "a whole number, at least 1" if whole else "a number from 0 to 100"
            raise UsageError(f"{file}: `{name}` is {value}: choose {wanted}")
        if value is not None and whole:
            settings[name] = int(value)
    try:
        settings["reasoning"] = effort(settings.get("reasoning", ""))
        settings["extra"] = extra(settings.get("extra", ""))
    except ValueError as error:
        raise UsageError(f"{file}: {error}") from None
    return settings


def effort(value: Any) -> str:
    """``value`` as the effort of reasoning: one of ``EFFORTS``, a number of tokens, or empty for the model's default.

    Raises:
        ValueError: it is none of them.
    """
    text = "" if value is None or value == "default" else "none" if value is False else str(value).strip().lower()
    if text and text not in EFFORTS and not (_NUMBER.fullmatch(text) and 1 <= int(text) <= MAX_REASONING):
        raise ValueError(
            f"reasoning {value!s:.40}: choose {', '.join(EFFORTS)} or a number of tokens up to {MAX_REASONING:,}"
        )
    return text


def extra(value: Any) -> str:
    """Further fields of a request, given as a mapping or as JSON, as the text of a JSON object; or empty.

    Raises:
        ValueError: they are no JSON object, or set what personagen sets itself.
    """
    try:
        fields = {} if value in (None, "") else orjson.loads(value) if isinstance(value, str) else value
        text = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS).decode()
    except (TypeError, ValueError):
        fields, text = None, ""
    if not isinstance(fields, dict):
        raise ValueError(f'extra {value!r:.80}: write a JSON object, such as {{"top_k": 40}}')
    if own := sorted(name for name in fields if name.lower() in _OWN):
        raise ValueError(f"extra sets {', '.join(own)}, which personagen sets itself: leave it out")
    return text if fields else ""


def _plain_yaml(text: str) -> Any:
    """The value of ``text``; deep nesting, anchors, aliases and tags are errors, as invalid YAML is."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH or getattr(event, "anchor", None) or getattr(event, "tag", None):
            problem = "nested too deeply" if depth > _MAX_DEPTH else "anchors, aliases and tags are not allowed"
            raise yaml.composer.ComposerError(problem=problem, problem_mark=cast(Any, event.start_mark))
    return yaml.safe_load(text)
