"""The expand flow: rounds on a frozen pool, filters in slot order, why it stops, and that it repeats itself."""

from __future__ import annotations

import orjson
import pytest

from personagen.errors import BudgetError, ConfigError, QualityError, UsageError
from personagen.records import Persona, Rejection
from personagen.store.files import read_records
from tests import fakes

MODEL = "tests.fakes:llm"
RESULTS = ("personas.jsonl", "rejections.jsonl")


@pytest.fixture
def run(tmp_path):
    return fakes.expanding(tmp_path)


def results(folder):
    return {name: (folder / name).read_bytes() for name in RESULTS}


def test_it_grows_both_pools_to_their_targets_and_makes_a_persona_of_each_profile(run, tmp_path):
    summary = run()
    personas = list(read_records(tmp_path / "pool" / "personas.jsonl", Persona))
    assert summary.personas == len(personas) == 30
    assert {k: (p["size"], p["stopped"]) for k, p in summary.pools.items()} == {
        "profile": (30, "target"),
        "personality": (12, "target"),
    }
    assert len({p.id for p in personas}) == 30
    assert {p.origin["profile"] for p in personas} == {"seed", MODEL}
    assert all(8 <= len(p.facts) <= 10 and 8 <= len(p.traits) <= 10 for p in personas)


def test_every_candidate_is_admitted_or_rejected_with_its_filter(run, tmp_path):
    summary = run()
    rejections = list(read_records(tmp_path / "pool" / "rejections.jsonl", Rejection))
    for pool in summary.pools.values():
        assert pool["received"] == pool["admitted"] + sum(pool["rejected"].values())
    assert len(rejections) == sum(sum(p["rejected"].values()) for p in summary.pools.values())
    assert all(r.gate and r.reason and r.text for r in rejections)


def test_per_profile_makes_so_many_different_personas_of_each(run, tmp_path):
    run(per_profile=4)
    personas = list(read_records(tmp_path / "pool" / "personas.jsonl", Persona))
    assert len(personas) == len({p.id for p in personas}) == 30 * 4


def test_results_are_the_same_bytes_at_any_concurrency_and_order_of_arrival(run, tmp_path, model):
    run("one", concurrency=1)
    model(fakes.cast).shuffle = 5
    run("many", concurrency=64)
    assert results(tmp_path / "one") == results(tmp_path / "many")


def test_the_same_command_again_asks_nothing_and_writes_the_same(run, tmp_path, model):
    run()
    before = results(tmp_path / "pool")
    again = model(fakes.cast)
    summary = run()
    assert again.calls == []
    assert summary.report.new_calls == 0
    assert results(tmp_path / "pool") == before


def test_a_round_asks_several_times_with_examples_of_its_own_from_the_pool_of_earlier_calls(run, model):
    fake = model(fakes.cast)
    run(personalities=6)
    first = [c for c in fake.calls if c.place in ("profile/0", "profile/1")]
    assert len(first) == 2
    seeds = {fakes.profile(f"seed {n}")["text"].strip() for n in range(8)}
    drawn = [tuple(c.inputs["examples"]) for c in first]
    assert all(len(d) == 5 and set(d) <= seeds for d in drawn)
    assert len(set(drawn)) == 2
    assert first[0].sampling.temperature == 0.8
    later = {e for c in fake.calls if c.place in ("profile/2", "profile/3") for e in c.inputs["examples"]}
    assert later - seeds


def test_a_failed_call_keeps_what_came_and_the_end_names_cause_and_setting(run, tmp_path, model):
    def cut(call):
        half = fakes.answer('{"descriptions": [{"text": "She', finish_reason="length")
        return half if call.prompt == "author/profiles" else fakes.cast(call)

    model(cut)
    with pytest.raises(
        QualityError, match=r"6 of 6 replies were cut off at max_tokens: raise it in .*author/profiles.md"
    ):
        run(saturation=1)
    rows = [r for r in read_records(tmp_path / "pool" / "rejections.jsonl", Rejection) if r.gate == "failed"]
    assert [(row.finish_reason, row.attempts) for row in rows] == [("length", 3)] * 2
    assert rows[0].text == '{"descriptions": [{"text": "She'


def test_a_run_whose_stored_calls_failed_is_resumed(run, model):
    model(lambda call: "no json" if call.place in ("profile/0", "profile/1") else fakes.cast(call))
    run()
    assert run(target=30).report.new_calls == 0


def test_what_comes_after_the_target_is_counted_as_rejected_by_it(run):
    pool = run(target=9).pools["profile"]
    assert pool["admitted"] == 1
    assert pool["rejected"] == {"surplus": 4}


