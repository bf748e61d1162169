"""A persona's numbered lines."""

from __future__ import annotations

from personagen.personas.lines import lines
from personagen.records import Persona

IN_PROSE = Persona(id="p", profile="Ada is 61. She keeps Dr. Moss's bees!", personality="She is blunt. She frets.")


def test_the_lines_are_the_facts_then_the_traits_each_once():
    persona = IN_PROSE.model_copy(update={"facts": ("is 61", "keeps bees", "is 61"), "traits": ("blunt", " ")})
    assert lines(persona) == ("is 61", "keeps bees", "blunt")


def test_without_facts_or_traits_sentences_take_their_place():
    assert lines(IN_PROSE) == ("Ada is 61.", "She keeps Dr. Moss's bees!", "She is blunt.", "She frets.")
    some = IN_PROSE.model_copy(update={"traits": ("blunt",)})
    assert lines(some) == ("Ada is 61.", "She keeps Dr. Moss's bees!", "blunt")
    japanese = Persona(id="j", profile="彼女は六十一歳だ。蜂を飼う。", personality="")
    assert lines(japanese) == ("彼女は六十一歳だ。", "蜂を飼う。")


def test_nobody_has_no_lines():
    assert lines(Persona(id="nobody", profile="", personality="")) == ()
