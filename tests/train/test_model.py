"""What ``--model`` can name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.train.model import Source, source_of


def test_a_name_and_a_folder_are_loaded_as_they_are(tmp_path: Path):
    (tmp_path / "config.json").touch()
    for name in ("owner/name", "gpt2", str(tmp_path)):
        assert source_of(name) == Source(name)
        assert source_of(name).stored


def test_a_gguf_file_is_named_within_its_folder(tmp_path: Path):
    (tmp_path / "m.gguf").touch()
    found = source_of(str(tmp_path / "m.gguf"))
    assert (found.name, found.keywords, found.stored) == (str(tmp_path), {"gguf_file": "m.gguf"}, False)


def test_an_adapter_is_on_the_model_that_it_names_or_on_the_weights_beside_it(tmp_path: Path):
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "owner/name"}))
    assert source_of(str(tmp_path)) == Source("owner/name", adapter=str(tmp_path))
    (tmp_path / "base").mkdir()
    assert source_of(str(tmp_path)) == Source(str(tmp_path / "base"), adapter=str(tmp_path))
    assert not source_of(str(tmp_path)).stored


def test_a_folder_that_is_no_model_is_one_sentence(tmp_path: Path):
    for name, said in ((str(tmp_path), "has no config.json"), (str(tmp_path / "no"), "there is no such folder")):
        with pytest.raises(UsageError, match=said):
            source_of(name)
