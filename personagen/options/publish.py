"""The options of ``publish``."""

from __future__ import annotations

from dataclasses import dataclass

from personagen.options.export import shares
from personagen.options.row import FILES, GENERAL, FilePath, Options, option


def _checked(text: str) -> str:
    shares(text, least=1)
    return text


@dataclass(frozen=True, kw_only=True)
class PublishOptions(Options):
    """Options of ``publish``, which makes a dataset with a card of a run and sends it to the Hub, or writes it."""

    to_folder: FilePath | None = option(
        None, "Write the dataset to this folder; nothing is sent.", FILES, "DIR", words="send it to OWNER/NAME"
    )
    split: str = option(
        "train=1",
        "Splits and their shares; no persona is in two of them.",
        FILES,
        "NAME=SHARE,...",
        read=_checked,
    )
    license: str = option(
        "unknown",
        "Licence of the dataset, as the Hub names it.",
        FILES,
        "ID",
        names=("cc-by-4.0", "cc-by-nc-4.0", "cc0-1.0", "apache-2.0", "mit", "other"),
    )
    with_persona: bool = option(False, "Include the texts and attributes of the personas.", FILES)
    public: bool = option(False, "Show the dataset to everybody.", FILES)
    allow_offline_data: bool = option(False, "Publish text of the offline cast, which the card then says first.", FILES)
    allow_findings: bool = option(False, "Publish what looks like a key, an address or a number of a person.", FILES)
    dry_run: bool = option(False, "Show what would be sent, and stop.", GENERAL)
    yes: bool = option(False, "Do not ask.", GENERAL)
