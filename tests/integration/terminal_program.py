"""``python -m tests.integration.terminal_program INDEX SECONDS REPLY ...``: ``rag`` over fakes, in its own process.

It makes the file INDEX.writing when the model has generated its first token. At its end it tells, on a line of its own,
how many generations were cancelled and how many tokens were generated.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rag.cli import ask
from rag.cli.main import main
from rag.models.llm.language_model import Generated, Prompt
from rag.testing import ScriptedModel
from tests.integration.conftest import make_answerer


@dataclass
class TellingModel(ScriptedModel):
    """Makes a file when it has generated a token."""

    writing: Path = Path()

    def generate(self, prompt: Prompt, **options: Any) -> Iterator[Generated]:
        for generated in super().generate(prompt, **options):
            if self.generated_tokens:
                self.writing.touch()
            yield generated


def run(index: str, seconds: str, reply: str, *arguments: str) -> int:
    """Answers from an index with what a model says, at so many seconds for each word."""
    model = TellingModel([reply], seconds_per_token=float(seconds), writing=Path(f"{index}.writing"))
    answerer = make_answerer(Path(index), model)
    with patch.object(ask, "open_answerer", lambda *_args, **_options: answerer):
        code = main(["ask", *arguments])
    sys.stderr.write(f"cancelled {model.cancelled}, generated {model.generated_tokens}\n")
    return code


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
