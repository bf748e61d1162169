"""Bytes to lines: compression, encodings, line ends."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

from personagen.errors import UsageError
from personagen.readers.row import Fault, Note

MAX_LINE_CHARS = 1_000_000  # a description has a few hundred
COMPRESSED = (".gz", ".zst")
_CHUNK = 1 << 20
_BOM = "\ufeff"
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_NAMES = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp1252": "Windows-1252"}
_UNDECODED = re.compile("[\udc80-\udcff]")
# Letters, quotes, dashes and signs that Western European texts have, one or two in a row.
_WESTERN = re.compile(rb"(?<![\x80-\xff])[\x80\x85\x8a\x8c\x8e\x91-\x97\x9a\x9c\x9e\x9f\xa0-\xfe]{1,2}(?![\x80-\xff])")
_HIGH = re.compile(rb"[\x80-\xff]+")

Line: TypeAlias = tuple[int, str]


def suffix_of(path: Path) -> str:
    """The suffix that names the format, in lower case: ``.csv`` of ``people.csv.gz``."""
    inner = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return inner.suffix.lower()


def opened(path: Path) -> BinaryIO:
    """``path`` for reading bytes, uncompressed."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if suffix == ".zst":
        return cast(BinaryIO, io.BufferedReader(arrow(path).CompressedInputStream(str(path), "zstd")))
    return path.open("rb")


def arrow(path: object) -> Any:
    """The module ``pyarrow``; ``UsageError`` if it is not installed."""
    try:
        import pyarrow
    except ImportError:
        raise UsageError(f"{path} is read with pyarrow: pip install 'personagen[parquet]'") from None
    return pyarrow


def encoding_of(path: Path) -> str:
    """The codec of a text file, which is read once: UTF-8, UTF-16 or Windows-1252."""
    with opened(path) as file:
        head = file.read(_CHUNK)
        for mark, codec in _BOMS.items():
            if head.startswith(mark):
                return codec
        if len(head) >= 2 and head.count(0) * 3 >= len(head):  # ASCII letters in UTF-16 have a zero byte each
            return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while head:
                decoder.decode(head)
                head = file.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252" if _is_western(path) else "utf-8"
    return "utf-8"


def _is_western(path: Path) -> bool:
    """Whether every byte above 127 looks like a Western European letter or sign between ASCII characters."""
    with opened(path) as file:
        while chunk := file.read(_CHUNK) + file.readline(_CHUNK):
            for found in _HIGH.finditer(chunk):
                if not _WESTERN.fullmatch(found[0]) or _is_utf8(found[0]):
                    return False
    return True


def _is_utf8(some: bytes) -> bool:
    try:
        return bool(some.decode())
    except UnicodeDecodeError:
        return False


def text_of(path: Path) -> tuple[str, list[Note]]:
    """A whole text file; a byte that can't be decoded is a lone surrogate."""
    codec = encoding_of(path)
    with opened(path) as file, _text(file, codec) as text:
        parts = []
        while part := text.read(_CHUNK):
            parts.append(part)
        return "".join(parts).lstrip(_BOM), _said(codec)


def lines_of(path: Path) -> Iterator[Line | Fault | Note]:
    """The numbered lines of a text file, without their ends: LF, CR LF or CR alone."""
    codec = encoding_of(path)
    yield from _said(codec)
    with opened(path) as file, _text(file, codec) as text:
        number = 0
        while line := text.readline(MAX_LINE_CHARS + 1):
            number += 1
            if len(line) > MAX_LINE_CHARS and not line.endswith("\n"):
                while line and not line.endswith("\n"):
                    line = text.readline(_CHUNK)
                yield Fault(number, f"the line is longer than {MAX_LINE_CHARS:,} characters")
                continue
            line = line.rstrip("\n").lstrip(_BOM)  # files that were put together have one inside
            yield Fault(number, problem) if (problem := undecodable(line)) else (number, line)


def undecodable(line: str) -> str:
    """What can't be text in a line; empty if nothing."""
    if not line.isascii() and (bad := _UNDECODED.search(line)):
        at = len(line[: bad.start()].encode("utf-8", "surrogateescape")) + 1
        return f"byte {at} of the line is not UTF-8; save the file as UTF-8"
    return "the line holds a NUL byte" if "\0" in line else ""


def _text(file: BinaryIO, codec: str) -> io.TextIOWrapper:
    errors = "replace" if codec.startswith("utf-16") else "surrogateescape"
    return io.TextIOWrapper(file, codec, errors=errors)


def _said(codec: str) -> list[Note]:
    return [Note(0, f"read as {_NAMES[codec]}, since it is not UTF-8")] if codec in _NAMES else []
