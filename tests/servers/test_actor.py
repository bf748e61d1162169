"""The double that plays every agent: what it says passes personagen's own parsers, and is the same each time."""

from __future__ import annotations

import pytest

from personagen.agents import author, judge, observer
from personagen.agents.replies import parsed, schema_of
from personagen.call import Call
from personagen.llm.connect import Endpoint, connect
from personagen.personas.form import PACKAGED
from personagen.prompts import files as prompts
from personagen.records import Message
from tests.llm.calls import ask
from tests.servers import serving
from tests.servers.actor import actor

SAID = [
    Message(role="user", content="I keep bees. Is it too late to feed them?"),
    Message(role="assistant", content="Not yet."),
    Message(role="user", content="Good. I have a bad knee!"),
]
PERSON = {"profile": "She keeps bees.", "personality": "She is blunt.", "facts": ["keeps bees"], "traits": ["blunt"]}
PERSON["lines"] = [*PERSON["facts"], *PERSON["traits"]]
REPLIES = [{"label": "A", "text": "Feed them."}, {"label": "B", "text": "Wait."}]
EXAMPLES = {"examples": ["She keeps bees."], "count": 3, "form": PACKAGED.inputs}


def call(name, inputs, schema=None):
    prompt = prompts.load(name, prompts.folders(None))
    inputs = {"words": 100, **inputs}
    return Call("openai/test", prompt.render(inputs), prompt.sampling, schema, prompt=name, inputs=inputs)


def answers(*calls, provider="openai"):
    with serving(actor) as server:
        url = server.v1 if provider == "openai" else server.url
        return [c.text for c in ask(connect({"default": Endpoint(f"{provider}/test", url)}), *calls)]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_every_agent_gets_a_reply_that_can_be_used(provider):
    profiles, personalities, inferred, verdict, spoken, plain = answers(
        call("author/profiles", EXAMPLES, schema_of(author.REPLIES["profile"])),
        call("author/personalities", EXAMPLES, schema_of(author.REPLIES["personality"])),
        call("observer/infer", {"conversation": SAID}, schema_of(observer.Guesses)),
        call("judge/prefer", {**PERSON, "conversation": SAID, "replies": REPLIES}, schema_of(judge.Ranking)),
        call("user/speak", {**PERSON, "conversation": SAID, "turn": 2, "turns": 3}),
        call("assistant/plain", {"conversation": SAID}),
        provider=provider,
    )
    assert len(author.written("profile", profiles)) == 3
    assert all(text and traits for text, traits in author.written("personality", personalities))
    found, dropped = observer.verified(parsed(observer.Guesses, inferred).inferences, SAID)
    assert [i.quote for i in found] == ["Good.", "I have a bad knee!"]
    assert dropped == 0
    assert sorted(parsed(judge.Ranking, verdict, labels="AB").ranking) == ["A", "B"]
    assert "keeps bees" in spoken
    assert "Good. I have a bad knee!" in plain


def test_the_judge_prefers_the_same_text_in_either_order():
    texts = ("Feed them.", "Wait.")
    orders = [dict(zip("AB", order, strict=True)) for order in (texts, texts[::-1])]
    shown = [[{"label": label, "text": text} for label, text in order.items()] for order in orders]
    inputs = [{**PERSON, "conversation": SAID, "replies": replies} for replies in shown]
    said = answers(*(call("judge/prefer", given, schema_of(judge.Ranking)) for given in inputs))
    first, second = (
        order[parsed(judge.Ranking, text, labels="AB").ranking[0]] for order, text in zip(orders, said, strict=True)
    )
    assert first == second


def test_the_same_request_gets_the_same_answer_and_another_a_different_one():
    one, other = (call("assistant/plain", {"conversation": SAID[:n]}) for n in (1, 3))
    first, again, different = answers(one, one, other)
    assert first == again != different
