"""User functions, named on the command line as ``package.module:function``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from personagen.errors import UsageError


def function(name: str) -> Any:
    """The function that ``package.module:function`` names; modules of the working folder can be imported."""
    module, colon, attribute = name.partition(":")
    if not colon or not module or not attribute:
        raise UsageError(f"{name!r} does not name a function; write it as package.module:function")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # importing a user's module can fail in any way
        raise UsageError(f"{name} can't be loaded: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise UsageError(f"{name} is not a function")
    return found
