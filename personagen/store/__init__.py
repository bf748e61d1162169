"""The run folder: its lock, its journal and the files derived from it."""
