"""``python -m personagen``."""

from personagen.cli import main

main(prog_name="personagen")
