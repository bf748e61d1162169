"""Functions of the user's own are found by name, and what is wrong with them is told."""

from __future__ import annotations

import pytest

from personagen.errors import UsageError
from personagen.plugins import function


def test_a_function_of_a_module_in_the_working_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_found_module.py").write_text("def twice(x):\n    return 2 * x\n")
    assert function("my_found_module:twice")(4) == 8


@pytest.mark.parametrize(
    ("code", "name", "complaint"),
    [
        ("", "no_such_module_here:f", "has a module no_such_module_here; check the name"),
        ("", "broken_a:f", "has no attribute 'f'"),
        ("def (", "broken_b:f", "SyntaxError"),
        ("1 / 0", "broken_c:f", "ZeroDivisionError"),
        ("f = 3", "broken_d:f", "is not a function"),
        ("", "broken_a", "package.module:function"),
        ("", ":f", "package.module:function"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(tmp_path, monkeypatch, code, name, complaint):
    monkeypatch.chdir(tmp_path)
    module = name.partition(":")[0]
    if module.startswith("broken"):
        (tmp_path / f"{module}.py").write_text(code)
    with pytest.raises(UsageError, match=complaint):
        function(name)
