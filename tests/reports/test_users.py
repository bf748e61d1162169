"""The figures of what users say, and those of each conversation."""

from __future__ import annotations

from typing import Any

from personagen.reports.users import Users
from tests.trees import PERSONA, conversation

FACTS = ("She repairs church organs in Porto.", "She keeps seventeen bee hives.")


def row(number: int, words: str, **more: Any) -> dict[str, Any]:
    """A conversation of three turns, in whose second turn the user says ``words``."""
    persona = PERSONA.model_copy(update={"facts": FACTS})
    tree = conversation(id=f"t{number}", turns=3).model_copy(update={"persona": persona}).model_dump(mode="json")
    for node in tree["nodes"]:
        if node["role"] == "user":
            node["content"] = words if node["id"].count(".") == 2 else "And then."
    return {**tree, **more}


def made(*rows: dict[str, Any]) -> Users:
    users = Users()
    for one in rows:
        users.add(one)
    return users


def curves(users: Users) -> dict[str, list[dict[str, float]]]:
    return {one["label"]: one["points"] for one in next(iter(users.figures()))["rows"]}


def test_the_curve_of_what_is_revealed_has_an_interval_over_conversations():
    rows = [row(number, FACTS[0] if number % 2 else "Well?") for number in range(8)]
    points = curves(made(*rows))["all"]
    assert [point["x"] for point in points] == [1, 2, 3]
    assert [point["y"] for point in points] == [0, 0.25, 0.25]
    assert points[0]["low"] == points[0]["high"] == 0
    assert 0 < points[1]["low"] < 0.25 < points[1]["high"] < 0.5


def test_each_way_of_revealing_has_a_curve_over_its_own_conversations():
    rows = [row(n, FACTS[0], style={"disclosure": "gradual"}) for n in range(2)]
    rows += [row(n, "Well?", style={"disclosure": "upfront", "noise": "high"}) for n in range(2, 6)]
    found = curves(made(*rows))
    assert {name: points[1]["y"] for name, points in found.items()} == {
        "all": 1 / 6,
        "disclosure gradual": 0.5,
        "disclosure upfront": 0,
    }


def test_each_conversation_has_its_own_figures_to_sort_by():
    found = {one["name"]: one["values"] for one in made(row(1, "Well?"), row(2, FACTS[0])).measures()}
    assert found["questions"] == [0.333, 0]
    assert found["revealed"] == [0, 0.5]
    assert found["words"] == [2, 2]


def test_a_twin_counts_for_no_figure():
    users = made(row(1, "Well?"), row(2, FACTS[0], twin={"tree": "t1", "node": "0", "replies": []}))
    assert curves(users)["all"][1]["y"] == 0
    assert {one["name"]: one["values"] for one in users.measures()}["revealed"] == [0, None]


def test_a_figure_of_how_users_are_has_its_interval_and_leads_to_those_with_the_most_of_it():
    table = list(made(*(row(number, "Well?" if number % 2 else "Well.") for number in range(8))).figures())[1]
    asked = next(one for one in table["rows"] if one["label"] == "turns with a question")
    assert asked["cells"][0] == "0.17 (0.04 to 0.29)"
    assert asked["link"] == "conversations?sort=questions"
