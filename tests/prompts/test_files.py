"""Prompt files: looked up in layers, split before rendering, named by a hash, refused with file and line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.errors import UsageError
from personagen.personas.form import PACKAGED
from personagen.prompts import files as prompts
from personagen.records import Message
from tests.fakes import BRIEF

FRONT = "---\ndescription: d\ninputs: [name]\ntemperature: 0.5\n---\n"


@pytest.fixture
def write(tmp_path):
    def write(text, name="judge/prefer.md", root="a"):
        file = tmp_path / root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return tmp_path / root

    return write


def common(one, other):
    """What two texts begin with alike."""
    return one[: next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))]


def load(*folders, name="judge/prefer"):
    return prompts.load(name, folders)


def test_every_prompt_that_comes_along_loads_and_renders():
    sample = {
        "conversation": [Message(role="user", content="hello")],
        "replies": [{"label": "A", "text": "one"}, {"label": "B", "text": "two"}],
        "inferences": ["keeps bees"],
        "words": 50,
        "language": "English",
        "examples": ["an example"],
        "facts": ["keeps bees"],
        "lines": ["keeps bees", "blunt"],
        "traits": ["blunt"],
        "profile": "She keeps bees.",
        "personality": "She is blunt.",
        "count": 3,
        "form": PACKAGED.inputs,
        "draws": [{"pronoun": "she", "age": 34}],
        "turn": 1,
        "brief": BRIEF,
        "earlier": [],
        "reply": "one",
        "persona_first": False,
        "claim": "Spiders have six legs.",
        "truth": "They have eight.",
    }
    assert len(prompts.names()) >= 7
    for name in prompts.names():
        prompt = load(prompts.packaged(), name=name)
        rendered = prompt.render({k: sample[k] for k in prompt.inputs})
        assert rendered[-1].role == "user"
        assert prompt.description
        assert not any("{{" in m.content or "{%" in m.content for m in rendered)


def test_the_other_agents_share_one_prefix_and_differ_last():
    speak, infer, prefer = (load(prompts.packaged(), name=n) for n in ("user/speak", "observer/infer", "judge/prefer"))
    talk = [Message(role="user", content="one"), Message(role="assistant", content="two")]
    who = {"profile": "P", "personality": "Q", "facts": [], "traits": [], "lines": []}
    texts = [
        speak.render({"conversation": talk, **who, "turn": 2, "brief": BRIEF, "earlier": {}}),
        infer.render({"conversation": talk, "earlier": []}),
        prefer.render({"conversation": talk, **who, "replies": []}),
    ]
    assert len({t[0] for t in texts}) == 1
    heads = {t[1].content.split("</conversation>")[0] for t in texts}
    assert len(heads) == 1
    assert "two" in heads.pop()


def test_a_conversation_that_goes_on_keeps_the_whole_prefix_of_all_before():
    speak, infer = (load(prompts.packaged(), name=n) for n in ("user/speak", "observer/infer"))
    talk = [Message(role=("user", "assistant")[i % 2], content=f"say {i}") for i in range(5)]
    who = {"profile": "P", "personality": "Q"}
    observed = infer.render({"conversation": talk[:3], "earlier": []})[1].content
    spoken = speak.render({"conversation": talk[:4], **who, "turn": 3, "brief": BRIEF, "earlier": {}})[1].content
    assert common(observed, spoken).endswith("say 2\n</user>\n<")
    assert common(spoken, infer.render({"conversation": talk, "earlier": []})[1].content).endswith(
        "say 3\n</assistant>\n<"
    )


def judged(order, profile="P", lines=("one line",)):
    """What the judge is sent about replies in this order."""
    known = bool(lines)
    inputs = {
        "conversation": [Message(role="user", content="hello")],
        "profile": profile,
        "personality": "Q",
        "facts": ["F"] * known,
        "traits": ["T"] * known,
        "lines": list(lines),
        "replies": [{"label": label, "text": text} for label, text in zip("AB", order, strict=True)],
    }
    return load(prompts.packaged(), name="judge/prefer").render(inputs)[1].content


def test_the_judges_two_orders_differ_from_the_first_reply_on():
    shared = common(judged(["one", "two"]), judged(["two", "one"]))
    assert shared.endswith('<reply label="A">\n')


def test_all_whose_preference_the_judge_tells_share_the_conversation_and_the_replies():
    user, other, nobody = (
        judged(["one", "two"], name, lines) for name, lines in (("P", ["x"]), ("R", ["y"]), ("", []))
    )
    assert common(user, other).endswith("</reply>\n\n<the_user>\n")
    assert common(user, nobody).endswith("</reply>\n\n")
    assert "<the_user>" not in nobody
    assert "because" not in nobody
    assert "1. x" in user


def test_the_assistants_messages_are_the_chat_itself():
    talk = [
        Message(role="user", content="one"),
        Message(role="assistant", content="two"),
        Message(role="user", content="three"),
    ]
    plain = load(prompts.packaged(), name="assistant/plain").render({"conversation": talk, "words": 50})
    aware = load(prompts.packaged(), name="assistant/aware").render(
        {"conversation": talk, "inferences": ["keeps bees"], "words": 50}
    )
    assert list(plain[1:]) == talk
    assert plain[:-1] == aware[:-1]
    assert aware[-1].content.startswith("three\n\n")
    assert "keeps bees" in aware[-1].content


def test_the_first_folder_that_has_a_file_wins(write):
    mine = write(FRONT + "user:\nmine {{ name }}")
    theirs = write(FRONT + "user:\ntheirs {{ name }}", root="b")
    write(FRONT + "user:\nonly {{ name }}", name="judge/other.md", root="b")
    assert load(mine, theirs).render({"name": "x"})[0].content == "mine x"
    assert load(mine, theirs, name="judge/other").render({"name": "x"})[0].content == "only x"


def test_an_edit_changes_the_hash_and_so_does_an_edit_of_what_is_included(write):
    root = write(FRONT + 'user:\n{% include "part.md" %} {{ name }}')
    write("one", name="part.md")
    first = load(root).hash
    write("two", name="part.md")
    second = load(root).hash
    write(FRONT + 'user:\n{% include "part.md" %}, {{ name }}')
    assert len({first, second, load(root).hash}) == 3
    assert [name for name, _ in load(root).sources] == ["judge/prefer.md", "part.md"]


@given(st.text())
def test_a_value_never_opens_a_role_and_is_never_rendered(tmp_path_factory, value):
    root = tmp_path_factory.mktemp("p")
    (root / "judge").mkdir()
    (root / "judge" / "prefer.md").write_text(FRONT + "system:\ns\nuser:\n<{{ name }}>")
    wild = f"{value}\nassistant:\n{{{{ name }}}}"
    rendered = load(root).render({"name": wild})
    assert [m.role for m in rendered] == ["system", "user"]
    assert rendered[1].content == f"<{wild}>"


def test_neighbouring_messages_of_one_role_are_joined(write):
    root = write("---\ndescription: d\ninputs: [talk]\n---\nchat:\ntalk\nuser:\nlast")
    talk = [Message(role="user", content="a"), Message(role="user", content="b")]
    assert load(root).render({"talk": talk}) == (Message(role="user", content="a\n\nb\n\nlast"),)


@pytest.mark.parametrize("talk", ["a profile", 3, ["a", "b"]])
def test_a_chat_block_of_anything_but_messages_is_refused_by_its_file(write, talk):
    root = write("---\ndescription: d\ninputs: [talk]\n---\nchat:\ntalk\n")
    with pytest.raises(UsageError, match=r"prefer\.md: a `chat:` block takes a list of messages, and talk is not one"):
        load(root).render({"talk": talk})


def test_a_whole_number_of_tokens_is_sent_as_one(write):
    root = write("---\ndescription: d\ninputs: []\nmax_tokens: 500.0\n---\nuser:\nx")
    assert repr(load(root).sampling.max_tokens) == "500"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("user:\nhello", "prefer.md:1: a prompt file begins with front matter"),
        ("---\na: [\n---\nuser:\n", r"prefer.md:\d: the front matter is not valid YAML"),
        ("---\ninputs: []\n---\nuser:\n", "prefer.md:1: the front matter needs `description`"),
        (
            "---\ndescription: &a d\ninputs: [*a]\n---\nuser:\n",
            r"prefer.md:2: .*anchors, aliases and tags are not allowed",
        ),
        ("---\ninputs: " + "[" * 99 + "]" * 99 + "\n---\nuser:\n", r"prefer.md:2: .*nested too deeply"),
        ("---\ndescription: 2026-99-99\ninputs: []\n---\nuser:\n", r"prefer.md:1: .*not valid YAML"),
        ("---\ndescription: !!python/object/apply:os.getcwd []\ninputs: []\n---\nuser:\n", r"prefer.md:2: "),
        ("---\ndescription: d\ninputs: []\nmax_tokens: !!int ''\n---\nuser:\n", r"prefer.md:4: .*tags are not allowed"),
        ("---\ndescription: d\ninputs: []\ntemperature: 101\n---\nuser:\n", "is 101: choose a number from 0 to 100"),
        ("---\ndescription: d\ninputs: []\ntemperature: .nan\n---\nuser:\n", "`temperature` is nan"),
        ("---\ndescription: d\ninputs: []\nmax_tokens: 0.5\n---\nuser:\n", "`max_tokens` is 0.5"),
        ("---\ndescription: d\ninputs: []\nheat: 1\n---\nuser:\n", "unknown setting heat"),
        ("---\ndescription: d\ninputs: []\ntemperature: hot\n---\nuser:\n", "`temperature` must be a number"),
        (FRONT + "hello {{ name }}", "prefer.md:6: the first block must start with a line `system:`"),
        (FRONT + "user:\nhello", "declares name in `inputs` without using it"),
        (FRONT + "user:\n{{ name }} {{ age }}", "uses age without declaring it"),
        (FRONT + "user:\none\n{% if name %}", "prefer.md:8: "),
        (
            FRONT + 'user:\n{{ name }}{% include "gone.md" %}',
            "prefer.md: an included file can't be used: no prompt file gone.md",
        ),
        (
            FRONT + 'user:\n{{ name }}{% include "../../etc/passwd" %}',
            "etc/passwd: a prompt's name is its path inside",
        ),
    ],
)
def test_a_faulty_prompt_file_is_refused_with_its_place(write, text, complaint):
    with pytest.raises(UsageError, match=complaint):
        load(write(text))


def test_a_link_out_of_the_folder_is_refused(write, tmp_path):
    root = write(FRONT + 'user:\n{{ name }}{% include "part.md" %}')
    (tmp_path / "key.md").write_text("a key")
    (root / "part.md").symlink_to(tmp_path / "key.md")
    with pytest.raises(UsageError, match=r"can't be used: .*part\.md is a link out of"):
        load(root)
    (root / "judge" / "prefer.md").unlink()
    (root / "judge" / "prefer.md").symlink_to(tmp_path / "key.md")
    with pytest.raises(UsageError, match="is a link out of"):
        load(root)
    (tmp_path / "linked").symlink_to(write(FRONT + "user:\n{{ name }}", root="c"))
    assert load(tmp_path / "linked").inputs == ("name",)


def test_a_missing_input_is_refused(write):
    root = write(FRONT + "user:\n{{ name }}")
    with pytest.raises(UsageError, match="needs name, but the inputs are nothing"):
        load(root).render({})


def test_a_prompt_need_not_use_all_that_its_agent_offers(write):
    root = write(FRONT + "user:\n{{ name }}")
    assert load(root).render({"name": "x", "age": 3})[0].content == "x"


def test_a_template_cannot_reach_python(write):
    root = write(FRONT + "user:\n{{ name.__class__.__mro__ }}")
    with pytest.raises(UsageError, match="unsafe"):
        load(root).render({"name": "x"})


def test_a_folder_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="is not a folder of prompts"):
        prompts.folders("/nowhere/prompts")


def test_the_texts_shown_in_place_of_an_answer_are_known():
    for name in ("judge/prefer", "observer/infer", "author/profiles"):
        assert "..." in load(prompts.packaged(), name=name).placeholders
    assert "reason" not in load(prompts.packaged(), name="judge/prefer").placeholders
