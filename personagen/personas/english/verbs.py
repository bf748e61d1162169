"""English function words, and the base forms of verbs: "works" and "work"."""

from __future__ import annotations


def bag(text: str) -> frozenset[str]:
    """The words of ``text`` as a set."""
    return frozenset(text.split())


# Third persons whose base form follows no rule.
IRREGULAR = {"dies": "die", "lies": "lie", "ties": "tie", "vies": "vie", "unties": "untie", "has": "have"}
IRREGULAR |= {"aches": "ache", "shoes": "shoe", "focuses": "focus", "canoes": "canoe", "quizzes": "quiz"}

ADVERBS = bag("""
    also often always never still now rarely sometimes then once usually first even just only both each already
    seldom soon later too almost nowadays perhaps afterwards otherwise besides instead ever quite rather really
    not all very
    """)
FUNCTION = bag("""
    a about above across after against all along alongside although among an and any are around as at away
    because been before behind being below beneath beside besides between beyond but by can could despite did do
    does down during each enough even every except for from had has have he how if in inside instead into is it
    its just last less like may might must near neither never next nor not of off on once only onto or out
    outside over past per rather she should since so some still than that the them then there these they this
    those though through throughout till to today together too toward towards twice under unless until up upon
    was we were what when whenever where wherever whether which while who whom whose why will with within
    without would yesterday yet you
    """)


def base_form(verb: str) -> str:
    """The base form of a third person: ``works`` -> ``work``, ``carries`` -> ``carry``."""
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if verb.endswith("ies") and len(verb) > 4:
        return f"{verb[:-3]}y"
    if verb.endswith(("sses", "xes", "zzes", "ches", "shes", "oes")):
        return verb[:-2]
    return verb[:-1]
