"""All that ``expand`` is about: seeds, pools, the filters, and what descriptions of people say."""
