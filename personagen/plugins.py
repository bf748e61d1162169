"""Functions of the user's own, named on the command line as ``package.module:function``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from personagen.errors import UsageError


def function(name: str) -> Any:
    """The object that ``package.module:function`` names; the working folder counts as importable.

    Raises:
        UsageError: it can't be imported; the message says why.
    """
    module, colon, attribute = name.partition(":")
    if not colon or not module or not attribute:
        raise UsageError(f"{name!r} names no function; write it as package.module:function")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # a module of the user's own can fail in any way while it is imported
        raise UsageError(f"{name} can't be loaded: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise UsageError(f"{name} is no function")
    return found
