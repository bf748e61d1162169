"""The library: a run as a dataset of the Hub or a folder, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, Unpack

from personagen.flows.publish import PublishSummary, planned, refuse_findings, send, summary
from personagen.flows.pull import PullSummary
from personagen.flows.pull import pull as _pull
from personagen.options.publish import PublishOptions
from personagen.options.row import FilePath


class _PublishKeywords(TypedDict, total=False):
    """The keywords of ``publish``, with the types of ``PublishOptions``, but for ``yes``: the call is the answer."""

    to_folder: FilePath | None
    split: str
    license: str
    with_persona: bool
    public: bool
    allow_offline_data: bool
    allow_findings: bool
    dry_run: bool


def publish(run: FilePath, name: str | None = None, **options: Unpack[_PublishKeywords]) -> PublishSummary:
    """Sends a run as a dataset with a card to ``name``, OWNER/NAME at the Hub, or writes it to ``to_folder``.

    It does not ask. ``dry_run=True`` returns what would be sent and what looks like a key or personal data. The
    keywords are the options of ``personagen publish``; the dataset is private unless ``public``.

    Raises:
        UsageError: there is nothing to publish, or something was found and ``allow_findings`` was not given.
        ConfigError: the Hub refuses the token, or there is none.
    """
    chosen = PublishOptions(**options)
    with planned(Path(run), name, chosen) as plan:
        if chosen.dry_run:
            return summary(plan)
        refuse_findings(plan, chosen)
        return send(plan)


def pull(name: str, out: FilePath, revision: str | None = None) -> PullSummary:
    """Writes a dataset that ``publish`` made, OWNER/NAME at the Hub or a folder, to the run folder ``out``.

    Then ``read_pairs(out)``, ``export`` and ``report`` work on it.

    Raises:
        UsageError: it is no dataset of personagen's, or ``out`` holds something else.
        CorruptError: a file of it is damaged or missing.
    """
    return _pull(str(name), Path(out), revision)
