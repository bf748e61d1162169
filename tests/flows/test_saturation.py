"""When a pool counts as saturated, and which filter is named when it does not."""

from __future__ import annotations

import orjson
import pytest

from personagen.errors import QualityError
from tests import fakes


@pytest.fixture
def run(tmp_path):
    return fakes.expanding(tmp_path)


def test_a_pool_that_gains_nothing_more_stops_as_saturated(run, model):
    def repeating(call):
        first = call.prompt != "author/profiles" or call.place in ("profile/0", "profile/1")
        return fakes.cast(call) if first else fakes.descriptions(fakes.profile("seed 1"))

    fake = model(repeating)
    summary = run(saturation=2)
    pool = summary.pools["profile"]
    assert (pool["stopped"], pool["size"], pool["rounds"]) == ("saturated", 18, 3)
    assert len([c for c in fake.calls if c.prompt == "author/profiles"]) == 2 + 3 + 3
    assert pool["rejected"] == {"duplicates": 6}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"text": "She is 3.", "facts": ["is 3"]}, r"10 of 10 had the wrong form \(such as: 3 words, not 43 to 202\)"),
        (fakes.profile("seed 1"), r"10 of 10 repeated an entry \(such as: "),
    ],
)
def test_a_pool_to_which_nothing_was_added_is_not_saturated_but_ends_the_run(run, tmp_path, model, written, said):
    def useless(call):
        return fakes.descriptions(*5 * [written]) if call.prompt == "author/profiles" else fakes.cast(call)

    model(useless)
    with pytest.raises(QualityError, match=f"no profile was kept: {said}"):
        run(saturation=1)
    state = orjson.loads((tmp_path / "pool" / "run.json").read_bytes())
    assert "saturated" not in str(state["summary"])
    assert state["status"].startswith("stopped: no profile was kept")
    assert (tmp_path / "pool" / "personas.jsonl").stat().st_size > 0


def test_a_pool_that_kept_next_to_nothing_is_not_saturated_either(run, model):
    good = fakes.profile("a good one")

    def nearly_useless(call):
        if call.prompt != "author/profiles":
            return fakes.cast(call)
        rest = [{"text": "She is 3.", "facts": ["is 3"]}] * 9
        return fakes.descriptions(*([good] if call.place == "profile/0" else []), *rest)

    model(nearly_useless)
    with pytest.raises(QualityError, match="only 1 of 73 profile texts were kept: 72 of 73 had the wrong form"):
        run(saturation=2)


def late(call, text):
    """A good reply in the first round for profiles and ``text`` in each description after it."""
    if call.prompt != "author/profiles" or call.place in ("profile/0", "profile/1"):
        return fakes.cast(call)
    return fakes.descriptions(*5 * [{"text": text, "facts": ["is 3"]}])


def test_a_pool_that_a_misfit_filter_stops_is_not_saturated(run, tmp_path, model):
    model(lambda call: late(call, "She is 3."))
    with pytest.raises(QualityError) as error:
        run(saturation=2)
    said = "no profile was kept of the last 30: 30 of 30 had the wrong form (such as: 3 words, not 43 to 202); "
    assert str(error.value).startswith(f"{said}--length profile=3-112 accepts them, and another --model may write")
    assert "saturated" not in (tmp_path / "pool" / "run.json").read_text()


def test_a_filter_of_ones_own_that_rejects_everything_is_named(run):
    with pytest.raises(
        QualityError,
        match=r"no profile was kept: 10 of 10 were rejected by tests.flows.test_saturation:no_one \(such as: no 1",
    ):
        run(filters=("tests.flows.test_saturation:no_one",), saturation=1)


def no_one(candidate, view):
    from personagen.personas.filters import Refusal

    return Refusal(f"no {len(view) - 7}")


def test_a_threshold_that_rejects_everything_is_named_with_the_similarity(run):
    with pytest.raises(
        QualityError, match=r"meant the same as an entry \(such as: .*, 0\.\d\d\).*; a higher --similarity"
    ):
        run(similarity=0.01)


def test_every_filter_that_rejected_is_counted(run, model):
    bad = ({"text": "She is 3.", "facts": ["is 3"]}, fakes.profile("seed 1"), {"text": "3.", "facts": []})
    model(lambda call: fakes.descriptions(*bad) if call.prompt == "author/profiles" else fakes.cast(call))
    with pytest.raises(
        QualityError, match=r": 4 of 6 had the wrong form \(such as: 3 words.*\), 2 repeated an entry; "
    ):
        run(saturation=1)


def test_a_pool_that_grows_by_next_to_nothing_is_given_up(run, model):
    def rare(call):
        if call.prompt != "author/profiles":
            return fakes.cast(call)
        good = [fakes.profile(call.place)] if call.place in ("profile/0", "profile/5", "profile/11") else []
        return fakes.descriptions(*good, *[{"text": "She is 3.", "facts": ["is 3"]}] * 70)

    model(rare)
    with pytest.raises(QualityError, match="only 2 of 772 profile texts were kept: 770 of 772 had the wrong form"):
        run(saturation=2)


def test_a_pool_whose_calls_mostly_fail_is_not_saturated(run, model):
    model(
        lambda call: (
            "no json"
            if call.place in ("profile/1", "profile/3", "profile/4")
            else (fakes.descriptions(fakes.profile("seed 1")) if call.prompt == "author/profiles" else fakes.cast(call))
        )
    )
    with pytest.raises(
        QualityError, match="3 of 5 calls for the profile pool failed, the first because author/profiles"
    ):
        run(saturation=2)
