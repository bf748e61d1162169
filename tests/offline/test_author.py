from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from personagen.encoders import hashed
from personagen.metrics.spread import tone
from personagen.offline import author
from personagen.offline.author import slips as author_slips
from personagen.personas import pool
from personagen.personas.english.text import attributes_of, normalised, pronoun_of, words
from personagen.personas.english.verbs import FUNCTION, bag
from personagen.personas.filters import FILTERS, SCREENS, PoolView, Rules, Threshold, candidate
from personagen.personas.filters.format import unsupported
from personagen.personas.traits import canonical, opposed, traits_of
from personagen.records import Description, content_id

EXAMPLES = [
    "She is a 34-year-old nurse in Rome. She swims before work, and she has two cats named Miso and Fig.",
    "He is impatient, blunt and loyal. Stubborn to the bone, he argues with maps. He is generous and curious.",
]
KINDS = {"profile": (author.profiles, "facts"), "personality": (author.personalities, "traits")}


def write(kind, count, seed=0, examples=EXAMPLES):
    answer, items = KINDS[kind]
    reply = answer({"examples": examples, "count": count}, Random(f"{kind}/{seed}"))
    return [(row["text"], row[items]) for row in orjson.loads(reply)["descriptions"]]


@pytest.fixture
def always(monkeypatch):
    def force(slip):
        monkeypatch.setattr(author_slips, "drawn", lambda rng: slip)

    return force


