"""``python -m personagen``."""

import os
import sys

# Python puts the working folder first, and a json.py that lies there would be taken for Python's own.
if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:  # noqa: PTH109 - pathlib would be looked for there
    del sys.path[0]

from personagen.cli import main

main(prog_name="personagen")
