"""What a turn says of a shortcut or of the judge: the signs that the page filters by, `rule=longer:no`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from personagen.reports.source import Row

#: What it means that a rule holds in a turn, and that it does not.
SHORTCUTS: Mapping[str, tuple[str, str]] = {
    "longer": ("the longer reply is chosen", "the shorter reply is chosen"),
    "length_and_format": (
        "length and format point to the chosen reply",
        "length and format point to the rejected reply",
    ),
    "bag_of_words": ("single words point to the chosen reply", "single words point to the rejected reply"),
    "recites": ("more words of the persona are chosen", "fewer words of the persona are chosen"),
    "aware": ("aware is chosen over plain", "plain is chosen over aware"),
    "aware_from_plain": ("the aware reply is recognised by its words", "the plain reply looks like the aware one"),
}
JUDGE: Mapping[str, tuple[str, str]] = {
    "position": ("the reply shown first is preferred twice", "the reply shown last is preferred twice"),
    "orders": ("the judge agrees in both orders", "the judge disagrees in the other order"),
    "repeated": ("the judge agrees when asked again", "the judge disagrees when asked again"),
    "seconded": ("another judge agrees", "another judge disagrees"),
}
Signs = Mapping[str, bool]


def judged(tree: Row) -> dict[str, dict[str, bool]]:
    """For each turn of a conversation what holds of ``JUDGE``, and what does not; without what is not known."""
    own: defaultdict[str, list[Row]] = defaultdict(list)
    for made in tree.get("judgments") or ():
        if not made.get("persona"):
            own[made["node"]].append(made)
    found: dict[str, dict[str, bool]] = {node: {} for node in own}
    for node, made in own.items():
        if len(made) > 1:
            firsts = {_prefers_first(one) for one in made[:2]}
            if len(firsts) == 1 and None not in firsts:
                found[node]["position"] = True in firsts
            found[node]["orders"] = _preferred(made[0]) == _preferred(made[1])
    for name in ("repeated", "seconded"):
        for one in tree.get(name) or ():
            if one["node"] in own:
                same = _preferred(own[one["node"]][0]) == _preferred(one)
                found[one["node"]][name] = found[one["node"]].get(name, True) and same
    return found


def _preferred(made: Row) -> Sequence[str]:
    return () if made.get("tie") else tuple(made.get("ranking") or ())


def _prefers_first(made: Row) -> bool | None:
    """Whether the first of two replies is preferred to the second; None without a preference."""
    ranking, order = _preferred(made), tuple(made.get("order") or ())
    return ranking[:1] == order[:1] if len(ranking) == len(order) == 2 else None
