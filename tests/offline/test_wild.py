"""Whatever a real model or a foreign pool brings: every part answers and nothing raises."""

from __future__ import annotations

from random import Random

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from personagen.offline import assistant, judge, observer, user
from personagen.options.noise import KINDS
from personagen.records import Message

_HOOKS = [
    "Our boiler knocks. Is the banging dangerous?",
    "Bleed the radiators from the lowest floor upwards.",
    "Since you keep bees, try bleeding the radiators.",
    "I keep bees and I'm 34.",
    "{a|b} <h> <thing> %s \\ \x00 \ud7ff",
    "1) 2) 3)\n\n...",
    "",
]
_TEXT = st.one_of(st.text(max_size=60), st.sampled_from(_HOOKS), st.text("אבג漢字éñ😀<>{}|\n ", max_size=30))
_PERSONA = st.fixed_dictionaries(
    {
        "profile": _TEXT,
        "personality": _TEXT,
        "facts": st.lists(_TEXT, max_size=4),
        "traits": st.lists(_TEXT | st.sampled_from(["terse", "anxious", "funny"]), max_size=4),
    }
)
_NOISE = st.dictionaries(st.sampled_from(KINDS), st.floats(0, 1 / len(KINDS)))


def _messages(texts):
    return [Message(role="assistant" if i % 2 else "user", content=t) for i, t in enumerate(texts)]


@settings(max_examples=60)
@given(_PERSONA, st.lists(_TEXT, max_size=7), st.integers(0, 12), st.integers(0, 12), st.integers(0, 99))
def test_a_user_always_says_something(persona, texts, turn, turns, seed):
    past = _messages(texts if len(texts) % 2 == 0 else texts[:-1])
    said = user.speak({**persona, "conversation": past, "turn": turn, "turns": turns}, Random(seed))
    assert said.strip()
    assert not {"<h>", "<thing>", "<i>", "<r>", "<w>"} & set(said.split())


@settings(max_examples=60)
@given(st.lists(_TEXT, min_size=1, max_size=7), st.lists(_TEXT, max_size=5), st.integers(0, 99))
def test_both_assistants_always_answer(texts, inferences, seed):
    past = _messages(texts if len(texts) % 2 else texts[:-1])
    assert assistant.plain({"conversation": past}, Random(seed)).strip()
    assert assistant.aware({"conversation": past, "inferences": inferences}, Random(seed)).strip()


@settings(max_examples=60)
@given(st.lists(_TEXT, max_size=7), st.integers(0, 99))
def test_an_observer_always_gives_a_list(texts, seed):
    found = orjson.loads(observer.infer({"conversation": _messages(texts)}, Random(seed)))["inferences"]
    assert all(i["fact"] and i["quote"] and i["kind"] in {"profile", "personality"} for i in found)


@settings(max_examples=60)
@given(_PERSONA, st.lists(_TEXT, max_size=5), st.lists(_TEXT, min_size=1, max_size=4), _NOISE, st.integers(0, 9))
def test_a_judge_always_ranks_every_label_once(persona, texts, replies, noise, seed):
    labelled = [{"label": chr(65 + i), "text": t} for i, t in enumerate(replies)]
    inputs = {**persona, "conversation": _messages(texts), "replies": labelled}
    verdict = orjson.loads(judge.prefer(inputs, Random(seed), noise))
    labels = [r["label"] for r in labelled]
    assert verdict["ranking"] == "tie" or sorted(verdict["ranking"].split(", ")) == labels
    assert sorted(judge.truth(inputs).ranking) == sorted(verdict["scores"]) == labels
    assert all(1 <= n <= len(persona["facts"]) + len(persona["traits"]) for n in verdict["because"])


@given(_PERSONA, _TEXT, _TEXT)
def test_swapping_two_replies_never_changes_the_truth(persona, one, other):
    base = {**persona, "conversation": _messages(["Is the banging dangerous?"])}
    first = judge.truth({**base, "replies": [{"label": "A", "text": one}, {"label": "B", "text": other}]})
    second = judge.truth({**base, "replies": [{"label": "A", "text": other}, {"label": "B", "text": one}]})
    assert first.gap == second.gap
    assert one == other or (first.ranking[0] == "A") == (second.ranking[0] == "B")
