"""Calls by the batch, through a provider's batch API: half the price, for answers within a day."""
