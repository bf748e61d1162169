"""The options of export: shares, and the keywords of the library, which are the same."""

from __future__ import annotations

import pytest

from personagen.api import _ExportKeywords
from personagen.errors import UsageError
from personagen.options.export import SelectionOptions, shares
from personagen.options.row import rows_of


def test_shares_are_read_by_name():
    assert shares("train=0.9,test=0.1") == {"train": 0.9, "test": 0.1}
    assert shares(" a = .5, b=0.25 ,c=0.25") == {"a": 0.5, "b": 0.25, "c": 0.25}
    assert shares(None) == {}
    assert shares("train=1", least=1) == {"train": 1.0}
    assert sum(shares("a=0.333333,b=0.333333,c=0.333333").values()) < 1


@pytest.mark.parametrize(
    "text", ["", "train", "train=1", "train=0.9,test=0.2", "a=0.5,a=0.5", "a=1,b=0", "a-b=0.5,c=0.5", "a=0.5,b=0.5,"]
)
def test_shares_that_add_up_to_nothing_sensible_are_refused(text: str):
    with pytest.raises(UsageError, match=r"--split .*: give two or more names with shares that add up to 1"):
        SelectionOptions(split=text)


def test_a_name_that_datasets_takes_for_all_splits_is_refused():
    for name in ("all", "ALL"):
        with pytest.raises(UsageError, match=f"--split .*: datasets takes {name} for all splits together"):
            SelectionOptions(split=f"{name}=0.5,test=0.5")


def test_the_keywords_of_the_library_are_the_options():
    options = {row.name for row in rows_of(SelectionOptions)}
    assert set(_ExportKeywords.__annotations__) == options
