"""The rules of the Hub for the metadata of a dataset's card, as its documentation has them (datasetcard.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "n>1T")
LICENSES = frozenset(
    """
    apache-2.0 mit openrail bsd bsd-2-clause bsd-3-clause c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0
    cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0
    cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl gpl
    gpl-3.0 lgpl-3.0 agpl-3.0 odc-by odbl pddl etalab-2.0 unknown other
    """.split()
)
CREATORS = frozenset(["found", "crowdsourced", "expert-generated", "machine-generated", "no-annotation", "other"])
_SPLIT = re.compile(r"\w+(\.\w+)*")


def faults(card: str) -> Iterator[str]:
    """What the Hub would refuse in the metadata of ``card``."""
    found = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    try:
        about = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError as error:
        yield f"YAML: {error}"
        return
    if not isinstance(about, dict):
        yield "there is no metadata"
        return
    if about.get("license") not in LICENSES:
        yield f'"license" must be one of the known licences, not {about.get("license")}'
    for code in about.get("language", []):
        if not re.fullmatch(r"[a-z]{2,3}", code):
            yield f'"language" must be an ISO 639 code, not {code}'
    if not set(about.get("size_categories", [])) <= {*SIZES}:
        yield f'"size_categories" must be one of {SIZES}'
    for name in ("annotations_creators", "language_creators"):
        if not set(about.get(name, [])) <= CREATORS:
            yield f'"{name}" is not one that is known'
    if not all(isinstance(tag, str) for tag in about.get("tags", [])):
        yield '"tags" must be texts'
    yield from _configs(about.get("configs", []))


def _configs(configs: list[dict[str, Any]]) -> Iterator[str]:
    if sum(bool(config.get("default")) for config in configs) > 1:
        yield "one configuration at most is the default"
    for config in configs:
        if not isinstance(config.get("config_name"), str):
            yield '"config_name" must be a text'
        for file in config.get("data_files", []):
            if set(file) != {"split", "path"} or not _SPLIT.fullmatch(file["split"]):
                yield f"data_files of {config.get('config_name')}: {file}"
