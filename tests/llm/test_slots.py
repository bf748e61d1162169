"""How many calls a local server takes at once, asked of llama.cpp's ``/props`` and ``/slots``."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from personagen.llm.endpoints import Endpoint
from personagen.llm.slots import slots
from tests.servers.http import Reply, Server


async def _found(props: Any, model: str = "openai/m", **server: Any) -> dict[str, int]:
    async with Server(lambda _: Reply({}), props=props, **server).up() as there:
        return {name.partition(" ")[0]: n for name, n in (await slots([Endpoint(model, there.v1)])).items()}


# What llama.cpp's server says, shortened: the settings of a request, and what it is.
LLAMA = {"default_generation_settings": {"n_ctx": 8192}, "total_slots": 3, "model_alias": "m", "build_info": "b8681"}


def test_the_slots_of_a_server_that_names_them_are_found():
    assert asyncio.run(_found(LLAMA)) == {"openai/m": 3}


def test_where_props_do_not_name_them_the_slots_are_counted():
    slots = [{"id": 0, "is_processing": False}, {"id": 1, "is_processing": True}]
    assert asyncio.run(_found({"default_generation_settings": {}}, slots=slots)) == {"openai/m": 2}
    assert asyncio.run(_found(None, slots=slots)) == {"openai/m": 2}
    assert asyncio.run(_found(None, slots=[{"error": "no"}])) == {}


def test_a_server_of_several_models_is_asked_about_ours_and_loads_none_for_it():
    async def asked() -> list[str]:
        async with Server(lambda _: Reply({})).up() as there:
            await slots([Endpoint("openai/org/m", there.v1)])
            return there.asked

    query = "model=org/m&autoload=false"
    assert asyncio.run(asked()) == [f"/props?{query}", f"/slots?{query}"]


@pytest.mark.parametrize("props", [None, {"total_slots": 0}, {"total_slots": "4"}, {"slots": 4}, [1], b"<html>", b""])
def test_a_server_that_says_nothing_usable_is_left_to_the_slow_start(props: Any):
    assert asyncio.run(_found(props)) == {}


def test_no_one_but_a_server_nearby_is_asked(monkeypatch: pytest.MonkeyPatch):
    async def asked(_: Any) -> int:
        raise AssertionError("asked")

    monkeypatch.setattr("personagen.llm.slots._total", asked)
    far = [Endpoint("openai/m", "https://api.example.com/v1"), Endpoint("openai/m"), Endpoint("offline")]
    assert asyncio.run(slots(far)) == {}


def test_a_server_that_is_down_costs_a_moment_only():
    assert asyncio.run(slots([Endpoint("openai/m", "http://127.0.0.1:1/v1")])) == {}
