"""``expand`` asks the author for people who were drawn, and shares personalities as often as it may."""

from __future__ import annotations

from collections import Counter

import pytest

from personagen.errors import UsageError
from personagen.records import Persona, Rejection
from personagen.store.files import read_records
from tests import fakes


@pytest.fixture
def run(tmp_path):
    return fakes.expanding(tmp_path)


def personas(tmp_path, out="pool"):
    return list(read_records(tmp_path / out / "personas.jsonl", Persona))


def test_the_author_is_asked_for_those_who_were_drawn_and_personas_keep_them(run, tmp_path, model):
    fake = model(fakes.cast)
    run()
    call = next(c for c in fake.calls if c.prompt == "author/profiles")
    drawn = call.inputs["draws"]
    assert len(drawn) == call.inputs["count"]
    asked = call.messages[-1].content
    assert f"1. pronoun: {drawn[0]['pronoun']}; age: {drawn[0]['age']}; region: {drawn[0]['region']}; country:" in asked
    assert f"\n{len(drawn)}. pronoun: {drawn[-1]['pronoun']}; age: {drawn[-1]['age']};" in asked
    other = next(c for c in fake.calls if c.prompt == "author/personalities")
    traits = other.inputs["draws"][0]["traits"]
    assert f"leading traits: {traits}" in other.messages[-1].content
    assert f"hard to bear: {other.inputs['draws'][0]['unflattering']} %" in other.messages[-1].content
    new = [p for p in personas(tmp_path) if p.origin["profile"] != "seed" != p.origin["personality"]]
    assert all({"age", "country", "household", "traits"} <= p.drawn.keys() for p in new)
    assert all(not p.drawn for p in personas(tmp_path) if set(p.origin.values()) == {"seed"})


def test_the_summary_shows_drawn_against_kept(run, tmp_path):
    summary = run()
    found = summary.pools["profile"]["draws"]
    assert sum(count["kept"] for count in found["by_value"]["age"].values()) == summary.pools["profile"]["admitted"]
    rejected = Counter(
        row.gate for row in read_records(tmp_path / "pool" / "rejections.jsonl", Rejection) if "profile/" in row.place
    )
    drawn = sum(count["drawn"] for count in found["by_value"]["age"].values())
    assert drawn == summary.pools["profile"]["admitted"] + rejected.total() - rejected["surplus"] - rejected["failed"]
    assert found["as_drawn"]["pronoun"]["read"] == summary.pools["profile"]["admitted"]


def test_a_file_of_weights_is_followed_and_another_one_is_another_run(run, tmp_path, model):
    file = tmp_path / "old.toml"
    file.write_text("[profile.age]\n70-79 = 1\n[profile.diet]\nvegan = 1\n")
    fake = model(fakes.cast)
    run(population=str(file))
    drawn = [one for c in fake.calls if c.prompt == "author/profiles" for one in c.inputs["draws"]]
    assert drawn
    assert all(70 <= one["age"] <= 79 and one["diet"] == "vegan" for one in drawn)
    file.write_text("[profile.age]\n20-29 = 1\n")
    with pytest.raises(UsageError, match="holds another run: other population"):
        run(population=str(file))


def test_as_many_personalities_are_grown_as_they_may_be_shared(run, tmp_path):
    summary = run(personalities=None)
    assert summary.pools["personality"]["target"] == 33  # 8 seeds, 22 more, and a tenth of those
    assert summary.per_personality == 1
    assert (summary.personas, summary.of_new_profiles) == (30, 22)
    shared = run(out=str(tmp_path / "shared"), personalities=None, per_personality=3)
    assert shared.pools["personality"]["target"] == 11
    assert shared.per_personality == 3


def test_too_few_personalities_make_fewer_personas_and_a_note_says_what_to_set(run, tmp_path):
    summary = run(personalities=12, per_personality=2)
    assert summary.personas == len(personas(tmp_path)) == 24
    assert max(Counter(p.personality for p in personas(tmp_path)).values()) == 2
    [note] = [note for note in summary.report.notes if "--per-personality" in note]
    assert note == (
        "--personalities 12 with --per-personality 2 make 24 of 30 personas at most: set --personalities to 16, or"
        " leave it out"
    )
    more = run(personalities=12, per_personality=3)
    assert more.personas == 30
    assert more.report.calls == summary.report.calls


def test_without_it_given_personalities_are_shared_by_all(run):
    summary = run(personalities=12)
    assert summary.personas == 30
    assert not [note for note in summary.report.notes if "--per-personality" in note]