@cache
def flawless(kind, count=400):
    """Descriptions without slips, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(author_slips, "drawn", lambda rng: None)
        return write(kind, count)


def as_candidate(kind, text, items):
    return candidate(Description(id=content_id(text), kind=kind, text=text, items=tuple(items)))


def verdict(kind, text, items):
    return [v for screen in SCREENS.values() if (v := screen(as_candidate(kind, text, items), PoolView()))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [0, 1, 20, 200])
def test_as_many_descriptions_are_written_as_asked_for(kind, count):
    assert len(write(kind, count)) == count


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_random_gives_the_same_reply_and_another_gives_another(kind):
    assert write(kind, 10, seed=1) == write(kind, 10, seed=1)
    assert write(kind, 10, seed=1) != write(kind, 10, seed=2)


@pytest.mark.parametrize("kind", KINDS)
def test_without_slips_every_description_passes_the_filters_that_look_at_it_alone(kind):
    assert [found for text, items in flawless(kind) if (found := verdict(kind, text, items))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_has_eight_to_ten_different_items_and_forty_to_a_hundred_and_thirty_words(kind):
    for text, items in flawless(kind):
        assert 8 <= len(set(items)) == len(items) <= 10
        assert 40 <= len(words(text)) <= 130


def test_every_fact_is_borne_out_by_the_text_almost_word_for_word():
    for text, facts in flawless("profile"):
        said = set(words(text.replace("-", " ")))
        for fact in facts:
            weighty = set(words(fact.replace("-", " "))[1:]) - FUNCTION - bag("are work works live lives")
            assert len(weighty & said) >= 0.66 * len(weighty), (fact, text)
        assert unsupported(text, tuple(facts), traits=False) == []


def test_every_trait_stands_in_the_text_in_its_own_word():
    for text, traits in flawless("personality"):
        assert [trait for trait in traits if trait not in text.lower()] == []


def test_the_lexicon_finds_no_trait_in_a_personality_that_is_not_listed():
    extra = [set(traits_of(text)) - set(map(canonical, traits)) for text, traits in flawless("personality")]
    assert sum(map(bool, extra)) <= 0.02 * len(extra)


@pytest.mark.parametrize("kind", KINDS)
def test_no_markup_of_the_bank_is_left_in_a_text(kind):
    for text, items in flawless(kind):
        for said in (text, *items):
            assert not re.search(r"[<>{}\[\]^@=|]|  |,,|\.\.|,\.|\n", said), said
        assert re.search(r"[.!?] [a-z]", text) is None


@pytest.mark.parametrize("kind", KINDS)
def test_verbs_agree_with_their_pronouns_and_articles_with_their_nouns(kind):
    for text, _ in flawless(kind):
        assert not re.search(r"\b([Tt]hey (is|was|has|does)|(she|he|She|He) (are|were|have|do))\b", text), text
        found = [m.group(1) for m in re.finditer(r"\b[Aa] (?=[aeiou])(\w+)", text)]
        assert [word for word in found if not word.startswith(("uni", "one", "use", "eu"))] == []


def test_age_gender_and_pronoun_can_be_read_off_nearly_every_profile():
    read = [attributes_of(text) for text, _ in flawless("profile")]
    assert sum("age" in found for found in read) > 0.93 * len(read)
    assert sum("gender" in found for found in read) > 0.97 * len(read)
    assert {pronoun_of(text) for text, _ in flawless("profile")} == {"she", "he", "they"}


def test_at_least_two_in_five_trait_uses_are_not_flattering():
    assert 0.4 <= tone(traits for _, traits in flawless("personality")).share <= 0.75


def test_no_personality_has_a_trait_twice_or_beside_its_opposite():
    for _, traits in flawless("personality"):
        assert len({canonical(trait) for trait in traits}) == len(traits)
        assert opposed(traits) == []


@pytest.mark.parametrize("kind", KINDS)
def test_texts_rarely_share_a_frame(kind):
    openings = Counter(" ".join(normalised(text).split()[:4]) for text, _ in flawless(kind))
    assert openings.most_common(1)[0][1] <= 0.08 * 400
    seen = Counter(sentence for text, _ in flawless(kind) for sentence in text.split(". "))
    assert seen.most_common(1)[0][1] <= 0.02 * 400


def test_slips_happen_as_often_as_they_are_said_to():
    rng = Random(0)
    drawn = Counter(author_slips.drawn(rng) for _ in range(40_000))
    assert set(drawn) == {*author_slips.SHARES, None}
    for slip, share in author_slips.SHARES.items():
        assert drawn[slip] / 40_000 == pytest.approx(share, rel=0.15)
    assert 0.06 <= sum(author_slips.SHARES.values()) <= 0.10


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_one_has_too_few_items(kind, always):
    always("short")
    assert all(len(items) < 8 for _, items in write(kind, 50))


@pytest.mark.parametrize("kind", KINDS)
def test_a_mixed_one_is_of_the_other_kind_in_part(kind, always):
    always("mixed")
    kept = [text for text, items in write(kind, 50) if not verdict(kind, text, items)]
    assert kept == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_listed_one_has_list_markers(kind, always):
    always("listed")
    for text, items in write(kind, 50):
        assert "list marker" in verdict(kind, text, items)[0].reason
        assert "\n" in text


def test_a_repeated_profile_is_an_example_but_for_one_word(always):
    always("repeated")
    text, facts = write("profile", 1, examples=EXAMPLES[:1])[0]
    before, after = EXAMPLES[0].split(), text.split()
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    assert facts


def test_a_repeated_personality_is_an_example_but_for_one_to_three_traits(always):
    always("repeated")
    before = EXAMPLES[1].split()
    for text, traits in write("personality", 20, examples=EXAMPLES[1:]):
        found = Counter(text.split()) - Counter(before)
        assert 1 <= sum(found.values()) <= 6
        assert traits


def test_a_retold_profile_states_the_facts_of_an_earlier_one_in_another_order(always, monkeypatch):
    slips = iter([None, "reworded"])
    monkeypatch.setattr(author_slips, "drawn", lambda rng: next(slips))
    (first, facts), (again, repeated) = write("profile", 2)
    assert first != again
    assert len(set(facts) & set(repeated)) >= 4


def test_a_retold_personality_has_the_traits_of_an_earlier_one(monkeypatch):
    slips = iter([None, "reworded"])
    monkeypatch.setattr(author_slips, "drawn", lambda rng: next(slips))
    (first, traits), (again, repeated) = write("personality", 2)
    assert first != again
    assert set(map(canonical, traits)) == set(map(canonical, repeated))


@pytest.mark.parametrize("kind", KINDS)
@given(examples=st.lists(st.text(st.characters(exclude_categories=())), max_size=4), seed=st.integers(0, 10**6))
@example(examples=["\ud800 She is 30 and has \udfff two cats."], seed=0)
@settings(max_examples=60, deadline=None)
def test_no_example_however_wild_stops_the_author(kind, examples, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(author_slips, "drawn", lambda rng: "repeated")
        assert len(write(kind, 2, seed=seed, examples=examples)) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "gates"),
    [
        ("profile", {"format", "misplaced", "duplicates", "similarity"}),
        ("personality", {"format", "misplaced", "duplicates", "same_traits"}),
    ],
)
def test_a_growing_pool_admits_most_of_it_and_every_filter_has_something_to_turn_away(kind, gates):
    first = [as_candidate(kind, text, items) for text, items in flawless(kind, 100)]
    idf = hashed.fit([new.description.text for new in first])
    texts = [new.description.text for new in first]
    view = pool.start(
        [new.description for new in first], hashed.hashed(texts, idf), Rules(similarity=Threshold.fixed(0.6))
    )
    admitted, rejected = 0, Counter()
    for call in range(15):
        examples = [entry.text for entry in pool.draw(view, 1, str(call))]
        new = [as_candidate(kind, *row) for row in write(kind, 20, seed=call, examples=examples)]
        passed, rejections = pool.screen(new, view, SCREENS)
        vectors = hashed.hashed([one.description.text for one in passed], idf)
        admission = pool.admit(
            [replace(one, vector=vector) for one, vector in zip(passed, vectors, strict=True)], view, FILTERS[kind]
        )
        view, admitted = admission.view, admitted + len(admission.admitted)
        rejected.update(rejection.gate for rejection in [*rejections, *admission.rejections])
    assert admitted > 0.85 * 300
    assert set(rejected) == gates
