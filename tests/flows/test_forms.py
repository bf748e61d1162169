"""Pools follow their seeds: seeds in other forms are grown in their form, and an author who ignores it ends the run."""

from __future__ import annotations

import asyncio
from functools import partial

import orjson
import pytest

from personagen.errors import QualityError, UsageError
from personagen.flows.expand import expand
from personagen.offline.author import profiles
from personagen.options import ExpandOptions
from personagen.records import Persona
from personagen.store.files import read_records
from tests import fakes
from tests.personas import forms

MODEL = "tests.fakes:llm"
BIOGRAPHIES = [forms._prose(forms.Random(n), 300 + 20 * n, 11, traits=False)[0] for n in range(10)]
ROWS = {
    "one sentence": [{"persona": text} for text in forms.ONE_SENTENCE],
    "eight words": [{"profile": text} for text in forms.EIGHT_WORDS],
    "biographies": [{"profile": text} for text in BIOGRAPHIES],
    "lists of facts": [{"profile": ". ".join(facts) + ".", "facts": facts} for facts in forms.FACT_LISTS],
    "Chinese": [{"profile": text} for text in forms.CHINESE],
}


@pytest.fixture
def run(tmp_path):
    def run(rows, out="pool", **options):
        file = tmp_path / "seeds.jsonl"
        file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        given = {
            "seeds": str(file),
            "out": str(tmp_path / out),
            "model": MODEL,
            "personalities": 24,
            "similarity": 0.95,
        }
        return asyncio.run(expand(ExpandOptions(**{"target": len(rows) + 30, **given, **options})))

    return run


@pytest.mark.parametrize("form", ROWS)
def test_seeds_of_any_form_are_grown_by_an_author_who_writes_what_is_asked(run, model, form):
    model(forms.in_form)
    pool = run(ROWS[form]).pools["profile"]
    assert (pool["stopped"], pool["admitted"], pool["form"]["learned"]) == ("target", 30, True)
    wrong = {name: n for name, n in pool["rejected"].items() if name != "surplus"}
    assert sum(wrong.values()) < pool["admitted"] / 2, wrong


@pytest.mark.slow
@pytest.mark.parametrize("form", ROWS)
def test_an_author_who_ignores_the_form_ends_the_run_with_the_numbers(run, tmp_path, model, form):
    packaged = orjson.dumps({"descriptions": [fakes.profile(n) for n in range(20)]}).decode()
    model(lambda call: packaged if call.prompt == "author/profiles" else fakes.cast(call))
    with pytest.raises(QualityError, match=r"had the wrong form \(such as: .*\d") as error:
        run(ROWS[form])
    assert "no profile was kept: " in str(error.value)
    assert "--length profile=" in str(error.value) or "--items profile=" in str(error.value)
    assert "saturated" not in (tmp_path / "pool" / "run.json").read_text()


def test_the_option_that_the_error_names_admits_what_was_rejected(run, model):
    packaged = {"descriptions": [fakes.profile(n) for n in range(20)]}
    model(lambda call: orjson.dumps(packaged).decode() if call.prompt == "author/profiles" else fakes.cast(call))
    rows = ROWS["one sentence"]
    with pytest.raises(QualityError) as error:
        run(rows)
    length = str(error.value).partition("--length ")[2].split()[0]
    with pytest.raises(QualityError, match="9 facts, not") as error:
        run(rows, "longer", length=length)
    items = str(error.value).partition("--items ")[2].split()[0]
    pool = run(rows, "wider", length=length, items=items, target=len(rows) + 10).pools["profile"]
    assert pool["admitted"] == 10


def test_the_form_is_asked_for_in_the_prompt_and_in_the_schema(run, model):
    fake = model(forms.in_form)
    run(ROWS["one sentence"])
    call = next(c for c in fake.calls if c.prompt == "author/profiles")
    asked = call.messages[-1].content
    assert "Each has 1 to 2 facts, in one sentence of 8 to 13 words, in the language" in asked
    facts = call.schema["properties"]["descriptions"]["items"]["properties"]["facts"]
    assert (facts["minItems"], facts["maxItems"]) == (1, 2)
    own = next(c for c in fake.calls if c.prompt == "author/personalities").messages[-1].content
    assert "Each has 8 to 10 traits, in flowing prose of 40 to 130 words in the third person" in own


def test_options_override_what_is_learned(run, model):
    fake = model(forms.in_form)
    form = run(ROWS["one sentence"], length=("20-60", "profile=20-25"), items=("profile=2-4", "1-9")).pools["profile"][
        "form"
    ]
    assert (form["length"], form["accepted_length"]) == ((20, 25), (20, 25))
    assert (form["items"], form["accepted_items"]) == ((2, 4), (2, 4))
    asked = [c.messages[-1].content for c in fake.calls]
    assert any("Each has 2 to 4 facts, in one sentence of 20 to 25 words" in text for text in asked)
    assert any("Each has 1 to 9 traits, in flowing prose of 20 to 60 words" in text for text in asked)


