"""A file that is attached to a document."""

from __future__ import annotations

from collections.abc import Container
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from rag.errors import FailureStatus

# Between the names of a document and of a file that is attached to it: "contract.pdf › annex.docx".
ATTACHED_TO: Final = " › "
# Most attached files of a document, characters of a name, and bytes of one and of all of them.
MOST_ATTACHED: Final = 50
LONGEST_ATTACHED_NAME: Final = 200
LARGEST_ATTACHED: Final = 32 << 20
LARGEST_ALL_ATTACHED: Final = 64 << 20


def is_attached(name: str, documents: Container[str]) -> bool:
    """True for the name of a file that is attached to one of these documents, or to one that is attached to it."""
    holder, _, attached = name.partition(ATTACHED_TO)
    return bool(attached) and holder in documents


class AttachedFile(NamedTuple):
    """A file that is attached to a document.

    Attributes:
        name: without folders, unique in the document.
        data: its bytes; None where they are not read.
        fault: why they are not; None also for a file of a type that has no reader.
        reason: of the fault, in one line.
    """

    name: str
    data: bytes | None
    fault: FailureStatus | None = None
    reason: str = ""

    @property
    def suffix(self) -> str:
        """Of the name, in lower case."""
        return PurePosixPath(self.name).suffix.lower()
