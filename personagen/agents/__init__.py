"""The agents: each one small async function that names a prompt file and a parser."""

from types import SimpleNamespace

ACTS = {
    name: SimpleNamespace(usual_tokens=usual, offline_tokens=offline)
    for name, usual, offline in (
        ("user/speak", 65.0, 32.0),
        ("observer/infer", 40.0, 20.0),
        ("assistant/plain", 195.0, 58.0),
        ("assistant/aware", 195.0, 58.0),
        ("judge/prefer", 35.0, 39.0),
        ("author/profiles", 210.0, 195.0),
        ("author/personalities", 115.0, 120.0),
    )
}
