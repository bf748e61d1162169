"""No run makes more calls than it was said to make at most."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personagen.errors import QualityError
from personagen.flows.expand import expand
from personagen.flows.pool_estimate import max_calls
from personagen.flows.simulate import simulate
from personagen.options import ExpandOptions, SimulateOptions
from tests import fakes

MODEL = "tests.fakes:llm"
CHOICES = st.fixed_dictionaries(
    {
        "turns": st.integers(1, 4),
        "candidates": st.integers(2, 4),
        "grow": st.sampled_from(["coin", "best", "all", "beam:2", "beam:5", "best-hard", "information"]),
        "attempts": st.integers(1, 3),
        "max_nodes": st.integers(20, 60),
        "conversations": st.integers(1, 4),
        "seed": st.integers(0, 5),
    }
)


@pytest.mark.slow
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(options=CHOICES, bad=st.integers(0, 3))
def test_no_run_makes_more_calls_than_the_upper_bound_says(tmp_path, options, bad):
    """One reply in ``bad`` can't be used, so that it is asked for again."""
    file = fakes.personas(tmp_path, 2)
    out = tmp_path / f"{len(list(tmp_path.iterdir()))}"

    def reply(call):
        unusable = bad and Random(f"{bad}/{call.key}").randrange(4) < bad
        return "" if unusable else fakes.cast(call)

    fake = fakes.Fake(reply)
    given_options = {"personas": str(file), "out": str(out), "model": MODEL, **options}
    with pytest.MonkeyPatch.context() as patch, suppress(QualityError):
        patch.setattr(fakes, "llm", fake)
        asyncio.run(simulate(SimulateOptions(**given_options)))
    told = orjson.loads((out / "run.json").read_bytes())["estimate"]
    assert len(fake.calls) == told["actual"]["calls"] <= told["max_calls"]
    if not bad:
        assert len(fake.calls) == told["calls"]
        assert told["max_calls"] == options["attempts"] * len(fake.calls)


@pytest.mark.slow
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {
            "target": st.integers(20, 45),
            "count": st.integers(1, 6),
            "calls_per_round": st.integers(1, 4),
            "saturation": st.integers(1, 3),
            "seed": st.integers(0, 3),
        }
    )
)
def test_no_growth_makes_more_calls_than_the_upper_bound_says(tmp_path, options):
    out = tmp_path / f"{len(list(tmp_path.iterdir()))}"
    summary = asyncio.run(expand(ExpandOptions(**{"out": str(out), "model": MODEL, "similarity": 0.95, **options})))
    assert summary.report.new_calls <= summary.report.estimate["max_calls"]


def test_the_bound_of_a_growth_is_reached_where_every_round_admits_as_little_as_can_be():
    options = ExpandOptions(count=20, calls_per_round=8, saturation=3)
    rounds = [min(8, -(-missing * 10 // 20)) for missing in range(1, 31)]
    assert max_calls(30, options) == sum(rounds) * 3
