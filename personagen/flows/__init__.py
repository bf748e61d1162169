"""The flows: what each command does, without printing."""
