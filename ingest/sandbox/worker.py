"""Reader process, ``python -m ingest.sandbox.worker``: reads one file after the other for the job, in a sandbox.

The first line of standard input is the configuration; each further line is a file. The contents go to standard output,
in frames (``ingest/sandbox/protocol.py``).
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from ingest.chunking import Chunker
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions
from ingest.reading import Cutting, ReadRequest, read_document
from ingest.sandbox import protocol
from ingest.sandbox.confinement import confine, limit_cpu
from rag.errors import FileFault

# The process is recycled after so many files, or when it has grown to this share of its memory limit.
_RECYCLE_AFTER_FILES: Final = 500
_RECYCLE_AT_MEMORY: Final = 0.4


@dataclass(frozen=True)
class WorkerConfig:
    """Configuration of a reader process, which the job sends first.

    Attributes:
        tokenizer: path of the encoder's tokenizer; None counts words, for encoders that have none.
        max_tokens: most tokens that the encoder takes.
        chunker: cuts the text into chunks.
        options: limits and OCR.
        memory: limit of the address space, in bytes.
        cpu_seconds: limit of processor time for one file.
        folder: of the files; None lets the process read all that its user may read.
    """

    tokenizer: str | None
    max_tokens: int
    chunker: Chunker
    options: ReadingOptions
    memory: int
    cpu_seconds: float
    folder: str | None = None

    def to_json(self) -> bytes:
        """Encodes it in one line."""
        fields = {
            "tokenizer": self.tokenizer,
            "max_tokens": self.max_tokens,
            "chunker": vars(self.chunker),
            "limits": vars(self.options.limits),
            "ocr": self.options.ocr,
            "ocr_languages": self.options.ocr_languages,
            "memory": self.memory,
            "cpu_seconds": self.cpu_seconds,
            "folder": self.folder,
        }
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def from_json(cls, line: bytes) -> WorkerConfig:
        """Decodes what :meth:`to_json` gave."""
        fields: dict[str, Any] = json.loads(line)
        return cls(
            tokenizer=fields["tokenizer"],
            max_tokens=fields["max_tokens"],
            chunker=Chunker(**fields["chunker"]),
            options=ReadingOptions(ReadingLimits(**fields["limits"]), fields["ocr"], tuple(fields["ocr_languages"])),
            memory=fields["memory"],
            cpu_seconds=fields["cpu_seconds"],
            folder=fields["folder"],
        )

    def cutting(self) -> Cutting:
        """The chunking of texts, with the encoder's own tokenizer."""
        if self.tokenizer is None:
            return Cutting(self.chunker, lambda text: len(text.split()), self.max_tokens)
        from rag.models.embedding.token_counter import token_counter

        return Cutting(self.chunker, token_counter(Path(self.tokenizer)), self.max_tokens)


def main() -> int:
    """Serves requests until standard input ends."""
    # What a library prints must not get between the frames: it goes to standard error.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    config = WorkerConfig.from_json(sys.stdin.buffer.readline())
    cutting = config.cutting()
    # What is loaded by now stays, and pages make few reference cycles: fewer garbage collections, of less.
    gc.freeze()
    gc.set_threshold(50_000)
    confine(config.memory, None if config.folder is None else [config.folder])
    out.write(protocol.pack(protocol.PROGRESS, b""))  # ready
    out.flush()
    for served, line in enumerate(sys.stdin.buffer, start=1):
        request = json.loads(line)
        limit_cpu(config.cpu_seconds)
        _serve(ReadRequest(Path(request["path"]), request["suffix"]), cutting, config, out, served)
        out.flush()
    return 0


def _serve(request: ReadRequest, cutting: Cutting, config: WorkerConfig, out: BinaryIO, served: int) -> None:
    def send_progress(page: int, pages: int, ocr: bool) -> None:  # noqa: FBT001 - the shape of OnPage
        out.write(protocol.pack(protocol.PROGRESS, json.dumps([page, pages, ocr]).encode()))
        out.flush()

    try:
        reading = read_document(request, cutting, replace(config.options, on_page=send_progress))
        protocol.send_reading(reading, out, recycle=_needs_recycling(config, served))
    except FileFault as fault:
        protocol.send_fault(fault, out, recycle=_needs_recycling(config, served))
    except MemoryError:
        gc.collect()
        protocol.send_fault(_out_of_memory(config), out, recycle=True)
    except RecursionError:
        protocol.send_fault(FileFault("malformed", "nested too deeply"), out, recycle=False)
    except Exception as error:  # noqa: BLE001 - a boundary: a library's bug on one file is that file's fault
        protocol.send_fault(
            FileFault("crashed", f"the reader failed: {type(error).__name__}: {error}"), out, recycle=True
        )


def _out_of_memory(config: WorkerConfig) -> FileFault:
    return FileFault("out_of_memory", f"reading it takes more than {config.memory >> 20} MiB")


def _needs_recycling(config: WorkerConfig, served: int) -> bool:
    return served >= _RECYCLE_AFTER_FILES or _peak_memory() > config.memory * _RECYCLE_AT_MEMORY


def _peak_memory() -> int:
    """Peak resident memory of this process, in bytes. Not ru_maxrss, which begins with that of its parent."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0


if __name__ == "__main__":
    sys.exit(main())
