"""Which pairs an export takes: conditions, strata, balance and limit, and the reason of every pair."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson
import pytest

from personagen.errors import UsageError
from personagen.flows.export import export
from personagen.flows.profile import Profile
from personagen.flows.selection import KEPT, Selection, choices, select
from personagen.options.export import SelectionOptions
from personagen.records import ConversationTree, PreferencePair
from personagen.store.files import read_records
from personagen.where import parsed
from tests.cli.runs import several, simulated
from tests.trees import conversation


def judged(id: str, *scores: int) -> ConversationTree:
    """A tree with a turn for each of ``scores``, which are the margins of its pairs."""
    tree = conversation(turns=len(scores), id=id)
    judgments = [
        one.model_copy(update={"scores": (1 + margin, 1) if one.order[0] == one.ranking[0] else (1, 1 + margin)})
        for one, margin in zip(tree.judgments, [score for score in scores for _ in range(2)], strict=True)
    ]
    return tree.model_copy(update={"judgments": tuple(judgments)})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Eight trees of three pairs, whose margins are 1, 2 and 3."""
    return simulated(tmp_path / "run", [judged(f"t{number}", 1, 2, 3) for number in range(8)])


def selected(run: Path, profile: Profile | None = None, seed: int = 0, **options: object) -> Selection:
    return select(run, choices(SelectionOptions(**options), profile or Profile(), seed))


def kept(run: Path, *args: Profile, **options: object) -> list[PreferencePair]:
    reasons = selected(run, *args, **options).reasons
    pairs = read_records(run / "pairs.jsonl", PreferencePair)
    return [pair for pair, reason in zip(pairs, reasons, strict=True) if not reason]


def names(pairs: list[PreferencePair]) -> set[tuple[str, str]]:
    return {(pair.tree, pair.node) for pair in pairs}


def test_a_pair_has_the_first_condition_that_it_does_not_meet_as_its_reason(run: Path):
    profile = Profile(hard=(parsed("turn <= 2"), parsed("margin < 2")))
    found = selected(run, profile, where=("margin >= 2",), limit=5)
    assert found.counts == {"where: margin >= 2": 8, "hard: turn <= 2": 8, "hard: margin < 2": 8}


def test_keep_personal_takes_personal_pairs_only(run: Path):
    assert selected(run, keep="personal").counts == {"keep: personal": 24}


def test_a_limit_draws_that_many_from_all_trees_and_a_larger_one_keeps_them(run: Path):
    few, more = kept(run, limit=8), kept(run, limit=13)
    assert (len(few), len(more)) == (8, 13)
    assert names(few) < names(more)
    assert len({pair.tree for pair in few}) > 3
    assert names(few) != names(kept(run, seed=1, limit=8))
    assert len(kept(run, limit=99)) == 24


def test_a_pair_keeps_its_draw_when_the_run_grows(run: Path, tmp_path: Path):
    grown = simulated(tmp_path / "grown", [judged(f"t{number}", 1, 2, 3) for number in range(12)])
    old = {name for name in names(kept(grown, limit=8)) if int(name[0][1:]) < 8}
    assert old <= names(kept(run, limit=8))
    assert names(kept(grown, limit=36)) > names(kept(run, limit=24))


def test_soft_conditions_are_preferred_while_there_is_a_limit(run: Path):
    profile = Profile(soft=(parsed("margin >= 3"), parsed("turn > 1")))
    assert Counter(pair.margin for pair in kept(run, profile, limit=12)) == {3: 8, 2: 4}
    assert not choices(SelectionOptions(), profile, 0).asked


def test_strata_cap_pairs_with_the_same_value(run: Path):
    assert Counter(pair.turn for pair in kept(run, Profile(strata=(("turn", 5),)))) == {1: 5, 2: 5, 3: 5}
    both = kept(run, Profile(strata=(("tree", 2), ("turn", 3))))
    assert max(Counter(pair.tree for pair in both).values()) <= 2
    assert Counter(pair.turn for pair in both) == {1: 3, 2: 3, 3: 3}
    reasons = selected(run, Profile(strata=(("tree", 3), ("turn", 3)))).counts
    assert reasons == {KEPT: 9, "strata: 3 of one turn": 15}


def test_strata_prefer_what_meets_soft_conditions(run: Path):
    profile = Profile(soft=(parsed("margin >= 2"), parsed("tree = t3")), strata=(("tree", 1), ("margin", 7)))
    assert Counter(pair.margin for pair in kept(run, profile)).total() == 8
    assert not [pair for pair in kept(run, profile) if pair.margin == 1]


def test_strata_of_traits_count_each_trait_of_the_persona(run: Path):
    found = selected(run, Profile(strata=(("trait", 4),)))
    assert found.counts == {KEPT: 4, "strata: 4 of one trait": 20}


