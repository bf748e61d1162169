"""OpenAI's fine-tuning files, read with the types of its client: what it publishes of a line is made of these."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from tests.consumers.rows import exported

chat = pytest.importorskip("openai.types.chat")


def strictly(kind: Any) -> TypeAdapter[Any]:
    """A validator of ``kind``, one of the client's dictionaries, that takes no key but its own."""
    kind.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(kind)


@pytest.fixture(scope="module")
def roles() -> dict[str, TypeAdapter[Any]]:
    return {
        "system": strictly(chat.ChatCompletionSystemMessageParam),
        "user": strictly(chat.ChatCompletionUserMessageParam),
        "assistant": strictly(chat.ChatCompletionAssistantMessageParam),
    }


def rows(tmp_path: Path, kind: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in exported(kind, tmp_path).read_bytes().splitlines()]


def test_a_preference_is_made_of_the_clients_messages(tmp_path: Path, roles):
    for row in rows(tmp_path, "openai-dpo"):
        assert row.keys() == {"input", "preferred_output", "non_preferred_output"}
        assert row["input"].keys() == {"messages"}
        for message in row["input"]["messages"]:
            roles[message["role"]].validate_python(message)
        for side in ("preferred_output", "non_preferred_output"):
            [message] = row[side]
            roles["assistant"].validate_python(message)


def test_a_supervised_example_is_made_of_them_too_and_only_the_assistant_has_a_weight(tmp_path: Path, roles):
    for row in rows(tmp_path, "openai-sft"):
        assert row.keys() == {"messages"}
        weights = [message.pop("weight") for message in row["messages"] if message["role"] == "assistant"]
        assert weights == [0] * (len(weights) - 1) + [1]
        for message in row["messages"]:
            roles[message["role"]].validate_python(message)


def test_the_types_refuse_what_the_service_does(roles):
    for wrong in ({"role": "user"}, {"role": "user", "content": 3}, {"role": "user", "content": "a", "weight": 0}):
        with pytest.raises(ValidationError):
            roles["user"].validate_python(wrong)
