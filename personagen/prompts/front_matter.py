"""The front matter of a prompt file: settings in YAML, restricted to plain values."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import yaml

from personagen.call import Sampling
from personagen.errors import UsageError

SETTINGS = tuple(f.name for f in fields(Sampling))
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
    for name in SETTINGS:
        value = settings.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UsageError(f"{file}: `{name}` must be a number, not {value!r}")
        whole = name == "max_tokens"
        if value is not None and not (1 <= value < 2**31 and value == int(value) if whole else 0 <= value <= 100):
            wanted = "a whole number, at least 1" if whole else "a number from 0 to 100"
            raise UsageError(f"{file}: `{name}` is {value}: choose {wanted}")
        if value is not None and whole:
            settings[name] = int(value)
    return settings


def _plain_yaml(text: str) -> Any:
    """The value of ``text``; deep nesting, anchors, aliases and tags are errors, as invalid YAML is."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH or getattr(event, "anchor", None) or getattr(event, "tag", None):
            problem = "nested too deeply" if depth > _MAX_DEPTH else "anchors, aliases and tags are not allowed"
            raise yaml.composer.ComposerError(problem=problem, problem_mark=cast(Any, event.start_mark))
    return yaml.safe_load(text)
