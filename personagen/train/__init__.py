"""Training on a run's data with TRL: recipes, checks of the rows, the trainer, curves and a card.

TRL, transformers, peft, datasets and torch are imported in functions only: they take seconds, and the extra ``train``.
"""
