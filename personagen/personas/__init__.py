"""Persona descriptions: seeds, pools, filters, traits, and their English."""
