"""People's own scores of an evaluation's replies, and how far the judge agrees."""

from __future__ import annotations

from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.flows.human import Scored, agreement, note, read_scores
from personagen.ratings import Rating


def rating(tree="p1-plain", turn=1, score=4, **more):
    given = {"persona": tree.partition("-")[0], "condition": "plain", "node": ".".join("0" * (2 * turn))}
    return Rating(**{"tree": tree, "turn": turn, "score": score, **given, **more})


def written(folder: Path, text: str) -> Path:
    (folder / "scores.csv").write_text(text, encoding="utf-8")
    return folder / "scores.csv"


@pytest.mark.parametrize("text", ["tree,node,score\nt,0.0,4\n", "Score, Node ,who,tree\n4,0.0,Ann,t\n"])
def test_a_row_names_a_reply_by_its_node(tmp_path: Path, text: str):
    assert read_scores(written(tmp_path, text)) == (Scored(2, "t", "0.0", 0, 4),)


def test_a_row_names_a_reply_by_its_turn(tmp_path: Path):
    assert read_scores(written(tmp_path, "\ufefftree,turn,score\nt,3,5\n")) == (Scored(2, "t", "", 3, 5),)


def test_a_row_without_its_node_names_the_reply_by_its_turn(tmp_path: Path):
    text = "tree,node,turn,score\nt,,3,5\nt,0.0,,4\n"
    assert read_scores(written(tmp_path, text)) == (Scored(2, "t", "", 3, 5), Scored(3, "t", "0.0", 0, 4))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tree,score\nt,4\n", "has no column node or turn: give a CSV with tree, node, score"),
        ("node\n0.0\n", "has no column tree, score"),
        ("", "has no column tree, score, node or turn"),
        ("tree,node,score\n", "scores.csv has no row"),
        ("tree,node,score\nt,0.0,6\n", "scores.csv:2: the score '6' is not a whole number from 1 to 5"),
        ("tree,node,score\nt,0.0,4\nt,0.0\n", "scores.csv:3: the score '' is not a whole number"),
        ("tree,node,score\nt,,4\n", "scores.csv:2: the node is empty: give the node or turn of the reply"),
        ("tree,turn,score\nt,last,4\n", "scores.csv:2: the turn 'last' is not a whole number"),
    ],
)
def test_what_is_wrong_with_the_file_is_said_with_its_line(tmp_path: Path, text: str, said: str):
    with pytest.raises(UsageError, match=said):
        read_scores(written(tmp_path, text))


def test_a_file_that_is_not_there_or_not_utf_8_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="can't be read: No such file"):
        read_scores(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"tree,node,score\n\xe9,0.0,4\n")
    with pytest.raises(UsageError, match="can't be read: it is not UTF-8"):
        read_scores(tmp_path / "latin.csv")


def test_the_same_scores_agree_fully():
    ratings = [rating(f"p{n}-plain", score=n) for n in range(1, 6)]
    scores = [Scored(n, f"p{n}-plain", "0.0", 0, n) for n in range(1, 6)]
    found = agreement(scores, ratings)
    assert (found["count"], found["same"], found["unknown"]) == (5, 1.0, [])
    assert found["kappa"]["value"] == 1.0
    assert found["difference"]["value"] == 0.0


def test_the_share_of_the_same_scores_counts_equal_ones_only():
    ratings = [rating(f"p{n}-plain", score=3) for n in range(1, 5)]
    scores = [Scored(n, f"p{n}-plain", "0.0", 0, 3 if n == 1 else 4) for n in range(1, 5)]
    assert agreement(scores, ratings)["same"] == 0.25


def test_the_difference_is_the_judges_score_minus_theirs_by_persona():
    ratings = [rating("p1-plain", turn, 5) for turn in (1, 2, 3)] + [rating("p2-plain", 1, 2)]
    scores = [Scored(turn, "p1-plain", "", turn, 3) for turn in (1, 2, 3)] + [Scored(9, "p2-plain", "", 1, 3)]
    assert agreement(scores, ratings)["difference"]["value"] == 0.5


def test_the_kappa_is_weighted_by_the_distance_of_two_scores():
    ratings = [rating(f"p{n}-plain", score=n) for n in range(1, 6)]
    near = [Scored(n, f"p{n}-plain", "", 1, max(1, n - 1)) for n in range(1, 6)]
    far = [Scored(n, f"p{n}-plain", "", 1, (3, 5, 1, 1, 2)[n - 1]) for n in range(1, 6)]
    assert agreement(near, ratings)["kappa"]["value"] > 0.7 > 0 > agreement(far, ratings)["kappa"]["value"]


def test_only_the_first_judges_own_rating_for_this_person_counts():
    others = [rating(score=1, judge="judge-2"), rating(score=1, rater="nobody"), rating(score=1, repeat="again")]
    assert agreement([Scored(2, "p1-plain", "0.0", 0, 4)], [*others, rating(score=4), *others])["same"] == 1.0


def test_rows_of_other_replies_are_named_by_their_lines():
    found = agreement([Scored(line, "else", "0.0", 0, 3) for line in range(2, 9)], [rating()])
    assert (found["count"], found["kappa"], found["unknown"]) == (0, None, [2, 3, 4, 5, 6, 7, 8])
    said = "7 rows are of no reply that the judge scored (line 2, 3, 4, 5, 6 and 2 more)"
    assert note("s.csv", found) == (f"s.csv: {said}",)
    assert note("s.csv", {"unknown": []}) == ()
