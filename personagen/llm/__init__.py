"""Language models: one backend a file, and the layers around it, each a function from LLM to LLM."""
