"""The metadata of a card: what the Hub's search, its viewer and ``load_dataset`` read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from personagen.hub.tables import Config, Split

DEFAULT = "pairs"  # what load_dataset reads without the name of a configuration
TAGS = ("synthetic", "personagen", "preference", "dpo")


def metadata(title: str, license: str, languages: Sequence[str], configs: Sequence[Config], download: int) -> str:
    """The YAML before a card; ``download`` is the size of all Parquet files in bytes."""
    import yaml

    about: dict[str, Any] = {
        "pretty_name": title,
        "license": license,
        **({"language": list(languages)} if languages else {}),
        "tags": list(TAGS),
        "task_categories": ["text-generation"],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "size_categories": [size_category(next(c.rows for c in configs if c.name == DEFAULT))],
        "configs": [_config(config) for config in configs],
        "dataset_info": [_info(config, download) for config in configs],
    }
    text: str = yaml.safe_dump(about, sort_keys=False, allow_unicode=True, width=10_000)
    return text


def size_category(rows: int) -> str:
    """The Hub's word for a number of rows, such as ``1K<n<10K``."""
    steps = ((1e3, "1K"), (1e4, "10K"), (1e5, "100K"), (1e6, "1M"), (1e7, "10M"), (1e8, "100M"), (1e9, "1B"))
    if rows < 1e3:
        return "n<1K"
    for (_, least), (most, name) in pairwise(steps):
        if rows < most:
            return f"{least}<n<{name}"
    return "n>1B"


def _config(config: Config) -> dict[str, Any]:
    files = [{"split": name, "path": f"{config.name}/{name}-*.parquet"} for name in config.splits]
    return {"config_name": config.name, "data_files": files} | ({"default": True} if config.name == DEFAULT else {})


def _info(config: Config, download: int) -> dict[str, Any]:
    return {
        "config_name": config.name,
        "features": config.features,
        "splits": [_split(name, split) for name, split in config.splits.items()],
        "download_size": download,
        "dataset_size": sum(split.bytes for split in config.splits.values()),
    }


def _split(name: str, split: Split) -> dict[str, Any]:
    return {"name": name, "num_bytes": split.bytes, "num_examples": split.rows}
