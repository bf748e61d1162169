"""What the cast's conversations look like, measured on the text: the issue's figures on a smaller sample."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from personagen.agents import ACTS
from personagen.call import Call
from personagen.errors import ConfigError
from personagen.offline import offline, parts
from personagen.offline.facts import is_stated
from personagen.records import Message
from tests.offline.cast import BEEKEEPER, bench, figures, grown, talk


def _users():
    return [t["user"] for g in grown() for t in g.turns]


def _turns():
    return [t for g in grown() for t in g.turns]


def _answer(prompt, inputs, seed=7, head="x"):
    call = Call("offline", (Message(role="user", content=head),), prompt=prompt, inputs=inputs)
    return asyncio.run(offline(seed)(call))


@pytest.mark.slow
def test_distinct_2_of_user_turns_stays_above_the_issues_limit_with_margin():
    assert bench.distinct(_users(), 2) > 0.45


@pytest.mark.parametrize("who", [("user",), ("aware", "plain"), ("user", "aware", "plain")])
def test_no_sentence_stands_in_two_per_cent_of_the_turns(who):
    sentence, share = next(bench.commonest([t[k] for t in _turns() for k in who], 1))
    assert share < 0.015, sentence


def test_no_user_says_a_sentence_twice_in_a_conversation():
    for g in grown():
        sentences = [s.lower() for t in g.turns for s in bench.sentences(t["user"]) if len(s.split()) > 3]
        again = [s for s, n in Counter(sentences).items() if n > 1]
        assert not again


def test_no_fact_is_told_twice_in_a_conversation():
    for g in grown():
        users = [t["user"] for t in g.turns]
        for fact in g.persona["facts"]:
            if len(told_in := [u for u in users if fact.split(" ", 1)[1].lower() in u.lower()]) > 1:
                pytest.fail(f"{fact} is told in {told_in}")


def test_a_user_reveals_gradually():
    shares = []
    for upto in (1, 4, 10):
        known = [
            sum(is_stated(f, tuple(t["user"] for t in g.turns[:upto])) for f in g.persona["facts"])
            / len(g.persona["facts"])
            for g in grown()
        ]
        shares.append(sum(known) / len(known))
    first, middle, last = shares
    assert first < 0.15 < middle < 0.5 * last + 0.2 < last + 0.2
    assert last > 0.35


def test_order_decides_nothing_without_noise_and_few_are_ties():
    figures = bench.verdicts(list(grown()))
    assert figures["order decides"] == 0
    assert 0.02 < figures["ties"] < 0.15


@pytest.mark.slow
def test_neither_length_nor_words_nor_the_judge_of_nobody_explain_the_pairs():
    pairs = figures.pairs_of(grown())
    found = {name: value for name, value, _ in figures.figures(pairs, [g.persona for g in grown()])}
    assert 0.4 < found["longer wins"] < 0.62
    assert found["length and format"] < 0.66
    assert found["bag of words"] < 0.68
    assert found["same verdict for nobody"] < 0.4
    assert found["flips for a far persona"] > 0.45
    assert found["preferred by 90 % of 20 others"] < 0.15


def test_both_assistants_write_as_much():
    lengths = [[len(t[name].split()) for t in _turns()] for name in ("aware", "plain")]
    means = [sum(counts) / len(counts) for counts in lengths]
    assert 0.88 < means[0] / means[1] < 1.14
    for counts in lengths:
        counts.sort()
        assert counts[len(counts) // 10] < 35
        assert counts[9 * len(counts) // 10] > 80


def test_the_tailored_reply_gets_better_as_more_is_known():
    early = [t["truth"] == "A" for g in grown() for t in g.turns[:2]]
    late = [t["truth"] == "A" for g in grown() for t in g.turns[4:]]
    assert sum(early) / len(early) + 0.05 < sum(late) / len(late)


def test_an_offline_answer_says_what_it_is_and_costs_nothing():
    done = _answer("user/speak", {**BEEKEEPER, "conversation": [], "turn": 1, "turns": 10})
    assert (done.model, done.finish_reason, done.usage.cost_usd) == ("offline", "stop", 0.0)
    assert done.usage.output_tokens == -(-len(done.text) // 4)


def test_the_same_call_gets_the_same_answer_and_another_seed_another():
    inputs = {**BEEKEEPER, "conversation": [], "turn": 1, "turns": 10}
    texts = {_answer("user/speak", inputs, head=str(i)).text for i in range(6)}
    assert _answer("user/speak", inputs, head="1") == _answer("user/speak", inputs, head="1")
    assert len(texts) > 3
    assert _answer("user/speak", inputs, seed=8).text != _answer("user/speak", inputs, seed=9).text


def test_the_cast_plays_every_agent():
    assert set(ACTS) <= set(parts())


@pytest.mark.parametrize(("inputs", "like"), [({}, "plain"), ({"inferences": ["keeps bees"]}, "aware")])
def test_an_assistants_prompt_of_the_users_own_is_played_by_its_inputs(inputs, like):
    given = {"conversation": [Message(role="user", content="My bees died. What now?")], **inputs}
    calls = [Call("offline", (), prompt=f"assistant/{name}", inputs=given) for name in ("terse", like)]
    own, known = (asyncio.run(offline(3)(call)).text for call in calls)
    assert own == known


def test_an_unknown_prompt_is_refused_by_name():
    with pytest.raises(ConfigError, match="critic/score"):
        _answer("critic/score", {})


def test_a_first_message_holds_a_question_or_a_situation_and_no_list_of_facts():
    for i in range(40):
        text = _answer("user/speak", {**BEEKEEPER, "conversation": [], "turn": 1, "turns": 10}, head=str(i)).text
        assert len(text.split()) >= 6
        assert sum(is_stated(f, (text,)) for f in BEEKEEPER["facts"]) <= 1


def test_a_question_about_the_user_is_answered_with_something_about_the_user():
    past = talk("My boiler bangs at night. Is the banging dangerous?", "Get an alarm. What should I know about you?")
    texts = [
        _answer("user/speak", {**BEEKEEPER, "conversation": past, "turn": 2, "turns": 9}, head=str(i)).text
        for i in range(40)
    ]
    assert sum(any(is_stated(f, (t,)) for f in BEEKEEPER["facts"]) for t in texts) > 30


def test_the_last_turn_winds_up_instead_of_opening_another_matter():
    g = grown()[0]
    inputs = {**g.persona, "conversation": g.messages[:18], "turn": 10, "turns": 10}
    from personagen.offline.topics import located

    assert not any(located(_answer("user/speak", inputs, head=str(i)).text) for i in range(20))
