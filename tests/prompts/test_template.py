"""What a template of a prompt file may do, and that no rendering grows or goes on without a bound."""

from __future__ import annotations

import re
import tracemalloc

import pytest

from personagen.errors import UsageError
from personagen.prompts import files as prompts
from personagen.prompts.template import LONGEST, WORK
from personagen.records import Message

TALK = [Message(role=("user", "assistant")[i % 2], content=f"say {i}") for i in range(40)]
INPUTS = {"talk": TALK, "name": "Ada", "words": ["b", "a"], "count": 3, "long": "word " * 4000}
NESTED = "{% for a in range(100000) %}{% for b in range(100000) %}%s{% endfor %}{% endfor %}"
TWICE = "{% set ns = namespace(x=%s) %}{% for i in range(60) %}{% set ns.x = %s %}{% endfor %}"


@pytest.fixture
def load(tmp_path):
    """Loads a prompt with this body, and what it includes as ``part.md`` and ``other.md``."""

    def load(body, **parts):
        used = [name for name in INPUTS if re.search(rf"\b{name}\b", " ".join([body, *parts.values()]))]
        (tmp_path / "judge").mkdir(exist_ok=True)
        front = f"---\ndescription: d\ninputs: [{', '.join(used)}]\n---\nuser:\n"
        (tmp_path / "judge" / "prefer.md").write_text(front + body)
        for name, text in parts.items():
            (tmp_path / f"{name}.md").write_text(text)
        return prompts.load("judge/prefer", (tmp_path,))

    return load


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("{{ words | sort | join(', ') }} {{ name | upper }} {{ talk | length }}", "a, b ADA 40"),
        ("{{ talk | selectattr('role', 'equalto', 'user') | map(attribute='content') | first }}", "say 0"),
        (
            "{% for m in talk if 'say 3' in m.content %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{% endfor %}",
            "1a2b3a4b5a6b7a8b9a10b11a",
        ),
        (
            "{% for m in talk[-2:] %}{{ loop.index }}/{{ loop.length }} {{ m.content }};{% endfor %}",
            "1/2 say 38;2/2 say 39;",
        ),
        ("{% set ns = namespace(n=0) %}{% for m in talk %}{% set ns.n = ns.n + 2 %}{% endfor %}{{ ns.n }}", "80"),
        ("{% set both = name ~ '!' ~ count %}{{ both }} {{ count * 2 - 1 }} {{ 7 % count }}", "Ada!3 5 1"),
        ("{% for n in range(1, count + 1) %}{{ n }}{% else %}none{% endfor %}", "123"),
        ("{{ {'a': [1, 2]}['a'][1] }} {{ dict(b=3).get('b') }} {{ words.index('a') }}", "2 3 1"),
        ("{{ ', '.join(words) }} {{ name.replace('A', 'I') }} {{ 'x' if name in words else 'y' }}", "b, a Ida y"),
        ("{{ words | tojson }} {{ name | default('n') }} {{ 'a\nb' | indent(2) }}", '["b", "a"] Ada a\n  b'),
        ("{% with n = name %}{{ n }}{% endwith %}{% if name is defined and count is odd %} odd{% endif %}", "Ada odd"),
    ],
)
def test_what_prompts_need_is_there(load, body, made):
    assert load(body).render(INPUTS)[0].content == made


