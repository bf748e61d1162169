"""Numbers about a pool: how different its entries are, and whom they describe."""
