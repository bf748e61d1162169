"""A run of any command: folder, models, estimate, consent, schedule, interruption, summary."""
