"""The Jinja that prompt files may use: no way out to Python, and a bound on the work and the size of each rendering.

Jinja's own sandbox keeps a template from reaching Python, yet renders 200 MB from one line. Here every rendering may
spend ``WORK`` units, and whatever can grow or take long is paid for: a character that is written or put into a value, a
step through the body of a loop. What has no price (macros, recursion, repeated text, formats with a width) is not in
the language. A template that only prints, loops over inputs and includes pays for its loops and its text alone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, MutableMapping
from functools import partial
from itertools import islice
from typing import Any, cast

from jinja2 import (
    Environment,
    StrictUndefined,
    TemplateRuntimeError,
    TemplateSyntaxError,
    Undefined,
    nodes,
    pass_context,
)
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.utils import Namespace

from personagen.records import Message, Record

WORK = 4_000_000  # the text of a million tokens
LONGEST = 200_000  # characters of a prompt file
_TOO_MUCH = f"this makes more than {WORK:,} characters, or takes as many steps"
_INCLUDE = 5000  # nodes that an include counts for in a loop
_PIECES = 64  # joined at once
_LARGEST = WORK // 4  # characters of a value that a template builds
_BITS = 64  # of a number
_FIELDS = frozenset(Message.model_fields)
_STATEMENTS = (nodes.Template, nodes.Output, nodes.If, nodes.For, nodes.Include, nodes.Assign, nodes.With)
_HELPERS = (nodes.Keyword, nodes.Pair, nodes.Operand)
_NOT_HERE = (nodes.Pow, nodes.MarkSafe, nodes.EnvironmentAttribute, nodes.ExtensionAttribute)
_BUILT = (nodes.List, nodes.Tuple, nodes.Dict)
_FILTERS = """
    abs capitalize count d default dictsort first float groupby indent int items join last length list lower map max min
    reject rejectattr replace reverse round select selectattr sort string title tojson trim truncate unique upper
    wordcount
""".split()  # noqa: SIM905
_TESTS = """
    boolean defined divisibleby even false float integer iterable lower mapping none number odd sequence string true
    undefined upper
