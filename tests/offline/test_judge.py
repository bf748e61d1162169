"""The judge and the ground truth it knows."""

from __future__ import annotations

import inspect
from random import Random

import orjson
import pytest

from personagen.offline import judge
from tests.offline.cast import BEEKEEPER, bench, grown, talk

ASKED = talk("I keep bees on my roof. Our boiler knocks. Is a banging boiler dangerous or only annoying?")
ANSWER = "Put a carbon monoxide alarm in the room before anything else, whatever the noise turns out to be."


def _inputs(one, other, persona=BEEKEEPER, conversation=ASKED):
    return {
        **persona,
        "conversation": conversation,
        "replies": [{"label": "A", "text": one}, {"label": "B", "text": other}],
    }


def _worth(text, persona=BEEKEEPER, conversation=ASKED):
    return judge.utility(persona["traits"], persona["facts"], conversation, text)


def _prefer(inputs, noise=0.0, seed=1):
    return orjson.loads(judge.prefer(inputs, Random(seed), noise))


def test_utility_is_a_function_of_persona_conversation_and_text_alone():
    assert list(inspect.signature(judge.utility).parameters) == ["traits", "facts", "conversation", "reply_text"]
    assert _worth(ANSWER) == _worth(ANSWER)


def test_a_reply_to_the_question_is_worth_more_than_one_to_another():
    assert _worth(ANSWER) > _worth("Put honey on toast and go for a walk along the river before the shops close.") + 0.2


def test_a_revealed_fact_used_to_the_point_is_worth_something():
    used = "Since you keep bees on your roof, keep sprays out of it, your colonies would pay for them."
    assert _worth(f"{ANSWER} {used}") > _worth(f"{ANSWER} Keep sprays out of it, they do harm to everything around.")


def test_a_fact_the_user_never_told_counts_against_the_reply():
    leak = "Since your son is deaf, a flashing alarm would be the right one for you."
    plain = "In a loud house, a flashing alarm would be the right one to get."
    assert _worth(f"{ANSWER} {leak}") < _worth(f"{ANSWER} {plain}") - 0.1


def test_a_claim_about_the_user_without_any_ground_counts_against_the_reply():
    claim = "Since you are a vegan gardener from Peru, this suits you well."
    assert _worth(f"{ANSWER} {claim}") < _worth(f"{ANSWER} It suits people of every kind, wherever they are.") - 0.1


@pytest.mark.parametrize(
    ("bad", "same_length"),
    [
        (
            "Dear friend, so typical of you, this boiler of yours.",
            "A quiet evening suits it, that boiler of yours there.",
        ),
        ("It is important to note that views do differ.", "The street outside is rather quiet on most days."),
    ],
)
def test_familiarity_and_padding_count_against_a_reply(bad, same_length):
    assert len(bad.split()) == len(same_length.split())
    assert _worth(f"{ANSWER} {bad}") < _worth(f"{ANSWER} {same_length}") - 0.2


def test_terse_people_want_short_replies_and_talkative_ones_long_ones():
    longer = " ".join([ANSWER] * 6)
    for traits, better, worse in ((["terse"], ANSWER, longer), (["talkative"], longer, ANSWER)):
        persona = {**BEEKEEPER, "traits": traits}
        assert _worth(better, persona) > _worth(worse, persona)


def test_the_truth_does_not_depend_on_the_order_shown():
    for g in grown()[:20]:
        turn = g.turns[5]
        inputs = _inputs(turn["aware"], turn["plain"], g.persona, g.messages[:11])
        swapped = _inputs(turn["plain"], turn["aware"], g.persona, g.messages[:11])
        best, other = judge.truth(inputs).ranking[0], judge.truth(swapped).ranking[0]
        assert (best == "A") == (other == "B")


def test_without_noise_every_decided_verdict_is_the_truth():
    assert bench.verdicts(list(grown()))["verdict against truth"] == 0.0


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_noise_makes_that_share_of_decided_verdicts_wrong(noise):
    wrong = bench.verdicts(list(grown(40, noise=noise)))["verdict against truth"]
    assert abs(wrong - noise) < 0.07


@pytest.mark.parametrize("noise", [0.05, 0.2, 0.5])
def test_errors_come_at_the_rate_asked_for(noise):
    pairs = 8000
    wrong = sum(judge.errs(noise, ASKED, f"reply {i}", f"other {i}") for i in range(pairs))
    assert abs(wrong / pairs - noise) < 4 * (noise * (1 - noise) / pairs) ** 0.5


def test_both_orders_agree_on_the_error():
    differs = [judge.errs(0.5, ASKED, f"a{i}", f"b{i}") != judge.errs(0.5, ASKED, f"b{i}", f"a{i}") for i in range(300)]
    assert not any(differs)


def test_full_noise_turns_every_clear_verdict_round():
    inputs = _inputs(ANSWER, "No idea about that, sorry, ask somebody else in the street about such things.")
    right, wrong = _prefer(inputs)["ranking"], _prefer(inputs, noise=1.0)["ranking"]
    assert right == ["A", "B"]
    assert wrong == ["B", "A"]


def test_more_noise_only_adds_errors():
    low = {i for i in range(2000) if judge.errs(0.1, ASKED, f"x{i}", f"y{i}")}
    high = {i for i in range(2000) if judge.errs(0.3, ASKED, f"x{i}", f"y{i}")}
    assert low < high


def test_two_equal_replies_are_a_tie():
    assert _prefer(_inputs(ANSWER, ANSWER))["tie"] is True


def test_four_replies_are_all_ranked_best_first():
    texts = [
        ANSWER,
        "Soup.",
        f"{ANSWER} Since you keep bees on your roof, keep sprays out of it.",
        "Dear friend, soup.",
    ]
    inputs = {
        **BEEKEEPER,
        "conversation": ASKED,
        "replies": [{"label": str(i), "text": t} for i, t in enumerate(texts)],
    }
    verdict = _prefer(inputs)
    truth = judge.truth(inputs)
    assert sorted(verdict["ranking"]) == ["0", "1", "2", "3"]
    assert tuple(verdict["ranking"]) == truth.ranking
    assert truth.gap == pytest.approx(truth.utilities[truth.ranking[0]] - truth.utilities[truth.ranking[1]])


def test_a_single_reply_is_ranked_without_a_tie():
    inputs = {**BEEKEEPER, "conversation": ASKED, "replies": [{"label": "A", "text": ANSWER}]}
    assert _prefer(inputs)["ranking"] == ["A"]
    assert _prefer(inputs)["tie"] is False


def test_the_reason_names_what_was_seen():
    used = f"{ANSWER} Since you keep bees on your roof, keep sprays out of it, your colonies would pay for them."
    reasons = [_prefer(_inputs(used, ANSWER), seed=i)["reason"] for i in range(10)]
    assert all(r.endswith(".") and "{" not in r and "<" not in r for r in reasons)
    assert any("bees" in r for r in reasons)
