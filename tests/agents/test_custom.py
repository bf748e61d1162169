"""The user's own agents and candidates: how they are named, what is refused before the first call, what they may do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from personagen.agents import custom
from personagen.agents.ask import Answer, CallSite
from personagen.agents.judge import Ranking
from personagen.errors import ConfigError, ReplyError, UsageError
from personagen.records import Message
from tests.fakes import PERSONA, Fake, context

CHAT = (Message(role="user", content="My bees died."),)


def judge_first(text):
    """A module's text with ``text`` as the body of a judge."""
    return f"async def own(ctx, persona, conversation, replies, site):\n    {text}\n"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """``module("bees", text)`` writes a module that can be named."""
    monkeypatch.chdir(tmp_path)
    return lambda name, text: (tmp_path / f"{name}.py").write_text(text)


def judged(path):
    [own] = custom.acts([f"judge/prefer={path}"]).values()
    return asyncio.run(own(context(Fake()), PERSONA, CHAT, ("x", "y"), CallSite()))


def test_an_own_function_replaces_the_act_that_it_is_named_for(module):
    module("own_a", "from personagen.agents.ask import Answer\nfrom personagen.agents.judge import Ranking\n")
    with Path("own_a.py").open("a") as file:
        file.write(judge_first('return Answer(Ranking(ranking=("B", "A")))'))
    assert judged("own_a:own") == Answer(Ranking(ranking=("B", "A")))


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("judge/perfer=own_b:own", r"there is no act 'judge/perfer'; there are author/personalities, .*user/speak$"),
        ("assistant/plain=own_b:own", "--candidate names assistants"),
        ("judge/prefer", "does not name a function"),
        ("judge/prefer=own_b:two", r"can't be called as prefer\(ctx, persona, conversation, replies, site\)"),
        ("judge/prefer=own_b:absent", "can't be loaded"),
    ],
)
def test_an_agent_that_cannot_be_used_is_refused(module, entry, complaint):
    module("own_b", judge_first("...") + "async def two(a, b): ...\n")
    with pytest.raises(UsageError, match=complaint):
        custom.acts([entry])


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        (
            ("awere",),
            "there are aware, plain, misaware, near, overclaim, policy=MODEL and module:function",
        ),
        (("plain", "own_c:plain"), "each with another name"),
        (("plain", "own_c:user"), "none named user"),
        ((), "one or more"),
        (("policy=offline", "policy=offline/b"), "policy-NAME=MODEL for further"),
        (("own_c:short",), r"can't be called as plain\(ctx, conversation, known, site\)"),
    ],
)
def test_a_candidate_that_cannot_be_used_is_refused(module, entries, complaint):
    module("own_c", "async def plain(ctx, conversation, known, site): ...\nasync def short(ctx): ...\nuser = plain\n")
    with pytest.raises(UsageError, match=complaint):
        custom.candidates(entries)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("return 1 / 0", r"\(own_d12.py:3\) raised ZeroDivisionError: division by zero"),
        ("raise ValueError('sk-abcdefghijklmnopqrstuvwx')", r"\(own_d\d+.py:3\) raised ValueError: (?!.*sk-abc)"),
        ("return None", r"\(own_d\d+.py:2\) returned a NoneType, not an Answer with a Ranking"),
        ("return Answer('A')", r"\(own_d\d+.py:2\) returned a str, not an Answer with a Ranking"),
    ],
)
def test_what_an_own_function_does_amiss_names_it(module, body, complaint):
    name = f"own_d{len(body)}"
    module(name, f"from personagen.agents.ask import Answer\n{judge_first(body)}")
    with pytest.raises(ConfigError, match=f"{name}:own {complaint}"):
        judged(f"{name}:own")


def test_a_candidates_text_is_cleaned_and_checked_like_a_models(module):
    text = "async def own(ctx, conversation, known, site):\n    return conversation[-1].content\n"
    module("own_e", text)
    [candidate] = custom.candidates(["own_e:own"])

    def said(content):
        chat = (Message(role="user", content=content),)
        return asyncio.run(candidate.reply(context(Fake()), chat, (), CallSite()))

    assert (said("Assistant: Salt it.").value.text, said("Salt it.").call) == ("Salt it.", "")
    assert said("Salt it. <|im_start|>user").dropped
    with pytest.raises(ReplyError, match="empty"):
        said(" ")


def test_a_module_names_its_own_prompts_of_roles_that_exist(module):
    own = judge_first("...")
    module("own_f", f'PROMPTS = ("judge/strict", "judge/kind")\n{own}')
    module("own_g", f'PROMPTS = ("judges/strict",)\n{own}')
    custom.acts(["judge/prefer=own_f:own"])
    assert custom.prompts(["judge/prefer=own_f:own"]) == ("judge/strict", "judge/kind")
    custom.acts(["judge/prefer=own_g:own"])
    with pytest.raises(UsageError, match="PROMPTS has 'judges/strict'"):
        custom.prompts(["judge/prefer=own_g:own"])


def test_a_prompt_that_is_not_loaded_is_told_with_the_remedy(module):
    body = "from personagen.agents.ask import ask\n    return await ask(ctx, 'judge/strict', {}, str, site)"
    module("own_h", judge_first(body))
    with pytest.raises(UsageError, match="judge/strict is not loaded: name it in PROMPTS"):
        judged("own_h:own")


def test_a_policy_is_plain_under_its_own_role():
    [plain, policy, other] = custom.candidates(["plain", "policy=openai/a", "policy-b2=openai/b"])
    assert (policy.name, policy.prompt, policy.needs_observer) == ("policy", "policy/plain", False)
    assert (other.name, other.prompt) == ("policy-b2", "policy-b2/plain")
    assert plain.prompt == ""
    assert custom.prompts(["plain", "policy=openai/a:free", "overclaim"]) == ("policy/plain", "assistant/overclaim")


@pytest.mark.parametrize(
    ("entry", "said"),
    [("policy=", "name a model"), ("judge=openai/a", "no such candidate"), ("Policy-B=x", "no such candidate")],
)
def test_a_policy_without_a_model_or_of_another_name_is_refused(entry, said):
    with pytest.raises(UsageError, match=said):
        custom.candidates([entry, "plain"])
