"""The live environment under the name by which `verifiers` finds one: ``vf-eval personagen-env``."""

from personagen.env.verifiers import ChatHarness, PersonaEnv, PersonaTaskset

__all__ = ["ChatHarness", "PersonaEnv", "PersonaTaskset"]
