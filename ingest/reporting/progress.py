"""Progress callbacks of the ingest job."""

from __future__ import annotations

from ingest.reading import ReadRequest


class Progress:
    """Callbacks without effect, to be overridden; methods may be called from several threads."""

    def checking(self, files: int) -> None:
        """Checking begins: so many files are hashed."""

    def reading(self, files: int, size: int) -> None:
        """Reading begins: so many files, of so many bytes in all."""

    def page(self, request: ReadRequest, done: int, total: int) -> None:
        """``done`` of ``total`` pages of a file are read."""

    def file(self, request: ReadRequest, size: int, pages: int, chunks: int) -> None:
        """A file was read, or failed; ``chunks`` of it will be encoded."""

    def stored(self, chunks: int) -> None:
        """So many more chunks will be encoded, of files that an earlier run has read."""

    def encoded(self, chunks: int) -> None:
        """So many more chunks are encoded."""

    def publishing(self) -> None:
        """Publishing begins: everything is read and encoded."""
