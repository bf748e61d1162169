"""What a provider's prompt cache can find again of the prompts that agents are given, turn by turn."""

from __future__ import annotations

import itertools

import orjson
import pytest

from personagen.agents import judge, observer
from personagen.agents.replies import schema_of
from personagen.call import Call
from personagen.llm import anthropic, openai
from personagen.llm.errors import Server
from personagen.personas.form import PACKAGED
from personagen.prompts import files as prompts
from personagen.records import Message
from tests.fakes import BRIEF
from tests.llm.calls import a_call, ask
from tests.servers import chat, joined, message, refusal, serving

WHO = {"profile": "She keeps bees.", "personality": "She is blunt.", "facts": [], "traits": [], "lines": ["keeps bees"]}
REPLIES = [{"label": "A", "text": "Feed them."}, {"label": "B", "text": "Wait."}]
SAID = ("s", "Yes.", "Is it?\n\nIt is.", "ok", "ok", "Two lines\nof it.", "user", "Done. ")
TALK = [Message(role=("user", "assistant")[i % 2], content=text) for i, text in enumerate(SAID)]
LOOKBACK = 20


def call(name, talk, **inputs):
    prompt = prompts.load(name, prompts.folders(None))
    given = {
        "conversation": talk,
        **WHO,
        "turn": 2,
        "brief": BRIEF,
        "earlier": [],
        "replies": REPLIES,
        "inferences": ["Old."],
        "words": 50,
        "form": PACKAGED.inputs,
        "draws": [],
        **inputs,
    }
    schema = {"judge/prefer": schema_of(judge.Ranking), "observer/infer": schema_of(observer.Guesses)}.get(name)
    return Call(
        "m", prompt.render(given), prompt.sampling, schema, place=f"tree/0.{len(talk)}", prompt=name, inputs=given
    )


def body(asked, refused=()):
    return anthropic.request("m", asked, set(refused))[0]


class Cache:
    """A prefix cache by Anthropic's rules: entries end at marked blocks, and are looked for up to 20 blocks back."""

    def __init__(self):
        self.entries = set()

    def read(self, sent):
        """The characters of messages served; writes what is marked."""
        blocks = [("system", b) for b in sent.get("system", [])]
        for turn in sent["messages"]:
            content = turn["content"]
            blocks += [(turn["role"], b) for b in ([{"text": content}] if isinstance(content, str) else content)]
        prefixes = list(itertools.accumulate(((role, block["text"]) for role, block in blocks), lambda a, b: (a, b)))
        marked = [i for i, (_, block) in enumerate(blocks) if "cache_control" in block]
        assert len(marked) <= 4
        found = [j for i in marked for j in range(i, max(-1, i - LOOKBACK), -1) if prefixes[j] in self.entries]
        self.entries |= {prefixes[i] for i in marked}
        return sum(len(b["text"]) for role, b in blocks[: max(found, default=-1) + 1] if role != "system")


@pytest.mark.parametrize("name", ["user/speak", "observer/infer", "judge/prefer", "assistant/plain", "assistant/aware"])
def test_each_turn_reads_from_the_cache_all_that_the_turn_before_told_of_the_conversation(name):
    cache = Cache()
    start = 2 if name == "user/speak" else 1
    for turn in range(start, len(TALK) - 1, 2):
        cache.read(body(call(name, TALK[:turn])))
        before, after = (joined(body(call(name, TALK[:n]))["messages"][-1]["content"]) for n in (turn, turn + 2))
        if name.startswith("assistant"):
            wanted = sum(len(m.content) for m in TALK[:turn])
        else:
            wanted = len(
                before[: before.index("</conversation>")].rpartition(f"\n</{TALK[turn - 1].role}>")[0].rstrip("\n")
            )
            assert after.startswith(before[:wanted])
        assert cache.read(body(call(name, TALK[: turn + 2]))) >= wanted


def test_the_aware_assistant_and_the_plain_one_share_what_is_cached_of_their_chat():
    cache = Cache()
    cache.read(body(call("assistant/plain", TALK[:5])))
    assert cache.read(body(call("assistant/aware", TALK[:5]))) == sum(len(m.content) for m in TALK[:5])


def test_what_follows_the_conversation_is_never_written():
    for name in ("user/speak", "observer/infer", "judge/prefer", "assistant/aware"):
        cache = Cache()
        cache.read(body(call(name, TALK[:5])))
        assert cache.read(body(call(name, TALK[:5], profile="He fishes.", turn=8, replies=[], inferences=["New."])))


