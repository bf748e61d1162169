"""The judge and the ground truth it knows."""

from __future__ import annotations

import inspect
from itertools import product
from random import Random

import orjson
import pytest

from personagen.agents.judge import Ranking
from personagen.agents.replies import parsed
from personagen.offline import judge
from personagen.offline.style import leading, wished_length
from tests.offline.cast import BEEKEEPER, NOBODY, bench, grown, talk

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


def _prefer(inputs, seed=1):
    return orjson.loads(judge.prefer(inputs, Random(seed)))


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
    for g in [g for g in grown() if len(g.turns) > 5][:20]:
        turn = g.turns[5]
        inputs = _inputs(turn["aware"], turn["plain"], g.persona, g.messages[:11])
        swapped = _inputs(turn["plain"], turn["aware"], g.persona, g.messages[:11])
        best, other = judge.truth(inputs).ranking[0], judge.truth(swapped).ranking[0]
        assert (best == "A") == (other == "B")


def test_without_noise_every_decided_verdict_is_the_truth():
    assert bench.verdicts(list(grown()))["verdict against truth"] == 0.0


def test_two_equal_replies_are_a_tie():
    verdict = _prefer(_inputs(ANSWER, ANSWER))
    assert verdict["ranking"] == "tie"
    assert verdict["scores"]["A"] == verdict["scores"]["B"]
    assert verdict["because"] == []


def test_four_replies_are_all_ranked_best_first_with_scores_that_follow():
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
    ranking = verdict["ranking"].split(", ")
    assert tuple(ranking) == truth.ranking
    scores = [verdict["scores"][label] for label in ranking]
    assert scores == sorted(scores, reverse=True)
    assert set(scores) <= set(range(1, 6))
    assert truth.gap == pytest.approx(truth.utilities[truth.ranking[0]] - truth.utilities[truth.ranking[1]])


def test_a_single_reply_is_ranked_without_a_tie():
    inputs = {**BEEKEEPER, "conversation": ASKED, "replies": [{"label": "A", "text": ANSWER}]}
    assert _prefer(inputs)["ranking"] == "A"


def test_the_parser_of_verdicts_reads_what_the_judge_writes():
    for replies in ((ANSWER, "Soup."), (ANSWER, ANSWER)):
        parsed_reply = parsed(Ranking, judge.prefer(_inputs(*replies), Random(1)), labels="AB", placeholders=())
        assert parsed_reply.tie == (replies[0] == replies[1])
        assert parsed_reply.ranking[0] == "A"


NIGHTS = talk("I work nights as a nurse. Our boiler knocks. What can I do before the engineer comes?")
FITTED = "Do the noisy part after you wake up, when the neighbours are up as well, and never straight after a shift."
FILLER = "Do the noisy part on a weekday before noon, when most of the neighbours are out, and tell them beforehand."


def test_advice_for_a_circumstance_is_right_for_one_person_and_wrong_for_another():
    retired = {**BEEKEEPER, "facts": ["She is retired", "She has two cats"]}
    for persona, gain in ((BEEKEEPER, 0.3), (retired, -0.3)):
        fitted, filler = (_worth(f"{ANSWER} {text}", persona, NIGHTS) for text in (FITTED, FILLER))
        assert (fitted - filler) / gain > 1


def test_advice_for_a_circumstance_that_nobody_revealed_is_a_leak_and_off_the_question_an_overreach():
    untold, asked = talk(NIGHTS[0].content.partition(". ")[2]), talk("I work nights. Is a banging boiler dangerous?")
    for conversation, name in ((untold, "leak"), (asked, "overreach"), (NIGHTS, "facts")):
        seen = judge.truth({**_inputs(f"{ANSWER} {FITTED}", ANSWER, conversation=conversation)}).seen["A"]
        assert [f.name for f in seen if f.about == "She works nights as a nurse"] == [name]


def test_the_lines_that_decided_are_named_by_their_numbers():
    verdict = _prefer(_inputs(f"{ANSWER} {FITTED}", f"{ANSWER} {FILLER}", conversation=NIGHTS))
    assert verdict["ranking"] == "A, B"
    assert [BEEKEEPER["lines"][n - 1] for n in verdict["because"]] == ["She works nights as a nurse"]
    sentences = {
        **BEEKEEPER,
        "facts": [],
        "lines": ["She is 34 and keeps bees on her roof.", "She works nights as a nurse."],
    }
    verdict = _prefer(_inputs(f"{ANSWER} {FITTED}", f"{ANSWER} {FILLER}", sentences, NIGHTS))
    assert verdict["because"] == [2]


