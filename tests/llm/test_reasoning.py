"""Reasoning never gets into a message, however it is marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.errors import ReplyError
from personagen.llm.reasoning import answer_of, reasoned

MARKED = [
    "<think>a</think>Hello",
    "<think>\na\n</think>\n\nHello",
    "a b </think> Hello",
    "<think>a</think><think>b</think>Hello",
    "<think>a<think>b</think>Hello",
    "<think></think>Hello",
    "Hello<think>a</think>",
    "<THINK>a</THINK>Hello",
    "< think >a</ think >Hello",
    "[THINK]a[/THINK]Hello",
    "a[/THINK]Hello",
    "◁think▷a◁/think▷Hello",
    "＜think＞a＜/think＞Hello",
    "<thought>a</thought>Hello",
    "<thinking>a</thinking>Hello",
    '<reasoning effort="low">a</reasoning>\nHello',
    "<reflection>a</reflection>Hello",
    "<inner_monologue>a</inner_monologue>Hello",
    "<internal>a</internal>Hello",
    "<seed:think>a</seed:think>Hello",
    "<scratch_pad>a</scratch_pad>Hello",
    "<secret_plan>a</secret_plan>Hello",
    "a</secret_plan>Hello",
    "<plan>a</plan>\n<message>Hello</message>",
    "<think>a</think> <answer>Hello</answer>",
    "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>Hello<|END_RESPONSE|>",
    "<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>Hello<|end_of_solution|>",
    "<|inner_prefix|>a<|inner_suffix|>Hello",
    "<｜begin▁of▁thinking｜>a<｜end▁of▁thinking｜>Hello",
    "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>Hello<|return|>",
    "<|channel|>commentary<|message|>a<|end|><|channel|>final <|constrain|>json<|message|>Hello",
    "<|channel>thought\na<channel|>Hello",
    "analysisWe need a.assistantfinalHello",
    "Here is my thought process: a\n\nHere is my response: Hello",
    "**Thinking:** a\n\n**Answer:** Hello",
    "### Reasoning\na\n\n### Final answer\nHello",
    "<think>in `code` and ``` more</think>Hello",
    "<think>one ` more</think>Hello",
    "<|channel|>analysis<|message|>a<|end|>Hello",
    "analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>Hello",
    "analysisthe user asks.assistantfinalHello",
    "analysis\nHm.\nassistantcommentary\nHm.\nassistantfinal\nHello",
    "We need to greet.assistantfinalHello",
    "finalHello",
    "thought\na<channel|>Hello",
    "[unused16]a[unused17]Hello",
    "Here are my reasoning steps:\na\n[BEGIN FINAL RESPONSE]\nHello\n[END FINAL RESPONSE]",
    "a<|START_RESPONSE|>Hello<|END_RESPONSE|>",
    "<think>a</think>\n<answer>\nHello",
    "Thinking: a</think>Hello",
    "<think>a</think>\nReasoning: b\n\nAnswer: Hello",
    "<think\n>a</think\n>Hello",
    "【思考】a【/思考】Hello",
    "思考过程：\na\n\n**最终回复**\nHello",
    "```thinking\na\n```\nHello",
    '<details type="reasoning" done="true"><summary>Took 3 seconds</summary>\na</details>\nHello',
    "x[1] <b>y</b> List<int> " * 300 + "</think>Hello",
    "<mind>a</mind>\n<review>a</review>\nHello",
    "Hello\n<mind>a b c d</mind>",
    "Hello\n[SELF-CHECK]a b c d[/SELF-CHECK]\n[notes]a b c d[/notes]",
    "[MIND]a[/MIND]Hello",
    "a[/MIND]Hello",
    "◁mind▷a◁/mind▷Hello",
    "[МЫСЛИ]a[/МЫСЛИ]Hello",
    "【内心】a【/内心】Hello",
    "{mind}a{/mind}Hello",
    "{{think}}a{{/think}}Hello",
    "(reasoning)a(/reasoning)Hello",
    "$$think$$ a $$/think$$ Hello",
    "[[think]]a[[/think]]Hello",
    "<<mind>>a<</mind>>Hello",
    "<think#1>a</think#1><think#2>b</think#2>Hello",
    "&lt;think&gt;a&lt;/think&gt;Hello",
    "&lt;mind&gt;a&lt;/mind&gt;Hello",
    "\\<think\\>a\\</think\\>Hello",
    "\\begin{thinking}a\\end{thinking}Hello",
    "<summary>a</summary>Hello",
    "<!-- a b c d -->Hello",
    "Hello\n\n<!-- thinking: a -->",
    "a\n<answer>Hello</answer>",
    "a.<final_answer>Hello</final_answer>",
    "a\n[RESPONSE]Hello[/RESPONSE]",
    "a\n<answer>\nHello",
    "a\n\nFinal answer: Hello",
    "a\n\n**Final Response:**\nHello",
    "a\n\nRespuesta final: Hello",
    "Thought: a\nAction: none\nObservation: b\nThought: c\nFinal Answer: Hello",
    "Analysis: a\n\nResponse: Hello",
    "## Plan\na\n## Reply\nHello",
    "Gedanken: a\nAntwort: Hello",
    "Мысли: a\nОтвет: Hello",
    "Pensieri: a\nRisposta: Hello",
    "생각: a\n답변: Hello",
    "1. Thinking: a\n2. Answer: Hello",
    "🤔 Thinking: a\n\n💬 Answer: Hello",
    "=== THINKING ===\na\n=== ANSWER ===\nHello",
    "--- analysis ---\na\n--- answer ---\nHello",
    "analysis We need a. assistant final Hello",
    "analysis\na\nassistant\nfinal\nHello",
    '{"thinking": "a", "reply": "Hello"}',
]
UNENDED = [
    "(thinking) The user is shy. Hello",
    "(Reasoning)\nThe user is shy.\n\nHello",
    "<think>a",
    "<think>a</think>",
    "<think>a</think><think>b",
    "Hello <thinking>now",
    "[THINK]a",
    "◁think▷a",
    "<plan>a",
    "<|channel|>analysis<|message|>a",
    "<|channel>thought\na",
    "analysisWe must",
    "Thinking: a and b",
    "**Reasoning:**\na\n\n**Answer:**\n",
    "analysisthe user",
    "analysis\nWe need",
    "a.assistantcommentaryb",
    "a.assistantfinal",
    "thought\nThe user",
    "*Thinking...*\n\na",
    "[Reasoning: a]\n\nHello",
    "```thinking\na",
    "<details><summary>Thinking</summary>a",
    "<think",
    "[THINK",
    "a [THINK] b",
    "Thought: a\n\nHello",
    "*thinks: a*\nHello",
    "&lt;think&gt;a",
    '{"thinking": "a", "next": "Hello"}',
]
SOUND = [
    "(thinks) I may go there.",
    "(I think) you should rest.",
    "(thinking)",
    "Well (thinking) maybe so.",
    "Hello <b>you</b> there",
    "<b>Note</b> that I think so",
    "Use `<think>` for that.",
    "```xml\n<think>a</think>\n```",
    "a [link](http://x) and a [box]",
    "- [ ] one\n- [x] two",
    "if a<b and c>d then",
    "Dear [Name],\nHello",
    "My thoughts are with you.",
    "Thoughts? I have none.",
    "The answer: 3",
    "<user>Hello</user>",
    "《三体》很好看",
    "«Ну», сказал он",
    "[laughs] Hi",
    "Hello there. </conversation>",
    "[thinks] Hm, hi",
    "[pauses to think] Hi",
    "[Thinking in Java](http://x) is good",
    "See the [Planning](#planning) part",
    "The prize of [winner] and <b>dinner</b>",
    "What is [reason] for?",
    "I bought [Thinking in Java] and «Thinking Fast»",
    "《Thinking Fast and Slow》很好看",
    "a std::vector<InternalNode> and a Set<Plan>",
    "It renders <Planner /> and <Planning />",
    "~~~\n<think>a</think>\n~~~",
    "It ends with `</think>`:\n```\n</think>\n```",
    "Such as: ```xml\n<think>a</think>\n```",
    "<your name> goes here",
    "<figure>a</figure>\nis a figure",
    "<answer> is the tag for it",
    "Here are my thoughts: I like it",
    "My thought: eat first",
    "Your name is <name>Anna</name>, right?",
    "In your pom.xml:\n<dependency>\n<id>the one of the test</id>\n</dependency>\nThen build.",
    "[b]Bold words of mine here[/b] and [quote]what they said to me there[/quote]",
    "(he/she) is (thinking) so, and (/s) is a sign",
    "Use {name} and {{ name }} in it.",
    "So \\begin{equation}x=1\\end{equation} and [[1,2],[3,4]]",
    "12 × 3 = 36, minus 4 is 32.\n\nFinal answer: 32",
    "So it is 4 km.\n\n**Final answer:** 4 km",
    "Final answer? Not yet",
    "Question: who?\nAnswer: me",
    "Plan: bake on Sunday, rest on Monday",
    "Analysis: the poem is sad because it rains",
    "I think this is fine and good.\nAnswer: yes",
    "The tag looks like this: <answer>42</answer>",
    "<h1>Bread</h1>\n<!-- the list of things to buy -->\n<ul><li>x</li></ul>",
    "You write <!-- a note that nobody sees --> there",
    "Write:\n```html\n<!-- a note that nobody sees -->\n<mind>a b c d e</mind>\n```\nDone",
    "The tag is `<mind>a b c d e</mind>` there",
    "<details><summary>Click to see how it ends</summary>It ends well.</details>\nBye",
    "Use &lt;div&gt; and \\<b\\> for that",
    '{"plan": "bread", "cost": 3}',
    "I <3 you and </3 me",
    "Type [/help] in it, or {/if} there",
]


@pytest.mark.parametrize("text", MARKED)
def test_the_answer_is_told_from_the_reasoning(text):
    assert answer_of(text).strip() == "Hello"


@pytest.mark.parametrize("text", UNENDED)
def test_a_reply_that_may_be_all_reasoning_is_refused(text):
    assert reasoned(text) == len(text)
    with pytest.raises(ReplyError):
        answer_of(text)


@pytest.mark.parametrize(
    "text", ["<secret_plan>a</secret_plan>", "<secret_plan>a", "◁mind▷a", "<who_you_are>\nA nurse"]
)
def test_a_reply_that_is_nothing_but_a_block_of_another_name_is_refused_and_not_counted_as_reasoning(text):
    assert reasoned(text) == reasoned(text + "</who_you_are> Hi") == 0
    with pytest.raises(ReplyError, match="nothing else"):
        answer_of(text)


@pytest.mark.parametrize("text", SOUND)
def test_a_message_without_reasoning_stays_as_it_is(text):
    assert answer_of(text) == text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("so ``` then</think>Hello ```c```", "Hello ```c```"),
        ("so ` then<|END_THINKING|>```py\nx\n```", "```py\nx\n```"),
        ("so ```py\nx\n```</think>Hello ```c```", "Hello ```c```"),
        ("so ```py\nx\n```</think>\n\n```py\ny\n```", "```py\ny\n```"),
        ("so a<b\nthen◁/think▷Hello", "Hello"),
        ("so ``` List<int> then</think>Hello ```c```", "Hello ```c```"),
        ("```py\nx\n</think>\nHello\n```py\ny\n```", "Hello\n```py\ny\n```"),
        ("<think>\n```\nx\n</think>\nHello\n```\ny\n```", "Hello\n```\ny\n```"),
        ("<think>a</think><answer>Hello <b>you</b> there</answer>", "Hello <b>you</b> there"),
        ("<think>a</think><answer>", ""),
    ],
)
def test_code_and_tags_in_the_answer_stay(text, answer):
    assert answer_of(text).strip() == answer


NAMES = st.from_regex(r"[a-z]{2,8}_?(?:think|thoughts?|reasoning)_?[a-z]{0,5}", fullmatch=True)
BRACKETS = st.sampled_from(["<>", "[]", "◁▷", "＜＞", "【】"])
WORDS = st.text("abc xyz.,!\n", max_size=40)


@given(NAMES, BRACKETS, WORDS, st.booleans())
def test_a_tag_of_any_name_that_speaks_of_thinking_is_known(name, brackets, thought, opened):
    open_, close = brackets
    text = f"{f'{open_}{name}{close}' if opened else ''}{thought}{open_}/{name}{close}\nHello"
    assert answer_of(text).strip() == "Hello"


ENDLESS = ["<think>" * 30_000, "<a>" * 50_000, "[" * 200_000, "</x" * 60_000, "`<think>" * 20_000, "`" * 200_000]
ENDLESS += ["(" * 200_000, "{mind}" * 30_000, "x <m>a b c d</m>" * 12_000, "&lt;a&gt;" * 20_000, "Answer:\n" * 25_000]
ENDLESS += ["<!-- " * 40_000, "Final answer: a\n" * 12_000, "Thought:\n" * 20_000, "[/a]" * 50_000]


@pytest.mark.parametrize("text", ENDLESS)
def test_marks_without_end_take_no_time(text):
    try:
        answer_of(text)
    except ReplyError:
        return


@pytest.mark.parametrize(
    "token", ["<|im_end|>", "</s>\n", "<|eot_id|><|eot_id|>", "<end_of_turn>", "<｜end▁of▁sentence｜>"]
)
def test_a_token_that_ends_a_turn_is_no_part_of_the_answer(token):
    assert answer_of(f"Hello{token}") == answer_of(f"<think>a</think><answer>Hello</answer>{token}") == "Hello"
    for other in (f"a {token} b", f"so <s>this{token}" if "</s>" in token else "`</s>` ends it", f"`{token}`"):
        assert answer_of(other) == other
    with pytest.raises(ReplyError):
        answer_of(f"a b</think>{token}")