@pytest.mark.parametrize(
    "body",
    [
        '{{ "x" * 200000000 }}',
        "{{ [1] * 200000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        '{{ "%200000000d" % 1 }}',
        '{{ "{:>200000000}".format(1) }}',
        '{{ "{:>200000000}".format_map({}) }}',
        '{{ "x".center(200000000) }}',
        '{{ "x".zfill(200000000) }}',
        '{{ "\t".expandtabs(200000000) }}',
        "{{ count.to_bytes(200000000) }}",
        '{{ "x" | center(200000000) }}',
        '{{ "x" | indent(200000000, first=True) }}',
        '{{ "x\n" | indent(width=200000000) }}',
        '{{ "%200000000d" | format(1) }}',
        "{{ long | replace('w', long) }}",
        "{{ long.replace('w', long) }}",
        "{{ range(100000) | join(long) }}",
        "{{ long.join(range(100000) | map('string')) }}",
        "{{ [1] | batch(200000000, 'x') | list }}",
        "{{ [1] | slice(200000000) | list }}",
        "{{ long | wordwrap(1, wrapstring=long) }}",
        "{{ words | tojson(indent=200000000) }}",
        "{{ 5.5 | round(200000000, 'ceil') }}",
        NESTED.replace("%s", ""),
        NESTED.replace("%s", "{% if a == b %}{% endif %}"),
        NESTED.replace("%s", "{{ long }}"),
        "{% for a in range(100000) %}{{ range(100000) | list }}{% endfor %}",
        "{% for a in range(100000) %}{{ name in (range(100000) | list) }}{% endfor %}",
        "{% set a = range(99999)|list %}{% set b = a[:] %}{% for i in a %}{% if a == b %}{% endif %}{% endfor %}",
        "{% for a in talk %}{% for b in talk %}{% for c in talk %}{% for d in talk %}{% endfor %}{% endfor %}"
        "{% endfor %}{% endfor %}",
        TWICE.replace("%s", '"ab"', 1).replace("%s", "ns.x ~ ns.x"),
        TWICE.replace("%s", '"ab"', 1).replace("%s", "ns.x + ns.x"),
        TWICE.replace("%s", "[1]", 1).replace("%s", "ns.x + ns.x"),
        TWICE.replace("%s", "[1]", 1).replace("%s", "[ns.x, ns.x]") + "{{ ns.x }}",
        TWICE.replace("%s", "(1,)", 1).replace("%s", "(ns.x, ns.x)") + "{{ ns.x }}",
        TWICE.replace("%s", "{}", 1).replace("%s", "{'a': ns.x, 'b': ns.x}") + "{{ ns.x }}",
        TWICE.replace("%s", "{}", 1).replace("%s", "dict(a=ns.x, b=ns.x)") + "{{ ns.x }}",
        TWICE.replace("%s", "9", 1).replace("%s", "ns.x * ns.x") + "{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% macro f(n) %}{{ f(n - 1) }}{{ f(n - 1) }}{% endmacro %}{{ f(30) }}",
        "{% for a in talk recursive %}{{ loop(talk) }}{% endfor %}",
        "{% set a %}{% for i in range(99999) %}{{ long }}{% endfor %}{% endset %}",
        "{% filter upper %}{% for i in range(99999) %}{{ long }}{% endfor %}{% endfilter %}",
        '{% import "part.md" as p %}',
        '{% extends "part.md" %}',
        "{% block b %}{% endblock %}",
        '{% for a in range(9999) %}{% include "part.md" %}{% endfor %}',
        '{% include "more.md" %}',
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "not " * 5000 + "1 }}",
        "{{ 1" + " + 1" * 20_000 + " }}",
        "{% for a in talk %}" * 30 + "{% endfor %}" * 30,
        "x" * (LONGEST + 1),
    ],
)
def test_no_template_grows_or_goes_on_without_a_bound(load, body):
    more = "{% include 'part.md' %}" * 5000
    with pytest.raises(UsageError, match=r"(prefer|more)\.md:\d+: "):
        load(body, part="{% if 1 %}{% endif %}" * 500, more=more).render(INPUTS)


def test_a_namespace_shows_nothing_of_what_it_holds_many_times(load):
    twice = "".join(f"{{% set n{i + 1} = namespace(a=n{i}, b=n{i}) %}}" for i in range(60))
    text = load("{% set n0 = namespace(a=long) %}" + twice + "{{ n60 }}").render(INPUTS)[0].content
    assert text == "<namespace>"


def test_a_text_of_many_pieces_is_given_up_before_it_is_joined(load):
    prompt = load("{% set a = long ~ long %}{{ " + "a ~ " * 2000 + "a }}")
    tracemalloc.start()
    with pytest.raises(UsageError, match="this makes more than"):
        prompt.render(INPUTS)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10e6  # joined, it has 80 MB


def test_every_rendering_may_spend_the_same(load):
    prompt = load("{% for i in range(count) %}{{ long }}{% endfor %}")
    most = WORK // len(INPUTS["long"]) - 10
    for _ in range(3):
        assert len(prompt.render({**INPUTS, "count": most})[0].content) > WORK * 0.9
        with pytest.raises(UsageError, match=r"prefer\.md.*: this makes more than 4,000,000 characters"):
            prompt.render({**INPUTS, "count": most + 20})


def test_a_file_that_includes_itself_is_refused_by_name(load):
    with pytest.raises(UsageError, match=r"other\.md:1: it includes part\.md, which"):
        load('{% include "part.md" %}', part='{% include "other.md" %}', other='{% include "part.md" %}')


def test_an_error_in_an_included_file_names_that_file_and_its_line(load):
    with pytest.raises(UsageError, match=r"part\.md:2: "):
        load('{{ name }}\n{% include "part.md" %}', part="one\n{% if %}")
    with pytest.raises(UsageError, match=r"part\.md:3: "):
        load('{% include "part.md" %}', part="one\ntwo\n{{ name.first.second }}").render(INPUTS)


@pytest.mark.parametrize(
    "body", ["{{ name.__class__ }}", "{{ words.append(1) }}", "{{ ''['__class__'] }}", "{{ nn() }}"]
)
def test_no_template_reaches_python_or_changes_an_input(load, body):
    with pytest.raises(UsageError):
        load(body).render(INPUTS)
    assert INPUTS["words"] == ["b", "a"]
