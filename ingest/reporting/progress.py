"""What the job tells while it is at work. This one says nothing; the console's says it to people."""

from __future__ import annotations

from ingest.reading import ReadRequest


class Progress:
    """Is told what happens; methods may be called from several threads."""

    def checking(self, files: int) -> None:
        """So many files are looked at and hashed."""

    def reading(self, files: int, size: int) -> None:
        """So many files, of so many bytes in all, are going to be read."""

    def page(self, request: ReadRequest, done: int, total: int) -> None:
        """A page of a file was read; ``done`` of ``total``."""

    def file(self, request: ReadRequest, size: int, pages: int, chunks: int) -> None:
        """A file is done with, well or not; ``chunks`` of it will be encoded."""

    def encoded(self, chunks: int) -> None:
        """So many more chunks are encoded."""

    def publishing(self) -> None:
        """Everything is read and encoded."""
