"""Options: one place for defaults, flat names, and values for single roles."""

from __future__ import annotations

import pytest

from personagen.errors import UsageError
from personagen.options import ROLES, ExpandOptions, ModelOptions, SimulateOptions, build, by_role, flat, shared_and_own


def test_flat_names_go_where_they_belong_and_back():
    options = build(SimulateOptions, {"turns": 3, "model": "openai/x", "budget": 2.0})
    assert options == SimulateOptions(turns=3, models=ModelOptions(model=("openai/x",), budget=2.0))
    assert build(SimulateOptions, flat(options)) == options
    assert flat(ExpandOptions())["concurrency"] == ModelOptions().concurrency


def test_one_text_will_do_for_any_option_that_takes_several():
    assert build(ExpandOptions, {"filters": "mine:f"}).filters == ("mine:f",)
    assert build(SimulateOptions, {"model": "offline"}).models.model == ("offline",)


def test_an_option_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="turn"):
        build(SimulateOptions, {"turn": 3})


def test_a_roles_own_value_wins_over_the_general_one_in_any_order():
    assert by_role("--model", ["judge=b", "a"]) == dict.fromkeys(ROLES, "a") | {"judge": "b"}
    assert by_role("--model", ["judge=b"]) == {"judge": "b"}


def test_a_value_with_an_equals_sign_is_not_mistaken_for_a_role():
    url = "http://127.0.0.1:8000/v1?key=1"
    assert by_role("--base-url", [url])["user"] == url


def test_a_general_value_does_not_reach_the_encoder():
    assert "encoder" not in by_role("--base-url", ["u"])
    assert by_role("--base-url", ["encoder=u"]) == {"encoder": "u"}


def test_a_role_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="no role jugde; roles are author, user"):
        by_role("--model", ["jugde=openai/x"])


def test_what_all_roles_share_and_what_is_a_roles_own_can_be_told_apart():
    assert shared_and_own("--base-url", ["judge=b", "a"]) == ("a", {"judge": "b"})