def test_a_value_that_is_not_known_has_no_cap(run: Path):
    assert len(kept(run, Profile(strata=(("attribute.age", 1), ("flip_share", 1))))) == 24


def test_a_limit_of_balanced_pairs_takes_them_by_two(tmp_path: Path):
    def longer(tree: ConversationTree, slot: str) -> ConversationTree:
        nodes = [
            node.model_copy(update={"content": f"{node.content} And more."})
            if node.role == "assistant" and node.id.endswith(slot)
            else node
            for node in tree.nodes
        ]
        return tree.model_copy(update={"nodes": tuple(nodes)})

    trees = [longer(tree, str(at % 3)) for at, tree in enumerate(several(15))]
    folder = simulated(tmp_path / "long", trees)
    few: list[PreferencePair] = []
    for limit in range(2, 24):
        pairs = kept(folder, balance="length", limit=limit)
        gaps = [len(pair.chosen[0].content) - len(pair.rejected[0].content) for pair in pairs]
        assert limit - 1 <= len(pairs) <= limit
        assert sum(gap > 0 for gap in gaps) == sum(gap < 0 for gap in gaps)
        assert names(few) <= names(pairs)
        few = pairs


def test_more_conditions_than_a_byte_can_name_are_refused(run: Path):
    with pytest.raises(UsageError, match="are more than 256; join some of them with and"):
        selected(run, where=[f"turn < {n}" for n in range(9, 300)])


def test_the_file_of_reasons_has_every_pair_in_order(run: Path, tmp_path: Path):
    summary = export(run, "trl", tmp_path / "out.jsonl", SelectionOptions(where="margin >= 2", limit=5))
    assert summary.reasons == str(tmp_path / "out.selection.jsonl")
    rows = [orjson.loads(line) for line in (tmp_path / "out.selection.jsonl").read_bytes().splitlines()]
    pairs = list(read_records(run / "pairs.jsonl", PreferencePair))
    ids = ("tree", "node", "chosen_node", "rejected_node")
    assert [[row[name] for name in ids] for row in rows] == [[getattr(pair, name) for name in ids] for pair in pairs]
    assert Counter(row["reason"] for row in rows) == summary.selection
    assert summary.selection == {KEPT: 5, "where: margin >= 2": 8, "limit: 5": 11}
    assert [row["kept"] for row in rows] == [row["reason"] == KEPT for row in rows]
    written = [orjson.loads(line) for line in (tmp_path / "out.jsonl").read_bytes().splitlines()]
    expected = [pair for pair, row in zip(pairs, rows, strict=True) if row["kept"]]
    assert [row["prompt"] for row in written] == [[one.model_dump() for one in pair.prompt] for pair in expected]


def test_without_choices_there_is_no_file_of_reasons(run: Path, tmp_path: Path):
    assert export(run, "trl", tmp_path / "out.jsonl").reasons == ""
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.jsonl", "run"]


def test_the_reasons_of_an_earlier_export_do_not_stay_beside_a_file_without_choices(run: Path, tmp_path: Path):
    export(run, "trl", tmp_path / "out.jsonl", SelectionOptions(limit=5))
    export(run, "trl", tmp_path / "out.jsonl")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.jsonl", "run"]


def test_a_format_by_tree_leaves_out_trees_without_a_chosen_pair(run: Path, tmp_path: Path):
    options = SelectionOptions(where="tree = t3 or tree = t5", with_persona=True)
    assert export(run, "aloe", tmp_path / "out.jsonl", options).rows == 2


def test_a_function_gets_the_chosen_pairs(run: Path, own):
    name = own("def some(trees, pairs):\n    for pair in pairs:\n        yield {'n': pair.margin}\n") + ":some"
    assert export(run, name, Path("out.jsonl"), SelectionOptions(where="trait = blunt and margin > 2")).rows == 8


def test_that_nothing_is_chosen_is_said_with_the_reasons(run: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="not one of its 24 pairs is chosen; left out are 24 by where: margin > 9"):
        export(run, "trl", tmp_path / "out.jsonl", SelectionOptions(where="margin > 9"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run"]


def test_a_name_that_no_pair_has_is_noted_wherever_it_is_asked_for(run: Path, tmp_path: Path):
    profile = Profile(
        soft=(parsed("not attribute.aeg = 60"),), strata=(("attribute.gendr", 5),), hard=(parsed("margin > 0"),)
    )
    assert selected(run, profile).notes == ("no pair has attribute.aeg, attribute.gendr: look at the spelling",)
    with pytest.raises(UsageError, match=r"is chosen; .+; no pair has score.leek: look at the spelling"):
        export(run, "trl", tmp_path / "out.jsonl", SelectionOptions(where="score.leek < 1"))
    assert not selected(run, where="score.leak >= 0 or margin > 1").notes