def test_no_more_lines_are_named_than_the_verdict_needs():
    fewer = 0
    for g, at in product(grown(), (1, 3, 5, 7, 9)):
        if at >= len(g.turns):
            continue
        turn = g.turns[at]
        case = judge.truth(_inputs(turn["aware"], turn["plain"], g.persona, g.messages[: 2 * at + 1]))
        best, worst = case.ranking
        reasons, decisive = case.reasons(best, worst), case.decisive(best, worst)
        assert decisive == tuple(reasons)[: len(decisive)]
        if decisive:
            assert case.gap - sum(reasons[about] for about in decisive[:-1]) >= judge.TIE
        fewer += 0 < len(decisive) < len(reasons)
    assert fewer > 2


def test_what_anybody_would_prefer_needs_no_line():
    verdict = _prefer(_inputs(ANSWER, "Dear friend, of course it had to be the boiler. It is important to note that."))
    assert (verdict["ranking"], verdict["because"]) == ("A, B", [])


def test_nobody_is_judged_by_general_quality_alone():
    soup = "Put honey on toast and go for a walk along the river before the shops close."
    assert _prefer(_inputs(ANSWER, soup, NOBODY))["ranking"] == "A, B"
    for text in (f"{ANSWER} {FITTED}", f"Take a breath. {ANSWER} {FILLER}", f"{ANSWER} {FILLER} {FILLER[:50]}"):
        assert _prefer(_inputs(f"{ANSWER} {FILLER}", text, NOBODY, NIGHTS))["ranking"] == "tie", text


def test_a_brief_answer_is_preferred_whenever_one_is_asked_for():
    longer = " ".join([ANSWER] * 4)
    for wish, better in (("Keep it short, please.", "A"), ("In detail, please.", "B")):
        conversation = talk(f"Is a banging boiler dangerous or only annoying? {wish}")
        for traits in (["terse"], ["talkative", "methodical"], []):
            persona = {**BEEKEEPER, "traits": traits} if traits else NOBODY
            assert _prefer(_inputs(ANSWER, longer, persona, conversation))["ranking"][0] == better, (wish, traits)


def test_no_reply_is_better_for_being_longer_alone():
    rng, wins = Random(1), 0
    personas = [g.persona for g in grown()]
    for g in grown():
        longer, shorter = sorted((t["plain"] for t in g.turns[1:3]), key=len, reverse=True)
        longer = " ".join([longer] * 2)
        persona = rng.choice(personas)
        wins += _worth(longer, persona, g.messages[:1]) > _worth(shorter, persona, g.messages[:1])
    assert wins < 0.6 * len(grown())


def test_wishes_for_a_length_spread_from_twenty_to_a_hundred_and_fifty_words():
    wishes = sorted(wished_length(leading(g.persona["traits"])) for g in grown())
    assert wishes[0] >= 20
    assert wishes[-1] <= 150
    assert wishes[len(wishes) // 10] < 35
    assert wishes[9 * len(wishes) // 10] > 80


def test_of_two_opposed_traits_the_first_one_counts():
    assert leading(["warm", "blunt", "anxious"]) == ("warm", "anxious")
    assert leading(["blunt", "warm", "anxious"]) == ("blunt", "anxious")


def test_a_plain_reply_leaks_nothing_by_chance():
    persona = {**BEEKEEPER, "facts": ["She turned 26", "She is 34 years old"]}
    reply = "It turns out that your boiler is 34 bar too low, so turn the valve."
    seen = judge.truth(_inputs(reply, ANSWER, persona)).seen["A"]
    seen += judge.truth(_inputs(f"As you know, {ANSWER}", ANSWER, persona)).seen["A"]
    assert not [f for f in seen if f.name == "leak" and ("turned" in f.about or "know" in f.about)]
    leaks = [
        f
        for g in grown()
        for at, t in enumerate(g.turns)
        for f in judge.truth(_inputs(t["plain"], ANSWER, g.persona, g.messages[: 2 * at + 1])).seen["A"]
        if f.name == "leak"
    ]
    assert leaks == []


def test_the_reason_names_what_was_seen():
    used = f"{ANSWER} {FITTED}"
    reasons = [_prefer(_inputs(used, f"{ANSWER} {FILLER}", conversation=NIGHTS), seed=i)["reason"] for i in range(10)]
    assert all(r.endswith(".") and "{" not in r and "<" not in r for r in reasons)
    assert any("nights" in r for r in reasons)
