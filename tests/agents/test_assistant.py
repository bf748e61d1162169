"""What the competing assistants are told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random

import pytest

from personagen.agents.assistant import ACTS, of_another, of_policy, with_one_of_another
from personagen.agents.capture import capture_call
from personagen.agents.sample import Scene
from personagen.prompts import files
from personagen.records import Inference, Persona

OTHER = Persona(
    id="o", profile="P", personality="Q", facts=("sells shoes", "is 30", "has a dog"), traits=("shy", "moody")
)
KNOWN = [
    Inference(fact=fact, quote="q", kind=kind)
    for fact, kind in (("is 61", "profile"), ("is blunt", "personality"), ("keeps bees", "profile"))
]


def sent(name, scene):
    prompts = {one: files.load(one, (files.packaged(),)) for one in ACTS}
    return asyncio.run(capture_call(prompts, lambda ctx: ACTS[name].sample(ctx, scene))).messages


def test_where_nothing_is_known_aware_gets_the_very_messages_of_plain():
    unknown = replace(Scene(), known=())
    assert sent("assistant/aware", unknown) == sent("assistant/plain", unknown)
    assert sent("assistant/aware", Scene()) != sent("assistant/plain", Scene())


def test_one_that_overclaims_is_asked_to_know_what_was_not_said():
    note = sent("assistant/overclaim", Scene())[-1].content
    assert "- has guests on Sunday" in note
    assert "not mentioned" in note
    assert "mention this, so" not in sent("assistant/overclaim", replace(Scene(), known=()))[-1].content


def test_misaware_is_told_as_much_of_each_kind_about_another():
    told = of_another(KNOWN, OTHER, Random(1))
    assert [one.kind for one in told] == [one.kind for one in KNOWN]
    assert {one.fact for one in told if one.kind == "profile"} < {*OTHER.facts}
    assert {one.fact for one in told if one.kind == "personality"} < {*OTHER.traits}
    assert len({one.fact for one in told}) == 3


def test_misaware_keeps_what_it_was_told_while_more_is_revealed():
    for seed in range(20):
        early, late = (of_another(KNOWN[:count], OTHER, Random(seed)) for count in (1, 3))
        assert late[:1] == early
    assert len({of_another(KNOWN, OTHER, Random(seed)) for seed in range(20)}) > 3


def test_misaware_is_told_no_more_than_the_other_has():
    more = [*KNOWN, *KNOWN, *KNOWN]
    assert len(of_another(more, OTHER, Random(1))) == len(OTHER.facts) + len(OTHER.traits)


@pytest.mark.parametrize("seed", range(6))
def test_near_is_told_the_same_but_for_one_line_of_the_same_kind(seed):
    told = with_one_of_another(KNOWN, OTHER, Random(seed))
    [(at, new)] = [(at, one) for at, (one, old) in enumerate(zip(told, KNOWN, strict=True)) if one != old]
    assert new.kind == KNOWN[at].kind
    assert new.fact in (OTHER.facts if new.kind == "profile" else OTHER.traits)


def test_the_act_of_a_policy_asks_its_own_prompt():
    act = of_policy("policy-b/plain")
    prompts = {"policy-b/plain": files.load("assistant/plain", (files.packaged(),))}
    call = asyncio.run(capture_call(prompts, lambda ctx: act.sample(ctx, Scene())))
    assert (call.role, call.messages) == ("policy-b", sent("assistant/plain", Scene()))
    assert of_policy("assistant/plain") is of_policy("policy/aware") is None


def test_near_is_told_nothing_that_is_known_already():
    known = [one for one in KNOWN if one.kind == "profile"]
    twin = OTHER.model_copy(update={"facts": (*(one.fact for one in known), "rows")})
    told = [with_one_of_another(known, twin, Random(seed)) for seed in range(9)]
    assert all({one.fact for one in facts} - {one.fact for one in known} == {"rows"} for facts in told)
