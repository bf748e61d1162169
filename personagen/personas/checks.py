"""Checks of persona records from files, before their ids name anything."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import ValidationError

from personagen.records import Persona

# An id is on one line, and safe as a file name.
ID = re.compile(r"[^./\\\s\x00-\x1f\x7f-\x9f][^/\\\x00-\x1f\x7f-\x9f]{0,199}")


def record_of(row: Mapping[str, object]) -> Persona:
    """The persona in ``row``; raises ValueError if it is not a valid one."""
    try:
        persona = Persona.model_validate(row)
        persona.line()
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except TypeError:
        raise ValueError("it holds a lone surrogate") from None
    if not ID.fullmatch(persona.id):
        rule = "its id is empty, longer than 200 characters, starts with a dot or white space, or holds"
        raise ValueError(f"{rule} /, \\ or a control character")
    return persona
