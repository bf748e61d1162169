"""English descriptions of people: words, sentences, facts, verbs."""
