"""How large the pools of ``expand`` are to be: profiles as asked for, and as many personalities as they need."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from personagen.errors import UsageError
from personagen.options import ExpandOptions
from personagen.records import Description, Kind

SPARE = 0.1  # more personalities than personas need
LEAST_CHOICE = 3  # personalities for each of a profile


def targets(
    options: ExpandOptions, seeds: Mapping[Kind, Sequence[Description]], foreign: Collection[str]
) -> dict[Kind, int]:
    """The size of each pool; ``foreign`` seeds, which are in no persona, come on top.

    Raises:
        UsageError: a profile is to get more personalities than there will be.
    """
    usable = sum(d.text not in foreign for d in seeds["personality"])
    wanted = options.personalities or planned_personalities(options, usable, options.target)
    most = max(wanted, len(seeds["personality"]))
    if options.per_profile > most:
        raise UsageError(f"--per-profile {options.per_profile} is more than the {most} planned personalities")
    sizes: dict[Kind, int] = {"profile": options.target, "personality": wanted}
    return {kind: target + sum(d.text in foreign for d in seeds[kind]) for kind, target in sizes.items()}


def planned_personalities(options: ExpandOptions, seeds: int, target: int) -> int:
    """How many personalities ``target`` profiles need if each is shared by ``--per-personality`` personas at most.

    Unless the ``seeds`` suffice, some more are grown, since those of one pronoun may be fewer than its profiles.
    """
    share = options.per_personality or options.per_profile
    needed = -(-target * options.per_profile // share)
    spare = math.ceil(SPARE * max(0, needed - seeds))
    return max(needed + spare, LEAST_CHOICE * options.per_profile)


def too_few(options: ExpandOptions, seeds: int) -> list[str]:
    """A note if --personalities is too small for --per-personality."""
    share, wanted = options.per_personality, options.target * options.per_profile
    there = max(options.personalities or 0, seeds)
    if not share or not options.personalities or there * share >= wanted:
        return []
    return [
        f"--personalities {there:,} with --per-personality {share:,} make {there * share:,} of {wanted:,} personas at"
        f" most: set --personalities to {planned_personalities(options, seeds, options.target):,}, or leave it out"
    ]
