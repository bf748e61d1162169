"""What there is of each attribute beside what was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from personagen import report
from personagen.reports.people import People, coverage
from personagen.reports.source import Asked
from personagen.store.files import dump
from tests.cli.runs import expanded, simulated
from tests.reports.pages import Page
from tests.trees import PERSONA, conversation

DRAWN = {"gender": {"female": {"drawn": 12, "kept": 9}, "male": {"drawn": 4, "kept": 4}}}


def person(number: int, gender: str) -> Any:
    return PERSONA.model_copy(update={"id": f"p{number}", "attributes": {"gender": gender}})


def shown(rows: list[dict[str, Any]], name: str) -> list[tuple[str, int, float | None]]:
    found = next(one["rows"] for one in rows if one["name"] == name)
    return [(row["label"], row["count"], row["asked"]) for row in found]


def played(folder: Path, personas: str) -> list[dict[str, Any]]:
    """The coverage of a run of four conversations whose personas come from the file ``personas``."""
    trees = [
        conversation(id=f"t{number}", turns=1).model_copy(update={"persona": person(number, gender)})
        for number, gender in enumerate(("female", "male", "male", "male"))
    ]
    run = simulated(folder, trees)
    state = json.loads((run / "run.json").read_text())
    state["options"]["personas"] = personas
    (run / "run.json").write_bytes(dump(state))
    return list(Page(Path(report(run).file)).index["coverage"])


def test_who_plays_in_a_run_is_beside_the_shares_that_their_pool_asked_for(tmp_path: Path):
    pool = expanded(tmp_path / "pool", [person(1, "female")])
    state = json.loads((pool / "run.json").read_text())
    state["summary"]["pools"]["profile"]["draws"] = {"by_value": DRAWN}
    (pool / "run.json").write_bytes(dump(state))
    there = played(tmp_path / "run", str(pool / "personas.jsonl"))
    assert shown(there, "gender") == [("female", 1, 3.0), ("male", 3, 1.0)]
    assert shown(played(tmp_path / "other", str(pool)), "gender") == shown(there, "gender")


def test_attributes_of_personas_from_elsewhere_are_counted_by_themselves(tmp_path: Path):
    assert shown(played(tmp_path / "run", "people.jsonl"), "gender") == [("male", 3, None), ("female", 1, None)]


def test_a_pool_that_is_damaged_leaves_out_what_it_asked_for(tmp_path: Path):
    pool = expanded(tmp_path / "pool", [])
    (pool / "run.json").write_text('{"summary": {"pools": {"profile": {"draws": {"by_value": {"gender": [3]}}}}}}')
    assert shown(played(tmp_path / "run", str(pool)), "gender") == [("male", 3, None), ("female", 1, None)]


def test_traits_are_beside_the_share_of_personalities_that_were_asked_for_them():
    people = People()
    for number in range(4):
        people.add(person(number, "female").model_dump(mode="json"))
    found = shown(coverage(people, Asked(traits={"blunt": 0.25, "shy": 0.5})), "traits")
    assert found == [("blunt", 4, 1.0), ("impatient", 4, None), ("shy", 0, 2.0)]
