"""The errors of the offline judge: each kind has its share, and is seen again where its name says."""

from __future__ import annotations

from random import Random

import orjson
import pytest

from personagen.offline import judge
from personagen.offline.noise import errs
from personagen.options.noise import KINDS, mixture, shares_of
from tests.offline.cast import NOBODY, grown, talk

ASKED = talk("I keep bees on my roof. Our boiler knocks. Is a banging boiler dangerous or only annoying?")
PERSISTENT = [kind for kind in KINDS if kind != "fresh"]


def _kinds(shares, model="offline", pairs=6000, seed=0):
    rng = Random(seed)
    return [errs(shares, ASKED, (f"reply {i}", f"other {i}"), model, rng) for i in range(pairs)]


def _judged(shares, order="AB", model="offline", persona=None, seed=0):
    """(winner, truth) of each clear pair of the grown conversations, by label A aware, B plain."""
    out = []
    for g in grown():
        for at, turn in enumerate(g.turns):
            texts = {"A": turn["aware"], "B": turn["plain"]}
            replies = [{"label": new, "text": texts[old]} for new, old in zip("AB", order, strict=True)]
            inputs = {**(persona or g.persona), "conversation": tuple(g.messages[: 2 * at + 1]), "replies": replies}
            case = judge.truth({**g.persona, "conversation": inputs["conversation"], "replies": replies})
            if case.gap < judge.CLOSE:
                continue
            said = orjson.loads(judge.prefer(inputs, Random(f"{seed}/{order}/{model}/{at}"), shares, model))["ranking"]
            names = dict(zip("AB", order, strict=True))
            out.append((names.get(said[0], "tie"), names[case.ranking[0]]))
    return out


def _wrong(judged):
    return sum(said not in (truth, "tie") for said, truth in judged) / len(judged)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.05, 0.3])
def test_a_kind_alone_comes_at_its_share(kind, share):
    found = _kinds({kind: share})
    assert set(found) == {"", kind}
    assert found.count(kind) / len(found) == pytest.approx(share, abs=4 * (share * (1 - share) / len(found)) ** 0.5)


def test_the_kinds_of_a_mixture_come_at_their_shares_and_never_together():
    shares = {"fresh": 0.1, "order": 0.15, "length": 0.05, "blind": 0.2, "recite": 0.1, "model": 0.15}
    found = _kinds(shares)
    for kind, share in shares.items():
        assert found.count(kind) / len(found) == pytest.approx(share, abs=0.025)


@pytest.mark.parametrize("kind", PERSISTENT)
def test_another_call_about_the_same_pair_sees_the_same_error_unless_it_is_fresh(kind):
    assert _kinds({kind: 0.3}, seed=1) == _kinds({kind: 0.3}, seed=2)
    assert _kinds({"fresh": 0.3}, seed=1) != _kinds({"fresh": 0.3}, seed=2)


def test_only_errors_of_the_model_depend_on_its_name():
    for kind in KINDS:
        same = _kinds({kind: 0.3}) == _kinds({kind: 0.3}, model="offline/2")
        assert same == (kind != "model")


def test_the_order_of_the_replies_does_not_matter_to_the_draw():
    shares = dict.fromkeys(PERSISTENT, 0.2)
    rng = Random(1)
    for i in range(300):
        assert errs(shares, ASKED, (f"a{i}", f"b{i}"), "m", rng) == errs(shares, ASKED, (f"b{i}", f"a{i}"), "m", rng)


def test_more_noise_only_adds_errors():
    low, high = _kinds({"blind": 0.1}), _kinds({"blind": 0.3})
    assert all(more for less, more in zip(low, high, strict=True) if less)


@pytest.mark.parametrize("kind", ["fresh", "model"])
def test_a_fresh_error_or_one_of_the_model_turns_every_clear_verdict_round(kind):
    assert _wrong(_judged({kind: 1.0})) == 1.0


def test_an_order_biased_judge_prefers_whatever_is_shown_first():
    assert {said for said, _ in _judged({"order": 1.0})} == {"A"}
    assert {said for said, _ in _judged({"order": 1.0}, order="BA")} == {"B"}


def test_a_length_biased_judge_prefers_the_longer_reply():
    judged = _judged({"length": 1.0})
    assert 0.2 < _wrong(judged) < 0.7
    assert judged != _judged({})


def test_a_blind_judge_says_the_same_about_everybody():
    own = [said for said, _ in _judged({"blind": 1.0})]
    others = [said for said, _ in _judged({"blind": 1.0}, persona={**grown()[0].persona})]
    assert own == others
    assert 0.2 < _wrong(_judged({"blind": 1.0})) < 0.7
    nobody = [said for said, _ in _judged({}, persona=NOBODY)]
    assert all(said in (one, "tie") for said, one in zip(nobody, own, strict=True))


def test_a_judge_who_loves_recitation_prefers_the_reply_with_more_of_the_users_words():
    echo = "You keep bees on your roof, and your boiler knocks: is a banging boiler dangerous or only annoying?"
    inputs = {
        **NOBODY,
        "conversation": ASKED,
        "replies": [{"label": "A", "text": "Call an engineer."}, {"label": "B", "text": echo}],
    }
    assert orjson.loads(judge.prefer(inputs, Random(1), {"recite": 1.0}))["ranking"] == "B, A"


@pytest.mark.parametrize(
    ("given", "kept", "shares"),
    [
        (0.2, 0.2, {"fresh": 0.2}),
        ("0.2", 0.2, {"fresh": 0.2}),
        (0, 0.0, {}),
        ("order=0.1, fresh=0.05", "fresh=0.05,order=0.1", {"fresh": 0.05, "order": 0.1}),
        ({"blind": 0.4}, "blind=0.4", {"blind": 0.4}),
        ("fresh=0.8", "fresh=0.8", {"fresh": 0.8}),
    ],
)
def test_noise_is_a_share_or_a_mixture_of_kinds(given, kept, shares):
    assert mixture(given) == kept
    assert mixture(kept) == kept
    assert shares_of(given) == shares


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (0.6, "a number from 0 to 0.5"),
        ("many", "KIND=SHARE"),
        ("order=x", "KIND=SHARE"),
        (True, "KIND=SHARE"),
        ("odd=0.1", "there is no kind odd; kinds are fresh, order"),
        ("order=0.7,blind=0.5", "add up to at most 1"),
        ("order=-0.1", "from 0 to 1"),
        ("order=nan", "KIND=SHARE"),
    ],
)
def test_any_other_noise_is_refused_with_what_to_choose(given, said):
    with pytest.raises(ValueError, match=said):
        mixture(given)
