"""Lines of JSON as Parquet files with one declared schema, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, get_args

from personagen.errors import UsageError
from personagen.records import PreferencePair

BLOCK_BYTES = 1 << 23
_TYPES = {float: "float64", bool: "bool_", int: "int64"}


def check_installed() -> None:
    """Raises ``UsageError`` if pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise UsageError("--to parquet needs pyarrow: pip install 'personagen[parquet]'") from None


def convert(lines: Sequence[BinaryIO], files: Sequence[BinaryIO], like: Mapping[str, Any]) -> None:
    """Writes each of ``lines``, files of JSON lines, as Parquet to the file at the same place in ``files``.

    All have one schema: what all rows together have, and what the value of that name in ``like`` has. A number is a
    float if any is; a text is a text, also if it looks like a date. A column without any value gets the type of the
    field of that name in ``PreferencePair``, or text.

    Raises:
        UsageError: a column has values of two types.
    """
    import pyarrow as pa
    from pyarrow import json, parquet

    def read(block: bytes, schema: Any = None) -> Any:
        options = json.ReadOptions(use_threads=False, block_size=len(block) + 1)
        parsing = json.ParseOptions(explicit_schema=schema)
        return json.read_json(pa.BufferReader(block), read_options=options, parse_options=parsing)

    schema = pa.schema([])
    try:
        for source in lines:
            for block in _blocks(source):
                found = pa.schema([_untimed(field) for field in read(block).schema])
                schema = pa.unify_schemas([schema, found], promote_options="permissive")
        known = pa.Table.from_pylist([{name: one for name, one in like.items() if name in schema.names}]).schema
        schema = pa.unify_schemas([schema, known], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise UsageError(f"--to parquet: a column has values of two types: {error}; use --to jsonl") from None
    declared = pa.schema([_declared(field) for field in schema])
    for source, file in zip(lines, files, strict=True):
        with parquet.ParquetWriter(file, declared) as writer:
            for block in _blocks(source):
                writer.write_table(read(block, declared))


def tree_ids(file: Any) -> Iterator[str] | None:
    """The column ``tree`` of a Parquet file, or None if it has no such column."""
    from pyarrow import parquet

    table = parquet.ParquetFile(file)
    if "tree" not in table.schema_arrow.names:
        return None
    return (str(one) for batch in table.iter_batches(columns=["tree"]) for one in batch.column(0).to_pylist())


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    source.seek(0)
    while lines := source.readlines(BLOCK_BYTES):
        yield b"".join(lines)


def _untimed(field: Any) -> Any:
    """``field`` with text where Arrow has taken a text for a time."""
    import pyarrow as pa

    return field.with_type(_mapped(field.type, pa.null(), pa.null()))


def _declared(field: Any) -> Any:
    """``field`` without a null type in it."""
    import pyarrow as pa

    like = PreferencePair.model_fields.get(field.name)
    kinds = (like.annotation, *get_args(like.annotation)) if like else ()
    known = next((name for python, name in _TYPES.items() if python in kinds), "string")
    return field.with_type(_mapped(field.type, getattr(pa, known)(), pa.string()))


def _mapped(kind: Any, empty: Any, inner: Any) -> Any:
    """``kind`` with its times as texts, and a null type as ``empty``, in lists and structs as ``inner``."""
    import pyarrow as pa

    if pa.types.is_null(kind):
        return empty
    if pa.types.is_temporal(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_mapped(kind.value_type, inner, inner))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_mapped(field.type, inner, inner)) for field in kind])
    return kind
