"""``python -m rag COMMAND``: the commands are in ``rag/cli``."""

import sys

from rag.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
