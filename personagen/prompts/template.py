"""The Jinja environment of prompt files: Jinja's sandbox, with a limit on the text that a template produces.

The limit holds for each rendering, macro, set block and concatenation with ``~`` or ``+``, and is checked before the
pieces are joined. CPU time is not limited.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, MutableMapping
from itertools import islice
from typing import Any

from jinja2 import StrictUndefined, TemplateRuntimeError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from personagen.records import Message, Record

MAX_CHARACTERS = 4_000_000  # of a rendering: the text of a million tokens
MAX_RANGE = 10_000
MAX_BITS = 64  # of a number
_FIELDS = frozenset(Message.model_fields)


class _Code(CodeGenerator):
    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Compiles ``a ~ b`` to the environment's ``concat``, which checks the limit."""
        self.write("concat(map(str, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write(")))")


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with limits; stateless, so rendering is re-entrant."""

    code_generator_class = _Code
    intercepted_binops = frozenset({"+", "*", "%", "**"})

    def __init__(self, **options: Any) -> None:
        super().__init__(undefined=StrictUndefined, auto_reload=False, **options)
        self.globals["range"] = _range
        del self.globals["lipsum"], self.filters["random"]  # they are not deterministic

    def concat(self, parts: Iterable[str]) -> str:
        """Joins the pieces of renderings, macros and blocks, up to ``MAX_CHARACTERS``."""
        pieces, texts, total = iter(parts), list[str](), 0
        while some := list(islice(pieces, 64)):  # one by one takes 25 % longer
            texts.append("".join(some))
            total += len(texts[-1])
            if total > MAX_CHARACTERS:
                error = TemplateRuntimeError(f"this produces more than {MAX_CHARACTERS:,} characters")
                if isinstance(pieces, Generator):
                    pieces.throw(error)  # so that the traceback has the template's line
                raise error
        return "".join(texts)

    def getattr(self, obj: Any, attribute: str) -> Any:
        # A fast path for the fields of a message, which are the most frequent and safe.
        if type(obj) is Message and attribute in _FIELDS:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        # Only the fields of records: pydantic's methods read files and pickles.
        if isinstance(obj, Record):
            return attr in type(obj).model_fields
        return super().is_safe_attribute(obj, attr, value)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **(d or {})}  # Jinja's ChainMap is slow to copy for each rendering

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "+":
            if sum(len(one) for one in (left, right) if isinstance(one, str | list | tuple)) > MAX_CHARACTERS:
                raise TemplateRuntimeError(f"this produces more than {MAX_CHARACTERS:,} characters")
        elif not numbers:
            raise TemplateRuntimeError(f"{operator} takes only numbers in a prompt")
        elif operator == "**" and right > MAX_BITS:
            raise TemplateRuntimeError("the number is too large for a prompt")
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and result.bit_length() > MAX_BITS:
            raise TemplateRuntimeError("the number is too large for a prompt")
        return result


def _range(*args: int) -> range:
    made = range(*args)
    if len(made) > MAX_RANGE:
        raise TemplateRuntimeError(f"a range in a prompt has at most {MAX_RANGE:,} numbers")
    return made
