"""The options of ``report`` and ``view``."""

from __future__ import annotations

from dataclasses import dataclass

from personagen.options.row import FILES, GENERAL, FilePath, Options, option


@dataclass(frozen=True, kw_only=True)
class ReportOptions(Options):
    """Options of ``report``."""

    out: FilePath | None = option(None, "Where to write the page.", FILES, "FILE", words="report.html in the first run")


@dataclass(frozen=True, kw_only=True)
class PageOptions(Options):
    """Whether ``expand``, ``simulate`` and ``evaluate`` write a report at their end."""

    no_report: bool = option(False, "Do not write report.html at the end.", GENERAL)


@dataclass(frozen=True, kw_only=True)
class ViewOptions(Options):
    """Options of ``view``."""

    port: int = option(0, "Port on this machine; 0 takes 8642, or a free one if that is taken.", GENERAL, most=65_535)
