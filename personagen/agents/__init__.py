"""The agents: each one small async function that names a prompt file and a parser."""
