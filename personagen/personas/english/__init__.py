"""English descriptions of people: words, sentences, facts, pronouns, verbs."""
