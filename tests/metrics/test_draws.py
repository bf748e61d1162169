from __future__ import annotations

from personagen.metrics.draws import as_drawn, drawn_and_kept, rarely_kept


def people(count, **drawn):
    return [drawn] * count


def test_what_was_drawn_and_kept_is_counted_by_value():
    kept = [*people(3, age=20, work="works"), *people(1, age=44, traits="blunt, kind")]
    shares = drawn_and_kept(kept, [{"age": 21, "unflattering": 79}])
    assert shares["age"] == {"18-29": {"drawn": 4, "kept": 3}, "30-44": {"drawn": 1, "kept": 1}}
    assert shares["work"] == {"works": {"drawn": 3, "kept": 3}}
    assert shares["traits"] == {"blunt": {"drawn": 1, "kept": 1}, "kind": {"drawn": 1, "kept": 1}}
    assert shares["unflattering"] == {"60-79 %": {"drawn": 1, "kept": 0}}


def test_a_value_that_the_filters_reject_far_more_often_is_named():
    kept = [*people(180, work="works"), *people(20, work="retired")]
    rejected = [*people(20, work="works"), *people(20, work="retired")]
    [(name, value, share)] = rarely_kept(drawn_and_kept(kept, rejected))
    assert (name, value, share) == ("work", "retired", 0.5)


def test_chance_and_small_numbers_are_not():
    assert rarely_kept(drawn_and_kept(people(190, work="works"), people(10, work="works"))) == []
    kept = [*people(190, work="works"), *people(85, work="retired")]
    rejected = [*people(10, work="works"), *people(9, work="retired")]
    assert rarely_kept(drawn_and_kept(kept, rejected)) == []
    few = drawn_and_kept(people(190, work="works"), people(9, work="retired"))
    assert rarely_kept(few) == []


def test_ages_and_pronouns_of_the_texts_are_compared_with_the_drawn_ones():
    said = as_drawn(
        [
            ("She is 34 and bakes.", {"age": 34, "pronoun": "she"}),
            ("She is 35 and bakes.", {"age": 34, "pronoun": "he"}),
            ("A baker.", {"age": 34}),
        ]
    )
    assert said == {"age": {"drawn": 3, "read": 2, "same": 1}, "pronoun": {"drawn": 2, "read": 2, "same": 1}}
    assert as_drawn([("A baker.", {})]) == {}
