"""The fault harness: real processes, real crashes, a server that misbehaves; ``python -m tests.faults`` runs it."""
