"""``--noise``: how often the offline judge errs, and in which ways."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

# Each kind of error is described in docs/offline-judge.md.
KINDS = ("fresh", "order", "length", "blind", "recite", "model")
MOST = 0.5  # of a share without a kind


def mixture(value: Any) -> float | str:
    """The normalized value of ``--noise``: a share, or ``KIND=SHARE,...`` in the order of ``KINDS``.

    Raises:
        ValueError: it is neither; the text says what to choose.
    """
    shares = _shares(value)
    if set(shares) <= {"fresh"} and not _names_kinds(value):
        share = shares.get("fresh", 0.0)
        if not 0 <= share <= MOST:
            raise ValueError(f"choose a number from 0 to {MOST}")
        return share
    if unknown := next((kind for kind in shares if kind not in KINDS), None):
        raise ValueError(f"there is no kind {unknown or repr(unknown)}; kinds are {', '.join(KINDS)}")
    if not all(0 <= share <= 1 for share in shares.values()) or sum(shares.values()) > 1 + 1e-9:
        raise ValueError("choose shares from 0 to 1 that add up to at most 1")
    return ",".join(f"{kind}={shares[kind]:g}" for kind in KINDS if shares.get(kind))


def shares_of(value: Any) -> dict[str, float]:
    """The share of each kind of error in a value of ``--noise``; without a kind all are fresh."""
    return {kind: share for kind, share in _shares(mixture(value)).items() if share}


def _names_kinds(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, str) and "=" in value)


def _shares(value: Any) -> dict[str, float]:
    if isinstance(value, Mapping):
        parts = {str(kind): share for kind, share in value.items()}
    elif _names_kinds(value):
        parts = {kind.strip(): share for kind, _, share in (part.partition("=") for part in value.split(","))}
    else:
        parts = {"fresh": value} if value != "" else {}
    try:
        shares = {kind: float(share) for kind, share in parts.items() if not isinstance(share, bool)}
    except (TypeError, ValueError):
        shares = {}
    if len(shares) < max(1, len(parts)) or not all(map(math.isfinite, shares.values())):
        if value == "":
            return {}
        raise ValueError(f"choose a number from 0 to {MOST}, or KIND=SHARE,... such as fresh=0.1,order=0.05")
    return shares
