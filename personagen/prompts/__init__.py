"""Prompt files: found, read, rendered."""
