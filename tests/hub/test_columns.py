"""Records as Arrow columns: declared types whatever the rows hold, and the same record on the way back."""

from __future__ import annotations

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.hub.columns import column, columns_of, features
from personagen.hub.tables import TABLES, struct_of
from personagen.records import ConversationTree, Persona, PreferencePair
from tests.hub.runs import rich


def through(record, struct):
    """The record after a table of Arrow."""
    table = pyarrow.Table.from_pylist([struct.there(record.model_dump())], schema=pyarrow.schema(struct.type))
    return type(record).model_validate(struct.back(table.to_pylist()[0]))


def test_a_tree_with_all_its_fields_comes_back_the_same():
    assert through(rich(1), columns_of(ConversationTree)) == rich(1)


attributes = st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(-(2**63), 2**63 - 1), max_size=4)


@given(attributes, attributes)
def test_attributes_keep_their_kind_and_their_order(one, other):
    persona = Persona(id="p", profile="", personality="", attributes=one, drawn=other)
    back = through(persona, columns_of(Persona))
    assert back.line() == persona.line()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("with_persona", [True, False])
def test_no_column_at_any_depth_is_of_no_type(table, with_persona):
    def kinds(type):
        yield str(type)
        for number in range(type.num_fields):
            yield from kinds(type.field(number).type)

    assert "null" not in [*kinds(struct_of(table, with_persona).type)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_declared_features_are_what_datasets_makes_of_the_columns(table):
    datasets = pytest.importorskip("datasets")
    type = struct_of(table, True).type
    assert datasets.Features._from_yaml_list(features(type)) == datasets.Features.from_arrow_schema(
        pyarrow.schema(type)
    )


def test_a_field_that_is_left_out_is_not_there_and_its_text_is_empty_on_the_way_back():
    without = frozenset(["persona.profile", "persona.facts", "changed"])
    struct = columns_of(ConversationTree, without)
    back = through(rich(1), struct)
    assert "changed" not in [field.name for field in struct.type]
    assert (back.persona.profile, back.persona.facts, back.changed) == ("", (), "")
    assert back.persona.personality == rich(1).persona.personality


def test_a_pair_has_its_run_last_and_empty_before_a_merge():
    struct = columns_of(PreferencePair)
    assert [field.name for field in struct.type][-1] == "run"
    assert [field.name for field in struct.type][:3] == ["prompt", "chosen", "rejected"]


def test_a_type_that_no_record_has_used_is_refused():
    with pytest.raises(TypeError, match="has no column"):
        column(bytes)
    with pytest.raises(TypeError, match="has no column"):
        column(int | str)
