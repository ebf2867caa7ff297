"""Compromised worker processes, played by a script of the test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from ingest.reading import Reading, ReadRequest
from ingest.sandbox import pool
from rag.errors import FileFault

# Says that it is ready, and after each file what ``answer`` says.
_LIAR: Final = """
import json, os, struct, sys, time, zlib
def say(kind, data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    sys.stdout.buffer.write(struct.pack("<Ic", len(data), kind) + data)
    if not TOGETHER:
        sys.stdout.buffer.flush()
def reading(word="Forged"):
    say(b"g", [1, word + " words.", 600, 800, [], None])
    say(b"w", zlib.compress(b""))
    say(b"c", [[1, 0, len(word) + 7, [], ""]])
    facts = dict(title=None, pages_with_text=1, characters=9, indexed_characters=9, remarks={}, reason=None)
    say(b"r", {**facts, "seconds": {}, "worn": False})
def fault(reason):
    say(b"f", {"status": "malformed", "reason": reason, "worn": False})
sys.stdin.readline()
TOGETHER = False
say(b"p", b"")
for line in sys.stdin:
"""


def lying(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Makes the pool start the script in place of workers."""
    script = _LIAR + "".join(f"    {line}\n" for line in answer.strip().splitlines())
    popen = subprocess.Popen

    def start(_command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return popen([sys.executable, "-c", script], **options)

    monkeypatch.setattr(subprocess, "Popen", start)


def ask(readers: pool.SandboxedReaders, *paths: Path) -> list[Reading | FileFault]:
    """The outcomes, in the order of the paths."""
    outcomes = dict(readers.read([ReadRequest(path, path.suffix) for path in paths]))
    return [outcomes[ReadRequest(path, path.suffix)] for path in paths]
