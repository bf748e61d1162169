"""The file of variables that ``--env-file`` names, for keys. They go into this process's environment only."""

from __future__ import annotations

import io
import os
from pathlib import Path

from personagen.errors import UsageError
from personagen.options.row import FilePath


def load_variables(file: FilePath | None) -> None:
    """Sets the variables in ``file`` that are not set yet.

    Raises:
        UsageError: the file can't be read; the message never quotes it.
    """
    if file is None:
        return
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"--env-file {file}: {error.strerror}; check the path and its permissions") from None
    except UnicodeDecodeError:
        raise UsageError(f"--env-file {file}: not UTF-8; save the file as UTF-8") from None
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key and binding.value is None):
            begins = binding.original.string
            line = binding.original.line + begins[: len(begins) - len(begins.lstrip())].count("\n")
            raise UsageError(f"--env-file {file}:{line}: not a line like NAME=value; correct it")
    for name, value in dotenv_values(stream=io.StringIO(text)).items():
        os.environ.setdefault(name, value or "")
