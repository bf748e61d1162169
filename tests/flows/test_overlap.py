"""The check that nobody in an evaluation was trained on."""

from __future__ import annotations

import asyncio

import pytest

from personagen.errors import UsageError
from personagen.flows.overlap import check_apart
from personagen.flows.simulate import simulate
from personagen.options import SimulateOptions
from personagen.personas.seeds import load_personas
from personagen.records import Persona
from tests import fakes


def person(profile="He is 60, drives a night bus in Lima and sings bass.", traits=("calm", "vain"), name="e1"):
    return Persona(
        id=name, profile=profile, personality=f"He is {' and '.join(traits)}.", traits=traits, facts=(profile,)
    )


@pytest.fixture
def trained(run, tmp_path):
    run("trained", turns=1)
    return tmp_path / "trained"


def test_people_who_are_apart_pass_with_how_near_the_nearest_is(trained):
    note = check_apart([person()], trained)
    assert "no trait list in common" in note
    assert "the nearest profile shares" in note
    assert "persona e1" in note


def test_the_same_traits_in_another_order_and_life_are_refused(trained):
    with pytest.raises(UsageError, match="trait list of persona e1 is in the training run"):
        check_apart([person(traits=fakes.PERSONA.traits)], trained)


def test_a_profile_with_one_detail_changed_is_refused(trained, tmp_path):
    long = "He is 60, drives a night bus in Lima, sings bass in a church choir, raises two nieces and mends old radios."
    people = tmp_path / "one.jsonl"
    people.write_bytes(person(long, ("calm", "vain"), "t1").line() + b"\n")
    options = {"personas": str(people), "out": str(tmp_path / "long"), "turns": 1, "model": "tests.fakes:llm"}
    asyncio.run(simulate(SimulateOptions(**options, counterfactual=0)))
    near = person(long.replace("60", "61"), ("loyal", "shy"))
    with pytest.raises(UsageError, match="profile of persona e1 is in the training run"):
        check_apart([near], tmp_path / "long")


def test_the_personas_of_a_run_of_expand_count_too(tmp_path):
    fakes.expanding(tmp_path)("pool")
    trained = load_personas(str(tmp_path / "pool"))[0]
    with pytest.raises(UsageError, match="is in the training run"):
        check_apart(trained[:1], tmp_path / "pool")
    assert "no trait list in common" in check_apart([person()], tmp_path / "pool")


def test_people_without_traits_share_no_trait_list(tmp_path):
    options = {"out": str(tmp_path / "bare"), "turns": 1, "model": "tests.fakes:llm", "counterfactual": 0}
    people = tmp_path / "bare.jsonl"
    people.write_text('{"profile": "She is 41 and keeps bees in Leiden."}\n')
    asyncio.run(simulate(SimulateOptions(**options, personas=str(people))))
    nobody = Persona(id="e1", profile="A nurse in Tartu with two greyhounds.", personality="", traits=(), facts=())
    assert "no trait list in common" in check_apart([nobody], tmp_path / "bare")


def test_a_training_run_without_a_persona_says_nothing_and_is_refused(trained):
    (trained / "trees.jsonl").write_bytes(b"")
    with pytest.raises(UsageError, match="has no persona yet: finish that run, or name another one"):
        check_apart([person()], trained)
