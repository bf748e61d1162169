"""Which descriptions may be of one person."""

from __future__ import annotations

import pytest

from personagen.personas import pool
from personagen.personas.pronouns import pronoun_in
from personagen.records import Description


@pytest.mark.parametrize(
    ("language", "text", "pronoun"),
    [
        ("de", "Sie backt Brot. Abends liest sie, und er schläft.", "she"),
        ("de-AT", "Er backt Brot.", "he"),
        ("fr", "Elle vend du pain ; il pleut, mais elle rit.", "she"),
        ("zh", "他卖面包。", "he"),
        ("ja", "彼女はパンを売る。彼女は泳ぐ。", "she"),
        ("ja", "彼はパンを売る。", "he"),
        ("ru", "Она печёт хлеб.", "she"),
        ("sw", "Anauza mkate sokoni.", None),
        ("da", "Han bor her.", "he"),
        ("en", "She bakes.", "she"),
        ("any", "She bakes.", "she"),
    ],
)
def test_the_pronoun_is_read_in_its_language(language: str, text: str, pronoun: str | None):
    assert pronoun_in(text, language) == pronoun


def described(kind, text):
    return Description(id=text, kind=kind, text=text, items=(), origin="m", source="", prompt_hash="")


def test_a_personality_goes_to_a_profile_of_the_same_pronoun_in_another_language():
    profiles = [described("profile", text) for text in ("Sie backt Brot.", "Er backt Brot.")]
    personalities = [described("personality", text) for text in ("Er ist stur.", "Sie ist stur.")]
    made = pool.combine(profiles, personalities, per_profile=2, seed=1, language="de")
    assert [(p.profile, p.personality) for p in made] == [
        ("Sie backt Brot.", "Sie ist stur."),
        ("Er backt Brot.", "Er ist stur."),
    ]
    assert [p.attributes for p in made] == [{"gender": "female"}, {"gender": "male"}]