@pytest.mark.parametrize("option", ["length", "items"])
@pytest.mark.parametrize("value", ["40", "9-3", "profile=", "people=3-9", "-5", "0-0", "a-b", "3-4-5"])
def test_bounds_in_another_form_are_refused(run, option, value):
    with pytest.raises(UsageError, match=f"--{option} {value}: write MIN-MAX, or KIND=MIN-MAX as in profile=10-30"):
        run(ROWS["one sentence"], **{option: (value,)})


def test_as_many_long_descriptions_are_requested_as_fit_into_a_reply(run, model):
    fake = model(forms.in_form)
    run(ROWS["biographies"])
    counts = {c.inputs["count"] for c in fake.calls if c.prompt == "author/profiles"}
    assert counts == {5}  # of 500 words, in 8,000 tokens
    assert {c.inputs["count"] for c in fake.calls if c.prompt == "author/personalities"} <= {20}


def test_the_estimate_goes_by_the_length_of_the_seeds(run, model):
    model(forms.in_form)
    short, long = (run(ROWS[form], form, personalities=20).report.estimate for form in ("one sentence", "biographies"))
    texts = [estimate["output_tokens"]["expected"] / estimate["calls"] for estimate in (short, long)]
    assert 20 * 15 < texts[0] < 20 * 40  # 20 texts of a dozen words with their facts
    assert 5 * 700 < texts[1] < 5 * 1500  # 5 texts of 400 words
    assert short["planned"].startswith("30 new profiles (8 to 13 words, 1 to 2 facts, like the seeds) and 0 new person")
    assert short["planned"].endswith("; the targets, 70 profiles and 20 personalities, include 40 and 20 seeds")


def test_texts_in_another_script_than_the_seeds_are_rejected(run, model):
    english = {"descriptions": [{"text": "A baker from Leeds in Kent", "facts": ["A baker from Leeds"]}] * 20}
    model(lambda call: orjson.dumps(english).decode() if call.prompt == "author/profiles" else fakes.cast(call))
    with pytest.raises(QualityError, match=r"not in the script of the seeds, cjk.*--language"):
        run(ROWS["Chinese"])


def test_what_a_fifth_of_the_seeds_have_is_no_fault_of_new_ones(run, model):
    def curious(call):
        reply = orjson.loads(forms.in_form(call))
        for one in reply["descriptions"] if call.prompt == "author/profiles" else ():
            one["text"] = f"{one['text']} and is curious"
        return orjson.dumps(reply).decode()

    model(curious)
    rows = ROWS["one sentence"]
    with pytest.raises(QualityError, match="held what belongs into the other pool"):
        run(rows)
    patient = [{"persona": f"{row['persona']} and is patient"} for row in rows[:10]]
    assert run([*rows, *patient], "mixed").pools["profile"]["admitted"] == 30


def test_the_offline_author_writes_single_sentences_too(run, tmp_path):
    pool = run(ROWS["one sentence"], model="offline").pools["profile"]
    assert (pool["stopped"], pool["admitted"]) == ("target", 30)
    new = [p for p in read_records(tmp_path / "pool" / "personas.jsonl", Persona) if p.origin["profile"] == "offline"]
    assert len(new) == 30
    assert all(4 <= len(p.profile.split()) <= 23 for p in new)
    assert sum(" who " in p.profile for p in new) >= 27  # the others repeat an example, which it does on purpose


def test_the_offline_author_is_not_asked_to_follow_seeds_in_another_language(run):
    with pytest.raises(UsageError, match=r"the profile seeds are not in English, .+ choose a --model"):
        run(ROWS["Chinese"], model="offline")
    assert run(ROWS["Chinese"], model="offline", target=len(ROWS["Chinese"])).personas == len(ROWS["Chinese"])


def test_the_offline_author_keeps_to_a_few_short_sentences():
    form = {"unit": "words", "one_sentence": False, "shortest": 20, "longest": 40, "fewest": 2, "most": 4}
    written = orjson.loads(profiles({"examples": [], "count": 200, "form": form}, forms.Random(1)))["descriptions"]
    fitting = [d for d in written if 20 <= len(d["text"].split()) <= 40 and 2 <= len(d["facts"]) <= 4]
    assert len(fitting) > 180


def test_the_packaged_seeds_keep_their_form(tmp_path):
    options = partial(ExpandOptions, model="offline", target=25, out=str(tmp_path / "pool"))
    form = asyncio.run(expand(options())).pools["profile"]["form"]
    assert (form["learned"], form["length"], form["accepted_length"]) == (False, (40, 130), (30, 250))
    assert (form["items"], form["accepted_items"]) == ((8, 10), (8, 10))
