"""Reading descriptions of people that are written in English."""
