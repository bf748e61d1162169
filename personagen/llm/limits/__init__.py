"""Who may send now: an adaptive limit and a queue for each endpoint, retries."""
