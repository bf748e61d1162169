"""A run as a dataset of the Hub: its tables, its card, what must not leave, and the way there and back."""
