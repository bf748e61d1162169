"""`personagen doctor`: a sound installation, each way it can be broken, and what it tells of keys."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from personagen.flows import doctor

REPO = Path(__file__).parents[2]
SECRET = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def empty(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if doctor._KEY.fullmatch(name) or doctor._ADDRESS.fullmatch(name) or name.upper() in doctor._PROXIES:
            monkeypatch.delenv(name)


def told(name):
    return " | ".join(check.text for check in doctor.doctor().checks if check.name == name)


def problems():
    report = doctor.doctor()
    assert report.sound == (not any(check.problem for check in report.checks))
    return [(check.name, check.text) for check in report.checks if check.problem]


def test_this_installation_is_sound_and_leaves_nothing_behind(command, tmp_path):
    result = command("doctor")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("the installation is sound\n")
    assert list(tmp_path.iterdir()) == []
    assert json.loads(command("doctor", "--json").stdout)["sound"] is True


def test_it_opens_no_socket(tmp_path):
    code = (
        "import sys\n"
        "def stop(event, args):\n"
        "    if event.startswith('socket.'):\n"
        "        raise RuntimeError(event)\n"
        "sys.addaudithook(stop)\n"
        "from personagen.cli import main\n"
        "main(['doctor'], 'personagen')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_excluded_versions_are_those_of_the_project():
    text = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f"!={version}" in text for version in doctor.MALICIOUS)


@pytest.mark.parametrize("version", doctor.MALICIOUS)
def test_a_malicious_litellm_is_told(monkeypatch, version):
    real = doctor.version
    monkeypatch.setattr(doctor, "version", lambda name: version if name == "litellm" else real(name))
    [(name, text)] = problems()
    assert name == "packages"
    assert f"litellm {version} is malicious" in text
    assert "change every key" in text


def test_a_package_that_is_missing_and_one_that_does_not_fit_are_told_with_the_remedy(monkeypatch):
    real = doctor.version

    def version(name):
        if name == "tenacity":
            raise doctor.PackageNotFoundError(name)
        return "0.1" if name == "orjson" else real(name)

    monkeypatch.setattr(doctor, "version", version)
    assert sorted(text.partition(": pip install '")[0] for _, text in problems()) == [
        "orjson 0.1 does not fit",
        "tenacity is missing",
    ]


def test_another_version_in_the_metadata_is_told(monkeypatch):
    real = doctor.version
    monkeypatch.setattr(doctor, "version", lambda name: "0.0.9" if name == "personagen" else real(name))
    assert "but 0.0.9 is what was installed" in problems()[0][1]


def test_an_old_python_is_told(monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_PYTHON", (9, 0))
    assert problems()[0][0] == "python"


def test_seeds_and_prompts_that_are_missing_or_broken_are_told(monkeypatch, tmp_path):
    (tmp_path / "prompts" / "judge").mkdir(parents=True)
    (tmp_path / "prompts" / "judge" / "prefer.md").write_text("{% if %}")
    [(name, text)] = problems()
    assert (name, "prefer.md" in text) == ("prompts", True)
    shutil.rmtree(tmp_path / "prompts")
    monkeypatch.setattr("personagen.personas.seeds.packaged", lambda: tmp_path / "absent")
    [(name, text)] = problems()
    assert name == "seeds"


def test_prompts_of_the_folder_are_counted(tmp_path):
    from personagen.prompts.files import packaged

    shutil.copytree(packaged(), tmp_path / "prompts")
    assert told("prompts").endswith("of them from ./prompts")


def test_a_package_that_cannot_be_imported_is_told_and_the_rest_goes_on():
    code = "import sys\nsys.modules['pydantic'] = None\nfrom personagen.cli import main\nmain(['doctor'], 'personagen')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=REPO)
    assert done.returncode == 3
    assert "pydantic can't be imported" in done.stdout
    assert "GB free" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_and_a_full_disk_are_told(monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor, "TemporaryDirectory", refuse)
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1_000_000))
    assert [name for name, _ in problems()] == ["sqlite", "disk"]


def test_keys_proxies_and_addresses_are_named_without_what_is_secret(monkeypatch, command):
    for name in ("OPENAI_API_KEY", "MISTRAL_API_KEY", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{SECRET}@proxy.lab:3128/{SECRET}")
    monkeypatch.setenv("no_proxy", "localhost,.lab")
    monkeypatch.setenv("OPENAI_BASE_URL", f"https://host.lab/v1?key={SECRET}")
    shown = command("doctor").output
    assert SECRET not in shown
    for part in ("MISTRAL_API_KEY", "HTTPS_PROXY: proxy.lab:3128", "no_proxy: localhost,.lab", "URL: host.lab"):
        assert part in shown


@pytest.mark.parametrize("value", ["", " x", '"x"', "x\n", "x\u200b"])
def test_a_key_that_was_pasted_wrongly_is_told(monkeypatch, value):
    monkeypatch.setenv("OPENAI_API_KEY", value)
    assert problems() == [("keys", "OPENAI_API_KEY is empty, or holds quotes or white space: set it again")]


def test_a_proxy_that_is_no_address_does_not_stop_it(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://[::bad")
    assert [name for name, _ in problems()] in ([], ["proxies"])


def test_extras_are_told_with_how_to_get_them(monkeypatch):
    def version(name):
        raise doctor.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", version)
    assert "sentence-transformers is not installed: pip install 'personagen[embed]'" in told("extras")
