"""``python -m rag COMMAND``: the commands are in ``rag/cli``."""

import sys

from rag.runtime.interpreter import exit_on_interrupt

# Importing the commands takes a second or more.
exit_on_interrupt()

# isort: split

from rag.cli.main import main  # noqa: E402 - see above

if __name__ == "__main__":
    sys.exit(main())
