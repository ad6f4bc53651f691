"""Runs the fake org: `python hack/fakeorg`, or `python -m fakeorg` with hack/ on the path."""

import sys
from pathlib import Path

if not __package__:
    # Started as a folder: Python put the folder itself on the path, not its parent.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from fakeorg.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
