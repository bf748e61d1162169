"""What the template of a prompt file may do, and that the text it makes is limited."""

from __future__ import annotations

import re
import tracemalloc

import pytest

from personagen.errors import UsageError
from personagen.prompts import files
from personagen.prompts.files import MAX_FILE_CHARS
from personagen.prompts.template import MAX_CHARACTERS
from personagen.records import Message

TALK = [Message(role=("user", "assistant")[i % 2], content=f"say {i}") for i in range(40)]
INPUTS = {"talk": TALK, "name": "Ada", "words": ["b", "a"], "count": 3, "long": "word " * 4000}
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
        return files.load("judge/prefer", (tmp_path,))

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
        ("{% macro greet(who) %}Hi {{ who }}{% endmacro %}{{ greet(name) }}, {{ greet('Bo') }}", "Hi Ada, Hi Bo"),
        ("{% set both %}{{ name }} and Bo{% endset %}{{ both | upper }}", "ADA AND BO"),
        ("{% filter upper %}{{ name }}{% endfilter %} {{ name | center(7) | replace(' ', '.') }}", "ADA ..Ada.."),
        ("{{ '%s is %d' | format(name, count) }} {{ '{:>5}'.format(name) }}", "Ada is 3   Ada"),
        ("{% for w in words recursive %}{{ w }}{% endfor %} {{ words | batch(1) | list }}", "ba [['b'], ['a']]"),
        ("{{ 2 ** 3 }} {{ words + [name] }} {{ name + '!' }} {{ 1.5 + count }}", "8 ['b', 'a', 'Ada'] Ada! 4.5"),
        ('{% import "part.md" as part %}{{ part.greet(name) }}', "Hi Ada"),
    ],
)
def test_what_prompts_need_is_there(load, body, made):
    assert load(body, part="{% macro greet(who) %}Hi {{ who }}{% endmacro %}").render(INPUTS)[0].content == made


@pytest.mark.parametrize(
    "body",
    [
        "\n{% for i in range(999) %}{{ long }}{% endfor %}",
        "\n{% for i in range(999) %}{% include 'part.md' %}{% endfor %}",
        "\n{% set a %}{% for i in range(999) %}{{ long }}{% endfor %}{% endset %}{{ a | length }}",
        "{% macro f() %}\n{% for i in range(999) %}{{ long }}{% endfor %}{% endmacro %}{{ f() | length }}",
        "\n{% filter length %}{% for i in range(999) %}{{ long }}{% endfor %}{% endfilter %}",
        "\n{{ long | replace('w', long) }}" + "{{ name }}" * 64,
        "\n" + TWICE.replace("%s", '"ab"', 1).replace("%s", "ns.x ~ ns.x"),
        "\n" + TWICE.replace("%s", '"ab"', 1).replace("%s", "ns.x + ns.x"),
        "\n" + TWICE.replace("%s", "[1]", 1).replace("%s", "ns.x + ns.x"),
    ],
)
def test_a_rendering_of_more_than_the_limit_is_refused_with_file_and_line(load, body):
    part = {"part": "{{ long }}"} if "part.md" in body else {}
    with pytest.raises(UsageError, match=r"prefer\.md:7: this produces more than 4,000,000 characters"):
        load(body, **part).render(INPUTS)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('{{ "x" * 200000000 }}', r"\* takes only numbers"),
        ("{{ [1] * 200000000 }}", r"\* takes only numbers"),
        ('{{ "%200000000d" % 1 }}', "% takes only numbers"),
        ("{{ 9 ** 9 ** 9 }}", "number is too large"),
        ("{{ (9 ** 20) ** 60 }}", "number is too large"),
        (TWICE.replace("%s", "9", 1).replace("%s", "ns.x * ns.x"), "number is too large"),
        ("{{ range(10001) }}", "a range in a prompt has at most 10,000"),
        ("{% macro f(n) %}{{ f(n - 1) }}{{ f(n - 1) }}{% endmacro %}{{ f(30) }}", "recursion"),
        ("{{ [] | random }}", "No filter named 'random'"),
        ('{% include "more.md" %}', "with its includes it has more than"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "too deep"),
        ("{{ 1" + " + 1" * 20_000 + " }}", "too deep"),
        ("{% for a in talk %}" * 30 + "{% endfor %}" * 30, "too deep"),
        ("x" * (MAX_FILE_CHARS + 1), "a prompt file has at most 200,000"),
    ],
)
def test_what_is_too_much_is_refused_with_file_and_line(load, body, complaint):
    with pytest.raises(UsageError, match=rf"(prefer|more)\.md:\d+: .*{complaint}"):
        load(body, part="", more="{% include 'part.md' %}" * 5000).render(INPUTS)


def test_a_text_of_many_pieces_is_given_up_before_it_is_joined(load):
    prompt = load("{% set a = long ~ long %}{{ " + "a ~ " * 2000 + "a }}")
    tracemalloc.start()
    with pytest.raises(UsageError, match=r"prefer\.md:\d+: this produces more than"):
        prompt.render(INPUTS)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10e6  # joined, it has 80 MB


def test_every_rendering_has_the_same_limit(load):
    prompt = load("{% for i in range(count) %}{{ long }}{% endfor %}")
    most = MAX_CHARACTERS // len(INPUTS["long"]) - 10
    for _ in range(3):
        assert len(prompt.render({**INPUTS, "count": most})[0].content) > MAX_CHARACTERS * 0.9
        with pytest.raises(UsageError, match=r"prefer\.md.*: this produces more than 4,000,000 characters"):
            prompt.render({**INPUTS, "count": most + 20})


def test_a_rendering_within_a_rendering_changes_nothing_of_its_limit(load):
    prompt = load("{% for i in range(count) %}{{ long }}{% endfor %}{{ name }}")
    inputs = {**INPUTS, "count": MAX_CHARACTERS // len(INPUTS["long"]) - 10}

    class Renders:
        def __str__(self):
            return prompt.render(inputs)[0].content[-3:]

    assert prompt.render({**inputs, "name": Renders()})[0].content.endswith("Ada")
    with pytest.raises(UsageError, match="this produces more than"):
        load("{{ name }}{% for i in range(999) %}{{ long }}{% endfor %}").render({**inputs, "name": Renders()})


def test_a_file_that_includes_itself_is_refused_by_name(load):
    with pytest.raises(UsageError, match=r"other\.md:1: it includes part\.md, which"):
        load('{% include "part.md" %}', part='{% include "other.md" %}', other='{% include "part.md" %}')


def test_an_error_in_an_included_file_names_that_file_and_its_line(load):
    with pytest.raises(UsageError, match=r"part\.md:2: "):
        load('{{ name }}\n{% include "part.md" %}', part="one\n{% if %}")
    with pytest.raises(UsageError, match=r"part\.md:3: "):
        load('{% include "part.md" %}', part="one\ntwo\n{{ name.first.second }}").render(INPUTS)


@pytest.mark.parametrize(
    "body",
    [
        "{{ name.__class__ }}",
        "{{ words.append(1) }}",
        "{{ ''['__class__'] }}",
        "{{ '{0.__class__}'.format(name) }}",
        "{{ name | attr('__class__') }}",
        "{{ nn() }}",
        "{{ talk[0].parse_file('/etc/hostname') }}",
        "{{ talk[0]['parse_raw']('', proto='pickle', allow_pickle=True) }}",
        "{{ talk | map(attribute='model_fields') | list }}",
    ],
)
def test_no_template_reaches_python_or_changes_an_input(load, body):
    with pytest.raises(UsageError):
        load(body).render(INPUTS)
    assert INPUTS["words"] == ["b", "a"]
