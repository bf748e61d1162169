"""Recipes: what each sets, and what is refused in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from personagen.errors import UsageError
from personagen.options.train import METHODS, RECIPES
from personagen.train.recipe import FOLDER, read_recipe, trl_keywords


def recipe_file(folder: Path, text: str) -> str:
    (folder / "mine.toml").write_text(text)
    return str(folder / "mine.toml")


def test_the_options_list_the_recipes_that_are_there():
    assert sorted(RECIPES) == sorted(file.stem for file in FOLDER.glob("*.toml"))


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("method", METHODS)
def test_every_recipe_reaches_its_batch_on_one_device(name: str, method: str):
    recipe = read_recipe(name)
    keywords = trl_keywords(recipe, method, 2048)
    assert keywords["per_device_train_batch_size"] * keywords["gradient_accumulation_steps"] == recipe.batch


def test_aloe_has_the_papers_settings():
    recipe = read_recipe("aloe")
    keywords = trl_keywords(recipe, "dpo", 8192)
    assert recipe.batch == 48
    assert (keywords["learning_rate"], keywords["num_train_epochs"], keywords["beta"]) == (1e-5, 1, 0.9)
    assert "beta" not in trl_keywords(recipe, "sft", 8192)
    assert recipe.lora["r"] == 16


def test_the_tokens_are_at_most_those_of_the_model():
    recipe = read_recipe("aloe")
    assert [trl_keywords(recipe, "sft", context)["max_length"] for context in (0, 2048, 16384)] == [8192, 2048, 8192]


def test_more_devices_accumulate_less():
    recipe = read_recipe("aloe")
    assert [trl_keywords(recipe, "sft", 0, n)["gradient_accumulation_steps"] for n in (1, 2, 4)] == [12, 6, 3]
    with pytest.raises(UsageError, match="5 devices with 4 rows each can't make a batch of 48"):
        trl_keywords(recipe, "sft", 0, 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("batch = ", "is not TOML"),
        ("[trainer]\nper_device_train_batch_size = 2", "has no batch"),
        ("batch = 4\nspeed = 2\n[trainer]\nper_device_train_batch_size = 2", "has speed, which is no part"),
        ("batch = 4\n[trainer]\nper_device_train_batch_size = 2\noutput_dir = 'a'", "output_dir, which --out decides"),
        ("batch = 4\n[trainer]\nper_device_train_batch_size = 8", "give a whole number from 1 to 4"),
        ("batch = 4\n[dpo]\nbeta = 1", "per_device_train_batch_size is None"),
        ("batch = 4\ntest = 1\n[trainer]\nper_device_train_batch_size = 2", "test is 1; give a number from 0"),
        ("batch = 0\n[trainer]\nper_device_train_batch_size = 2", "batch is 0; give a whole number"),
        ("batch = 4\nlora = 3\n[trainer]\nper_device_train_batch_size = 2", r"lora is a table, as in \[lora\]"),
        ("batch = 4\n[trainer]\nper_device_train_batch_size = 2\n[samples]\nsay = 1", r"\[samples\] takes people"),
    ],
)
def test_what_is_wrong_in_a_recipe_is_one_sentence(tmp_path: Path, text: str, said: str):
    with pytest.raises(UsageError, match=said):
        read_recipe(recipe_file(tmp_path, text))


def test_a_byte_order_mark_is_read_over(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text("\ufeff" + (FOLDER / "aloe.toml").read_text())
    assert read_recipe(str(file)).methods == read_recipe("aloe").methods


def test_an_unknown_recipe_lists_those_that_are_there():
    with pytest.raises(UsageError, match="choose one of aloe, smoke, tiny, or give a TOML file"):
        read_recipe("aleo")
