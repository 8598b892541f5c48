"""`python -m graphflow`, and the script `graphflow`: the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; Ctrl-C while it is still being read in is one line, too."""
    try:
        from graphflow.cli import run
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    sys.exit(run())


if __name__ == "__main__":
    # Python puts the current folder first on the path. Where that is not where we are installed, a loaders/
    # or an app.py of the user's own would take the place of ours.
    home = Path(__file__).resolve().parent.parent
    if not sys.flags.safe_path and Path(sys.path[0] or os.curdir).resolve() != home:
        del sys.path[0]
    main()
