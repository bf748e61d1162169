"""Personas for the tests of the environment."""

from __future__ import annotations

PEOPLE = [
    {
        "profile": "She is 41, keeps bees in Leiden and teaches chemistry.",
        "personality": "She is blunt and curious.",
        "facts": ["is 41 years old", "keeps bees in Leiden", "teaches chemistry"],
        "traits": ["blunt", "curious"],
    },
    {
        "profile": "He is 30, bakes bread in Porto and looks after his father.",
        "personality": "He is shy and patient.",
        "facts": ["is 30 years old", "bakes bread in Porto", "looks after his father"],
        "traits": ["shy", "patient"],
    },
]
# Different enough for scores to differ between turns.
MORE = [
    *PEOPLE,
    {
        "profile": "They are 67, sold the bakery and walk the Camino with a bad knee.",
        "personality": "They are talkative and indecisive.",
        "facts": ["is 67 years old", "sold the bakery", "has a bad knee"],
        "traits": ["talkative", "indecisive"],
    },
    {
        "profile": "She is 22, studies law in Lagos and works nights in a call centre.",
        "personality": "She is impatient and ambitious.",
        "facts": ["is 22 years old", "studies law in Lagos", "works nights in a call centre"],
        "traits": ["impatient", "ambitious"],
    },
]
