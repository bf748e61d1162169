"""The form of a pool, learned from its seeds."""

from __future__ import annotations

import pytest

from personagen.personas.form import Form, ranges
from personagen.personas.learned import form_of
from personagen.personas.seeds import load_seeds
from personagen.records import Description
from tests import fakes
from tests.personas import forms


def seeds(*texts, kind="profile", items=("a fact",)):
    return [Description(id=str(at), kind=kind, text=text, items=items) for at, text in enumerate(texts)]


def learned(entries, language="en", asked=False):
    return form_of(entries, (), language, asked=asked)


def test_the_packaged_seeds_have_the_default_form_also_as_a_file_of_ones_own(tmp_path):
    ours = load_seeds(None)
    for pool in (ours.profiles, ours.personalities, ours.profiles[:3]):
        assert form_of(pool, (*ours.profiles, *ours.personalities), "en", asked=False) == Form()


def test_nearly_all_seeds_are_within_what_is_asked_for_and_what_is_accepted_is_wider():
    form = learned(seeds(*forms.ONE_SENTENCE))
    sizes = [len(text.split()) for text in forms.ONE_SENTENCE]
    assert sum(form.length[0] <= size <= form.length[1] for size in sizes) >= 0.9 * len(sizes)
    assert form.accepted_length[0] < form.length[0] < form.length[1] < form.accepted_length[1]
    assert (form.one_sentence, form.pronoun, form.unit, form.scripts) == (True, False, "words", ("LATIN",))


@pytest.mark.parametrize("count", [5, 10, 40])
def test_one_seed_of_extreme_length_does_not_set_the_range(count):
    usual = learned(seeds(*forms.ONE_SENTENCE[:count]))
    odd = learned(seeds(*forms.ONE_SENTENCE[:count], "word " * 3000))
    assert odd.length[1] <= usual.length[1] + 3


def test_seeds_of_one_length_leave_some_room():
    form = learned(seeds(*["She has two cats and ten hens."] * 5))
    assert form.length == (6, 9)


@pytest.mark.parametrize(
    ("counts", "asked", "accepted"),
    [
        ((1, 1, 1), (1, 2), (1, 5)),
        ((8, 9, 10), (8, 10), (6, 15)),
        ((0, 0, 0), (0, 0), (0, 100)),
        ((0, 3, 3), (1, 3), (1, 6)),
    ],
)
def test_the_number_of_facts_is_learned(counts, asked, accepted):
    entries = [
        Description(id=str(at), kind="profile", text=f"She has {at} cats", items=tuple(map(str, range(count))))
        for at, count in enumerate(counts)
    ]
    form = learned(entries)
    assert (form.items, form.accepted_items) == (asked, accepted)


def test_one_or_two_seeds_accept_the_packaged_form_too():
    form = learned(seeds("She is 30 and keeps bees in a shed."))
    assert form.length == (7, 11)
    assert form.accepted_length == (4, 250)
    assert form.accepted_items == (1, 10)


def test_a_script_without_spaces_is_measured_in_characters():
    form = learned(seeds(*forms.CHINESE))
    assert (form.unit, form.scripts, form.language) == ("characters", ("CJK",), "any")
    assert 15 < form.length[0] < form.length[1] < 40


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("彼女は大阪でパン屋を営み、毎朝四時に起きて生地をこねる。", ("CJK", "HIRAGANA")),
        ("Она живёт в Омске и чинит старые радиоприёмники.", ("CYRILLIC",)),
        ("تعيش في القاهرة وتعمل ممرضة في الليل.", ("ARABIC",)),
        ("เธอทำงานเป็นพยาบาลกลางคืนที่เชียงใหม่", ("THAI",)),
    ],
)
def test_the_script_is_learned(text, scripts):
    form = learned(seeds(text, text + " " + text))
    assert set(scripts) <= set(form.scripts)
    assert "LATIN" not in form.scripts
    assert form.unit == ("characters" if scripts[0] in ("CJK", "THAI") else "words")


GERMAN = "Sie ist 34 Jahre alt und repariert in einem Keller in Triest Akkordeons, weil sie es von ihrem Vater hat."


def test_seeds_in_another_language_are_followed_unless_a_language_is_asked_for():
    assert learned(seeds(GERMAN)).language == "any"
    assert learned(seeds(GERMAN), "de", asked=True).language == "de"
    french = learned(seeds(GERMAN), "fr", asked=True)
    assert (french.language, french.scripts) == ("fr", ())


def test_what_a_fifth_of_the_seeds_have_is_tolerated():
    plain = ["She has two cats and ten hens."] * 8
    some = learned(seeds(*plain, *["Name: Ana. She is curious, patient and kind."] * 2))
    assert set(some.tolerated) >= {"a heading", "misplaced"}
    assert some.inputs["mixed"]
    few = learned(seeds(*plain, "Name: Ana. She is curious, patient and kind."))
    assert not {"a heading", "misplaced"} & set(few.tolerated)


def test_facts_that_the_texts_do_not_hold_are_tolerated_where_the_seeds_have_them():
    entries = seeds("She has two cats.", "He has ten hens.", items=("born in Rome",))
    assert learned(entries).tolerated == ("unsupported",)


def test_traits_of_a_personality_are_no_fault_in_it():
    made = fakes.personality("one")
    form = learned(seeds(made["text"], made["text"] + " ", kind="personality", items=tuple(made["traits"])))
    assert form.tolerated == ()


def test_many_seeds_are_sampled_and_always_alike():
    entries = seeds(*(f"She has {at} cats and {at} hens" + " and a dog" * (at % 7) for at in range(3000)))
    assert learned(entries) == learned(entries)


def test_bounds_for_a_kind_win_over_shared_ones_in_any_order():
    assert ranges("--length", ("profile=1-2", "3-4")) == {"profile": (1, 2), "personality": (3, 4)}
    assert ranges("--length", ("3-4", "5-6")) == {"profile": (5, 6), "personality": (5, 6)}
    assert ranges("--length", ()) == {}
