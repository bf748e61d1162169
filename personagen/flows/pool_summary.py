"""The summary of a pool in ``run.json``: its size, rejections, diversity, and whom it describes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from personagen.flows.pool_growth import PoolGrowth
from personagen.flows.pool_misfit import SURPLUS
from personagen.metrics.diversity import acceptance_curve, distinct_n, nearest_similarity, vendi_score
from personagen.metrics.draws import as_drawn, drawn_and_kept, rarely_kept
from personagen.metrics.spread import ages, genders, opposed_share, tone
from personagen.personas.population import draws
from personagen.records import Persona


def personas_summary(personas: Sequence[Persona]) -> dict[str, Any]:
    """Whom the personas describe, and how often a personality is shared."""
    uses = Counter(persona.personality for persona in personas)
    new = sum(persona.origin.get("profile") != "seed" for persona in personas)
    return {
        "personas": len(personas),
        "of_new_profiles": new,
        "personalities_used": len(uses),
        "per_personality": max(uses.values(), default=0),
        "spread": {
            "not_flattering": round(tone(persona.traits for persona in personas).share, 4),
            "opposed_traits": round(opposed_share([persona.traits for persona in personas]), 4),
            "ages": ages(persona.attributes for persona in personas),
            "genders": genders(persona.attributes for persona in personas),
        },
    }


def pool_summary(growth: PoolGrowth, seed: int) -> dict[str, Any]:
    """The pool ``growth`` of a run with this ``seed``."""
    new = [entry.text for entry in growth.view.entries[growth.seeds :]]
    threshold = growth.view.rules.similarity
    near = nearest_similarity(growth.view.vectors, growth.seeds)
    rejected = Counter(rejection.gate for rejection in growth.rejections if rejection.gate != "failed")
    return {
        "seeds": growth.seeds,
        "size": len(growth.view),
        "target": growth.target,
        "stopped": growth.stopped,
        "asked": growth.asked,
        "received": sum(r.asked for r in growth.rounds),
        "admitted": len(growth.view) - growth.seeds,
        "rejected": dict(rejected.most_common()),
        "failed_calls": growth.failed_calls,
        "draws": _draws_summary(growth, seed),
        "form": growth.form.summary(),
        "threshold": {**asdict(threshold), "now": round(threshold.at(len(growth.view)), 4)},
        "rounds": len(growth.rounds),
        "acceptance_curve": [{**asdict(r), "share": round(r.share, 4)} for r in acceptance_curve(growth.rounds)],
        "distinct_1": round(distinct_n(new, 1), 4),
        "distinct_2": round(distinct_n(new, 2), 4),
        "vendi_score": round(vendi_score(growth.view.vectors[growth.seeds :]), 2),
        "nearest_similarity": asdict(near) if near else None,
    }


def _draws_summary(growth: PoolGrowth, seed: int) -> Mapping[str, Any]:
    """What was drawn for the descriptions that were received, and which of them were kept.

    Those that came after the target was reached say nothing about the filters.
    """
    new = [entry for entry in growth.view.entries[growth.seeds :] if entry.drawn]
    slots: dict[str, list[int]] = {}
    for row in growth.rejections:
        if row.gate not in ("failed", SURPLUS):
            _, call, slot = row.place.split("/")
            slots.setdefault(call, []).append(int(slot))
    rejected = [
        drawn[slot]
        for call, some in slots.items()
        for drawn in [draws(growth.population, growth.kind, growth.form, f"{seed}/{call}", growth.per_call)]
        for slot in some
        if slot < len(drawn)
    ]
    shares = drawn_and_kept([entry.drawn for entry in new], rejected)
    english = growth.view.rules.language == "en"
    return {
        "by_value": shares,
        "rarely_kept": rarely_kept(shares),
        "as_drawn": as_drawn([(entry.text, entry.drawn) for entry in new]) if english else {},
    }
