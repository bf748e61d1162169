from __future__ import annotations

import pytest

from personagen.personas.english.facts import Pronoun, pronoun_of


@pytest.mark.parametrize(
    ("text", "pronoun"),
    [
        ("In his boat she sails.", "she"),
        ("Her parents say they miss her.", "she"),
        ("They live with his mother.", "they"),
        ("Nobody knows him.", "he"),
        ("His sister has met her.", "he"),
        ("The sheriff theyed.", None),
        ("", None),
    ],
)
def test_the_pronoun_is_the_subjects(text: str, pronoun: Pronoun | None):
    assert pronoun_of(text) == pronoun
