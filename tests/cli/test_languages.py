"""The commands in other languages, against a server that answers in the language that it is asked to use."""

from __future__ import annotations

import orjson
import pytest

from personagen.options.language import language as code_of
from personagen.personas.language import is_in
from personagen.personas.words import words
from tests.servers import serving
from tests.servers.tongues import tongues

pytestmark = pytest.mark.slow

LANGUAGES = ("German", "zh", "Japanese", "العربية", "hi", "Kiswahili")
SIZE = ("--conversations", "6", "--turns", "6")


@pytest.fixture
def asked(command, monkeypatch, tmp_path):
    """``asked("simulate", "--language", "de")`` runs it against the double; the result, and its run.json."""
    with serving(tongues) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-x")

        def run(name, *arguments, out):
            model = ("--model", "openai/double", "--base-url", server.v1, "--confirm-above", "never")
            done = command(name, *model, *arguments, "--out", out)
            return done, orjson.loads((tmp_path / out / "run.json").read_bytes())

        yield run


def rows(file):
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def test_every_language_gives_the_pairs_that_english_gives(asked, personas, tmp_path):
    _, english = asked("simulate", "--personas", personas, *SIZE, out="en")
    least = 0.9 * english["summary"]["pairs"]
    assert least > 30
    for named in LANGUAGES:
        done, run = asked("simulate", "--personas", personas, *SIZE, "--language", named, out=named)
        summary = run["summary"]
        assert (done.exit_code, summary["failed"], summary["quotes_dropped"]) == (0, 0, 0), done.output
        assert summary["pairs"] >= least, (named, rows(tmp_path / named / "rejections.jsonl"))
        said = [m["content"] for pair in rows(tmp_path / named / "pairs.jsonl") for m in pair["chosen"]]
        assert all(is_in(words(text), code_of(named)) for text in said)


@pytest.mark.parametrize("named", LANGUAGES)
def test_a_pool_grows_in_every_language_from_english_seeds(asked, named, tmp_path):
    done, run = asked(
        *("expand", "--target", "22", "--personalities", "12", "--count", "8", "--language", named), out="pool"
    )
    assert done.exit_code == 0, done.output
    assert "seeds are not in" in " ".join(run["report"]["notes"])
    found = rows(tmp_path / "pool" / "personas.jsonl")
    assert len(found) == 22
    for persona in found:
        assert is_in(words(f"{persona['profile']} {persona['personality']}"), code_of(named))
    assert not [row for row in rows(tmp_path / "pool" / "rejections.jsonl") if row["gate"] in ("format", "misplaced")]


def test_a_model_that_answers_in_english_is_stopped_by_the_gate(asked, personas, tmp_path):
    prompts = tmp_path / "prompts" / "user"
    prompts.mkdir(parents=True)
    front = "---\ndescription: d\ninputs: [conversation, profile]\n---\nuser:\n<conversation>\n"
    (prompts / "speak.md").write_text(front + "{{ conversation }}\n</conversation>\n{{ profile }}\n")
    done, run = asked("simulate", "--personas", personas, *SIZE, "--language", "de", out="run")
    assert done.exit_code == 5
    assert set(run["summary"]["rejected_messages"]) == {"language"}
    assert "speak.md does not use the input `language`" in " ".join(run["report"]["notes"])


def test_the_offline_cast_says_that_it_speaks_english_only(command, personas, tmp_path):
    for language, notes in (("de", 1), ("en", 0), ("any", 0), ("en-GB", 0)):
        done = command("simulate", "--personas", personas, *SIZE, "--language", language, "--out", language)
        assert done.exit_code == 0
        assert done.stdout.count("the offline cast speaks English only") == notes
        assert (tmp_path / language / "pairs.jsonl").stat().st_size
    done = command("expand", "--target", "24", "--language", "sw", "--out", "pool")
    assert done.exit_code == 0
    assert "what it writes as author is not in Swahili" in " ".join(done.stdout.split())


def test_a_translated_prompt_is_used_for_its_language_alone(command, tmp_path):
    (tmp_path / "prompts" / "de" / "assistant").mkdir(parents=True)
    text = "---\ndescription: Antwortet.\ninputs: [conversation]\n---\nsystem:\nDu hilfst.\nchat:\nconversation\n"
    (tmp_path / "prompts" / "de" / "assistant" / "plain.md").write_text(text)
    (tmp_path / "prompts" / "Deutsch" / "judge").mkdir(parents=True)
    (tmp_path / "prompts" / "Deutsch" / "judge" / "prefer.md").write_text(text)
    assert "Du hilfst." in command("prompts", "render", "assistant/plain", "--language", "German").stdout
    assert "Du hilfst." in command("prompts", "render", "assistant/plain", "--language", "de-AT").stdout
    assert "Du hilfst." not in command("prompts", "render", "assistant/plain").stdout
    assert "Answer in Swahili." in command("prompts", "render", "assistant/plain", "--language", "sw").stdout
    listed = command("prompts").stdout
    assert listed.count("translated: de") == 1
    checked = command("prompts", "check").stdout
    assert "16 prompts are valid, also in German" in checked
    assert "prompts/Deutsch/judge/prefer.md is not used by any agent: name the folder de, not Deutsch" in checked
    assert "plain.md is not used" not in checked
    (tmp_path / "prompts" / "de" / "assistant" / "plain.md").write_text(text.replace("Du", "{{ du }}"))
    assert "de/assistant/plain.md: uses du" in str(command("prompts", "check").output)


def test_short_seeds_in_another_language_are_judged_together(asked, tmp_path):
    moods = ("shy", "curious and calm", "patient with his sisters", "proud of her garden", "blunt and witty")
    bios = ("She keeps bees in Leeds.", "He mends clocks in Cork.", "She is a nurse and sings.", "He sells honey.")
    (tmp_path / "mine.jsonl").write_bytes(
        b"".join(
            orjson.dumps({"profile": b, "personality": f"She is {m}."}) + b"\n"
            for b, m in zip(bios, moods, strict=False)
        )
    )
    size = ("--target", "12", "--personalities", "8", "--length", "5-300", "--items", "1-12")
    done, run = asked("expand", "--seeds", "mine.jsonl", *size, "--language", "de", out="pool")
    assert done.exit_code == 0, done.output
    assert "4 profile and 4 personality seeds are not in German" in " ".join(run["report"]["notes"])
    texts = [row["profile"] + row["personality"] for row in rows(tmp_path / "pool" / "personas.jsonl")]
    assert len(texts) == 12
    assert not [text for text in texts if "She " in text]
