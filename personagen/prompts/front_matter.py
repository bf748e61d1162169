"""The front matter of a prompt file: a few settings in YAML, of which only plain values are taken."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import yaml

from personagen.call import Sampling
from personagen.errors import UsageError

SETTINGS = tuple(f.name for f in fields(Sampling))
_DEEPEST = 8  # front matter is a list in a mapping


def front_matter(file: Path, front: str) -> dict[str, Any]:
    """The settings of a prompt file: ``description``, ``inputs`` and those of ``Sampling`` that are given.

    Raises:
        UsageError: they are not plain YAML, or one is missing, unknown or of another type; the message names the place.
    """
    try:
        settings = _plain_yaml(front)
    except (yaml.YAMLError, ValueError) as error:  # a date that is none is a ValueError
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
        raise UsageError(f"{file}: `inputs` is a list of names")
    for name in SETTINGS:
        value = settings.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UsageError(f"{file}: `{name}` is a number, not {value!r}")
        whole = name == "max_tokens"
        if value is not None and not (1 <= value < 2**31 and value == int(value) if whole else 0 <= value <= 100):
            wanted = "a whole number from 1 up" if whole else "a number from 0 to 100"
            raise UsageError(f"{file}: `{name}` is {value}: choose {wanted}")
        if value is not None and whole:
            settings[name] = int(value)
    return settings


def _plain_yaml(text: str) -> Any:
    """The value of ``text``, which is not nested deeply and where nothing stands for something else.

    Raises:
        yaml.YAMLError, ValueError: it is no such YAML.
    """
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST or getattr(event, "anchor", None) or getattr(event, "tag", None):
            problem = "nested too deeply" if depth > _DEEPEST else "anchors, aliases and tags have no place here"
            raise yaml.composer.ComposerError(problem=problem, problem_mark=cast(Any, event.start_mark))
    return yaml.safe_load(text)
