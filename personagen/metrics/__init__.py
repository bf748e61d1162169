"""Metrics of a pool: diversity of its texts, and spread of tone, age and gender."""
