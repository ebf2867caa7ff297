"""``python -m tests.integration.service_program INDEX PORT SECONDS REPLY``: the service over fakes, in its own process.

``SECONDS`` is what the model takes for each word. The settings are those of the environment.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from rag.cli.console import configure_logging
from rag.service.server import reserve, serve_forever
from rag.settings import read_settings
from rag.testing import ScriptedModel
from tests.integration.conftest import make_answerer


def run(index: str, port: str, seconds: str, reply: str) -> int:
    """Serves until a signal; the exit code."""
    # The replies are for questions.
    settings = read_settings().model_copy(update={"guides": "off"})
    configure_logging(settings.log)
    model = replace(ScriptedModel([reply]), seconds_per_token=float(seconds))
    with reserve("127.0.0.1", int(port)) as listener:
        return serve_forever(lambda: make_answerer(Path(index), model), settings, listener)


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
