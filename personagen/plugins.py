"""User functions: loaded by the name ``package.module:function``, or given in Python; and where they are defined."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.options import NamedFunction


def function(name: str) -> Any:
    """The function that ``name`` holds, or that ``package.module:function`` names.

    Modules of the working folder can be imported.

    Raises:
        UsageError: there is no such function; the message says where its module fails.
    """
    if isinstance(name, NamedFunction):
        return name.function
    module, colon, attribute = name.partition(":")
    if not colon or not module or not attribute:
        raise UsageError(f"{name!r} does not name a function; write it as package.module:function")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        place = f"neither {here} nor an installed package has a module {error.name}"
        raise UsageError(
            f"{name} can't be loaded: {place}{_raised_at(error)}; check the name and the folder"
        ) from error
    except Exception as error:  # importing a user's module can fail in any way
        raise UsageError(f"{name} can't be loaded: {type(error).__name__}: {error}{_raised_at(error)}") from error
    if not callable(found):
        raise UsageError(f"{name} is not a function")
    return found


def is_async(found: Any) -> bool:
    """Whether a call of ``found`` is awaited."""
    while hasattr(found, "func"):  # partial
        found = found.func
    return inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(type(found).__call__)


def location(found: Any, error: BaseException | None = None) -> str:
    """``FILE:LINE`` where ``error`` was raised in the file of ``found``, or else where ``found`` is defined.

    Empty for a function that has no Python code.
    """
    while hasattr(found, "func"):
        found = found.func
    found = inspect.unwrap(found)
    body = getattr(found if hasattr(found, "__code__") else type(found).__call__, "__code__", None)
    if body is None:
        return ""
    frames = traceback.extract_tb(error.__traceback__) if error else []
    lines = [frame.lineno for frame in frames if frame.filename == body.co_filename and frame.lineno]
    return f"{_short(body.co_filename)}:{lines[-1] if lines else body.co_firstlineno}"


def _raised_at(error: Exception) -> str:
    """``, at FILE:LINE`` of the innermost frame that is not of the import itself."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen") and frame.filename not in (__file__, importlib.__file__)
    ]
    return f", at {_short(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""


def _short(file: str) -> str:
    here = Path.cwd()
    return str(Path(file).relative_to(here)) if Path(file).is_relative_to(here) else file
