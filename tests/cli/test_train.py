"""``train`` as it is typed."""

from __future__ import annotations

import pytest

from tests.train.runs import people


def test_a_method_that_is_not_there_lists_those_that_are(command):
    for method, said in (
        ("ppo", "choose one of sft, dpo, kto, reward"),
        ("reward,sft", "no method comes after reward"),
    ):
        result = command("train", method, "run", "--model", "a/b")
        assert result.exit_code == 2
        assert said in result.stderr


def test_a_package_that_is_missing_is_named_with_the_extra(command, tmp_path, monkeypatch):
    monkeypatch.setattr("personagen.train.model.find_spec", lambda name: None if name == "trl" else object())
    result = command("train", "dpo", people(tmp_path / "run", 6), "--model", "owner/name")
    assert result.exit_code == 2
    assert result.stderr == "personagen: train needs trl: pip install 'personagen[train]'\n"


def test_peft_is_needed_for_lora_only_and_gguf_for_such_a_file(monkeypatch):
    from personagen.errors import UsageError
    from personagen.train.model import Source, check_installed

    absent = {"peft", "gguf"}
    monkeypatch.setattr("personagen.train.model.find_spec", lambda name: None if name in absent else object())
    check_installed(Source("owner/name"), lora=False)
    for source, lora, name in ((Source("owner/name"), True, "peft"), (Source(".", "a.gguf"), False, "gguf")):
        with pytest.raises(UsageError, match=f"train needs {name}"):
            check_installed(source, lora)


def test_the_command_is_typed_and_set_as_model(command, tmp_path, monkeypatch):
    assert "--model MODEL" in command("train", "--help").stdout
    monkeypatch.setenv("PERSONAGEN_TRAIN_BASE", "no.gguf")
    result = command("train", "dpo", people(tmp_path / "run", 6))
    assert "--model no.gguf: there is no such file" in result.stderr
