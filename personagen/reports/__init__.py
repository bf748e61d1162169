"""A run as one HTML page: what it holds, how its figures are put together, how the page is written."""