""".split()  # noqa: SIM905
_COMPARING = "!= < <= == > >= eq equalto ge greaterthan gt in le lessthan lt ne sameas".split()  # noqa: SIM905
_METHODS = frozenset(
    """
    capitalize casefold changed count cycle endswith find get index isalnum isalpha isdecimal isdigit islower isspace
    isupper items join keys lower lstrip partition removeprefix removesuffix replace rfind rpartition rsplit rstrip
    split splitlines startswith strip swapcase title upper values
    """.split()  # noqa: SIM905
)
_OWNERS = (str, list, tuple, dict, LoopContext)
_PLAIN = Environment()  # noqa: S701 - the source of filters and tests; nothing is rendered with it
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    **{"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv},
    **{"//": operator.floordiv, "%": operator.mod},
}


class _Space(Namespace):
    """What ``namespace()`` gives. It shows nothing of what it holds, which may be the same text many times."""

    def __repr__(self) -> str:
        return "<namespace>"


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with a bound. ``left`` is what the rendering under way may still spend."""

    intercepted_binops = frozenset(_OPERATORS) | {"**"}

    def __init__(self, **options: Any) -> None:
        super().__init__(undefined=StrictUndefined, auto_reload=False, **options)
        self.left = WORK
        self.globals = {"range": safe_range, "dict": dict, "namespace": _Space}
        self.filters = {name: _metered(name) for name in _FILTERS} | {"_weighed": _weighed}
        self.filters["_steps"] = self._steps
        self.tests = {name: _PLAIN.tests[name] for name in _TESTS} | {name: _comparing(name) for name in _COMPARING}

    def spend(self, units: int) -> None:
        """Takes ``units`` from what is left.

        Raises:
            TemplateRuntimeError: there is less.
        """
        self.left -= units
        if self.left < 0:
            raise TemplateRuntimeError(_TOO_MUCH)

    def concat(self, parts: Iterable[str]) -> str:
        """The text from its pieces. Jinja calls this once a rendering, and all of a template runs within it."""
        self.left = WORK
        pieces, texts = cast("Generator[str]", parts), []
        while some := list(islice(pieces, _PIECES)):
            texts.append("".join(some))
            self.left -= len(texts[-1])
            if self.left < 0:
                pieces.throw(TemplateRuntimeError(_TOO_MUCH))  # there, so that its line is known
        return "".join(texts)

    def getattr(self, obj: Any, attribute: str) -> Any:
        # Without the costly look at what is asked for most and is harmless: the fields of a message.
        if type(obj) is Message and attribute in _FIELDS:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **(d or {})}  # Jinja's own chain of mappings is copied slowly, once a rendering

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj()
        name, owner = getattr(obj, "__name__", ""), getattr(obj, "__self__", None)
        if obj not in self.globals.values() and not (isinstance(owner, _OWNERS) and name in _METHODS):
            raise TemplateRuntimeError(f"{name or 'this'} can't be called in a prompt")
        return self.paid(name, partial(super().call, context, obj), owner, args, kwargs)

    def paid(
        self, name: str, act: Callable[..., Any], value: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """What ``act(*args, **kwargs)`` gives, paid for by what it reads and gives; an iterator is made a list."""
        given = (*args, *kwargs.values())
        self.spend(sum(map(self.weight, (value, *given))))
        self.spend(_growth(name, value, given))
        result = act(*args, **kwargs)
        if isinstance(result, Iterator):
            result = list(islice(result, self.left + 1))
        self.spend(self.weight(result))
        return _small(result)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        if operator == "+":
            self.spend(self.weight(left) + self.weight(right))
        elif operator in "*%" and any(isinstance(one, str | list | tuple) for one in (left, right)):
            raise TemplateRuntimeError(f"{operator} is for numbers in a prompt")
        return _small(_OPERATORS[operator](_small(left), _small(right)))

    def weight(self, value: Any) -> int:
        """About how many characters ``value`` is as text; what it holds twice counts twice.

        Raises:
            TemplateRuntimeError: more than is left, or than a value may be.
        """
        if type(value) is str:
            return len(value)
        total, inside, most = 0, [value], min(self.left, _LARGEST)
        while inside:
            one = inside.pop()
            total += 4
            if isinstance(one, str):
                total += len(one)
            elif isinstance(one, int | Undefined):
                continue
            elif isinstance(one, Mapping):
                inside += [*one.keys(), *one.values()]
            elif isinstance(one, Collection):
                inside += one
            elif isinstance(one, Record):
                inside += vars(one).values()
            if total > most:
                self.spend(WORK)
        return total

    @pass_context
    def _steps(self, _: Context, items: Any, size: int) -> Any:
        """What a loop goes through, paid for: ``size`` nodes a step."""
        if type(items) is not list and not isinstance(items, Collection):
            items = list(islice(items, self.left // size + 1))
        self.spend((1 + len(items)) * size)
        return items

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        first = len(source) - len(source.lstrip("\n")) + 1
        if len(source) > LONGEST:
            raise TemplateSyntaxError(f"a prompt file has at most {LONGEST:,} characters", first, name, filename)
        try:
            tree = super()._parse(source, name, filename)
            _harden(tree)
        except RecursionError:
            raise TemplateSyntaxError("this is nested too deeply", first, name, filename) from None
        return tree


def _harden(node: nodes.Node) -> int:
    """Puts a price on what can grow or take long, refuses what has none, and counts the nodes."""
    if not isinstance(node, (nodes.Expr, *_STATEMENTS, *_HELPERS)) or isinstance(node, _NOT_HERE):
        raise TemplateSyntaxError(f"{_called(node)} has no place in a prompt", node.lineno)
    if isinstance(node, nodes.For) and node.recursive:
        raise TemplateSyntaxError("a loop in a prompt is not recursive", node.lineno)
    size = _INCLUDE if isinstance(node, nodes.Include) else 1
    for child in list(node.iter_child_nodes()):
        size += _harden(child)
    if isinstance(node, nodes.For):
        node.iter = _through("_steps", node.iter, nodes.Const(size))
    elif isinstance(node, nodes.Operand) and not isinstance(node.expr, nodes.Const):
        node.expr = _through("_weighed", node.expr)
    elif isinstance(node, nodes.Concat):  # each before all are joined at once
        node.nodes = [_through("_weighed", one) for one in node.nodes]
    else:
        for name, value in node.iter_fields():
            if isinstance(value, list):
                setattr(node, name, [_weighing(one) for one in value])
            elif isinstance(value, nodes.Node):
                setattr(node, name, _weighing(value))
    return size


def _weighing(value: Any) -> Any:
    """``value``, or what weighs it where it is an expression that builds a value."""
    built = isinstance(value, _BUILT) and getattr(value, "ctx", "load") == "load"
    sliced = isinstance(value, nodes.Getitem) and isinstance(value.arg, nodes.Slice)
    return _through("_weighed", value) if built or sliced else value


def _through(name: str, value: nodes.Node, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(value, name, list(args), [], None, None, lineno=value.lineno)


def _called(node: nodes.Node) -> str:
    names = {"Pow": "**", "AssignBlock": "a set block", "FilterBlock": "a filter block", "FromImport": "import"}
    return names.get(type(node).__name__, type(node).__name__.lower())


@pass_context
def _weighed(context: Context, value: Any) -> Any:
    sandbox = cast(Sandbox, context.environment)
    sandbox.spend(sandbox.weight(value))
    return value


def _metered(name: str) -> Callable[..., Any]:
    """Jinja's filter ``name``, paid for."""

    @pass_context
    def run(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        def act(*args: Any, **kwargs: Any) -> Any:
            return _PLAIN.call_filter(name, value, args, kwargs, context=context)

        return cast(Sandbox, context.environment).paid(name, act, value, args, kwargs)

    return run


def _comparing(name: str) -> Callable[..., Any]:
    """Jinja's test ``name``, which compares with its argument."""

    @pass_context
    def run(context: Context, value: Any, *args: Any) -> Any:
        _weighed(context, args)
        return _PLAIN.call_test(name, value, args, context=context)

    return run


def _small(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > _BITS:
        raise TemplateRuntimeError("this number is too large for a prompt")
    return value


def _growth(name: str, value: Any, given: Iterable[Any]) -> int:
    """How many characters the filter or method ``name`` adds where its arguments multiply; some it may not have."""
    given = tuple(given)
    longest = max((len(one) for one in given if isinstance(one, str)), default=0)
    number = max((one for one in given if isinstance(one, int | float)), default=0)
    if name == "replace":
        return (len(str(value)) + 1) * longest
    if name == "indent":
        return (str(value).count("\n") + 1) * int(max(longest, number))
    if name == "join":
        both = [one for one in (value, *given) if isinstance(one, Collection)]
        return max(map(len, both), default=0) * max(longest, len(value) if isinstance(value, str) else 0)
    if (name == "round" and number > 20) or (name == "tojson" and given):
        raise TemplateRuntimeError(f"{name} takes no such argument in a prompt")
    return 0