@pytest.mark.parametrize("name", ["user/speak", "judge/prefer", "assistant/plain", "assistant/aware"])
@pytest.mark.parametrize("turns", [0, 1, 5, 8])
def test_blocks_hold_the_same_text_as_strings_did_and_none_is_blank(name, turns):
    asked = call(name, TALK[:turns]) if turns or name == "user/speak" else call(name, TALK[:1])
    plain, cut = body(asked, ["cache_control"]), body(asked)
    assert joined(cut["system"]) == plain["system"]
    assert [joined(turn["content"]) for turn in cut["messages"]] == [turn["content"] for turn in plain["messages"]]
    lists = [turn["content"] for turn in cut["messages"] if isinstance(turn["content"], list)]
    assert all(block["text"].strip() for blocks in lists for block in blocks)


def test_a_call_about_no_conversation_has_only_its_system_text_marked():
    sent = body(call("author/profiles", [], examples=["She keeps bees."], count=3))
    assert orjson.dumps(sent).count(b"cache_control") == 1
    assert isinstance(sent["messages"][0]["content"], str)


def test_a_short_message_is_not_found_inside_of_another_word():
    sent = body(call("observer/infer", [Message(role="user", content="s"), Message(role="assistant", content="user")]))
    texts = [block["text"] for block in sent["messages"][-1]["content"]]
    assert [text.split("\n")[-1] for text in texts[:2]] == ["s", "user"]


def test_a_prompt_that_shows_nothing_of_the_conversation_stays_one_string():
    asked = a_call("How are you?", prompt="judge/prefer")
    sent = body(Call(asked.model, asked.messages, prompt=asked.prompt, inputs={"conversation": TALK}))
    assert sent["messages"] == [{"role": "user", "content": "How are you?"}]


def test_a_server_that_refuses_marks_is_asked_without_them_once_and_for_all(caplog):
    def answer(got):
        if b"cache_control" in orjson.dumps(got.body):
            return refusal(400, "system.0.cache_control: Extra inputs are not permitted")
        return message("Fine.")

    asked = call("observer/infer", TALK[:3])
    with serving(answer) as server:
        opened = anthropic.backend("m", base_url=server.url, api_key="k", timeout=5.0)
        ask(opened, asked, asked)
    assert [isinstance(got.body["system"], str) for got in server.requests] == [False, True, True]
    assert "output_config" in server.requests[-1].body
    assert not caplog.records


def sent_to_openai(asked, url=openai.HOST):
    return openai.request(Server("openai/m", url, "K"), "m", asked, set())[0]


def test_openai_is_told_by_one_key_which_calls_are_about_the_same_tree():
    calls = [call("user/speak", TALK[:2]), call("judge/prefer", TALK[:3]), call("assistant/aware", TALK[:3])]
    keys = {sent_to_openai(asked)["prompt_cache_key"] for asked in calls}
    other = Call("m", calls[0].messages, place="tree-2/0", inputs=calls[0].inputs)
    assert len(keys) == 1
    assert sent_to_openai(other)["prompt_cache_key"] not in keys
    assert "tree" not in keys.pop()
    assert "prompt_cache_key" in sent_to_openai(calls[0], "https://eu.api.openai.com/v1")


def test_no_cache_key_goes_to_another_server_or_with_a_call_about_no_conversation():
    assert "prompt_cache_key" not in sent_to_openai(call("user/speak", TALK[:2]), "http://127.0.0.1:8000/v1")
    assert "prompt_cache_key" not in sent_to_openai(call("author/profiles", [], examples=["She."], count=3))


def test_openais_content_stays_one_string():
    sent = sent_to_openai(call("judge/prefer", TALK))
    assert [type(m["content"]) for m in sent["messages"]] == [str, str]


def test_an_openai_that_refuses_the_cache_key_is_asked_without_it(monkeypatch):
    monkeypatch.setattr(openai, "_is_openais", lambda server: True)

    def answer(got):
        words = "Unrecognized request argument supplied: prompt_cache_key"
        return refusal(400, words) if "prompt_cache_key" in got.body else chat("Fine.")

    asked = call("user/speak", TALK[:2])
    with serving(answer) as server:
        ask(openai.backend("m", base_url=server.v1, api_key="k", timeout=5.0), asked, asked)
    assert ["prompt_cache_key" in got.body for got in server.requests] == [True, False, False]