def test_a_call_limit_writes_what_there_is_and_raising_it_finishes_with_the_same_bytes(run, tmp_path):
    run("whole")
    with pytest.raises(BudgetError, match="raise --max-calls"):
        run("part", max_calls=4)
    state = orjson.loads((tmp_path / "part" / "run.json").read_bytes())
    assert state["status"].startswith("stopped")
    assert state["usage"]["calls"] == 4
    assert (tmp_path / "part" / "personas.jsonl").stat().st_size > 0
    run("part")
    assert results(tmp_path / "part") == results(tmp_path / "whole")


def test_a_failed_call_is_kept_as_a_rejection_and_the_round_goes_on(run, tmp_path, model):
    model(lambda call: "no json" if call.place == "profile/1" else fakes.cast(call))
    summary = run()
    assert summary.pools["profile"]["failed_calls"] == 1
    assert summary.pools["profile"]["size"] == 30
    rejections = read_records(tmp_path / "pool" / "rejections.jsonl", Rejection)
    assert [r.place for r in rejections if r.gate == "failed"] == ["profile/1"]


def test_rounds_in_which_every_call_fails_end_the_run(run, model):
    model(lambda call: "no json")
    with pytest.raises(QualityError, match="all 3 calls of a round failed"):
        run()


def test_one_failed_round_does_not(run, model):
    model(lambda call: "no json" if call.place in ("profile/0", "profile/1") else fakes.cast(call))
    summary = run()
    assert summary.pools["profile"]["failed_calls"] == 2
    assert summary.pools["profile"]["size"] == 30


def test_a_budget_needs_the_price_of_the_encoder_too(run):
    with pytest.raises(ConfigError, match="that of openai/nobody-knows is unknown; give --price encoder=IN,OUT"):
        run(encoder="openai/nobody-knows", budget=1.0, price="1,1")


def test_seeds_that_reach_the_target_by_themselves_are_noted(run):
    notes = run(target=5).report.notes
    assert any(
        note.startswith("the 8 profile seeds reach the target of 5, which counts them: all are") for note in notes
    )


def test_profiles_that_no_personality_fits_are_noted(run, tmp_path, model):
    def of_him(call):
        reply = fakes.cast(call)
        return reply.replace("She ", "He ") if call.prompt == "author/profiles" else reply

    model(of_him)
    summary = run()
    [note] = [note for note in summary.report.notes if "same pronoun" in note]
    assert note.startswith("22 of 30 profiles (22 he) have fewer personas than --per-profile 1, 22 of them none")
    assert summary.personas == len(list(read_records(tmp_path / "pool" / "personas.jsonl", Persona))) == 8


def test_a_filter_that_cannot_be_called_as_one_is_refused(run):
    with pytest.raises(UsageError, match=r"f\(candidate, view\)"):
        run(filters=("orjson:loads",))


def test_a_filter_of_ones_own_is_asked(run, tmp_path):
    summary = run(filters=("tests.flows.test_expand:no_mending",))
    assert summary.pools["profile"]["rejected"]["tests.flows.test_expand:no_mending"] > 0
    personas = list(read_records(tmp_path / "pool" / "personas.jsonl", Persona))
    assert not any("mends" in p.profile for p in personas if p.origin["profile"] != "seed")


def no_mending(candidate, view):
    from personagen.personas.filters import Refusal

    return Refusal("mending again") if "mends" in candidate.description.text else None


def test_diversity_is_that_of_the_new_entries(run, model):
    def repeating(call):
        return fakes.descriptions(fakes.profile("new")) if call.prompt == "author/profiles" else fakes.cast(call)

    model(repeating)
    pool = run(target=9).pools["profile"]
    assert (pool["admitted"], pool["vendi_score"], pool["nearest_similarity"]["of"]) == (1, 1.0, 1)
    none = run("none", target=8).pools["profile"]
    assert (none["vendi_score"], none["distinct_1"], none["nearest_similarity"]) == (0.0, 0.0, None)


def test_the_summary_measures_the_pools(run):
    pool = run().pools["profile"]
    assert 0 < pool["distinct_2"] <= 1
    assert 1 < pool["vendi_score"] <= 30
    assert pool["threshold"]["now"] == 0.95
    assert pool["acceptance_curve"][-1]["pool"] == 30
    assert 0 < pool["nearest_similarity"]["mean"] < 0.95


def test_calibration_fits_the_threshold_on_the_seeds(run):
    fitted = run(similarity=None, calibrate=True).pools["profile"]["threshold"]
    assert 0 < fitted["now"] < 1
    assert fitted["now"] != 0.95


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"target": 0}, "--target 0"),
        ({"similarity": 1.5}, "--similarity 1.5"),
        ({"calibrate": True}, "give one of them"),
        ({"per_profile": 99}, "--per-profile 99 is more than the 12 planned personalities"),
        ({"seeds": "nowhere"}, "nowhere"),
        ({"filters": ("nothing",)}, "package.module:function"),
        ({"language": "xx"}, "xx"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_asked(run, tmp_path, model, options, complaint):
    fake = model(fakes.cast)
    with pytest.raises(UsageError, match=complaint):
        run(**options)
    assert fake.calls == []
