"""Files that are embedded in a Word document: other documents and spreadsheets, which it shows as a sign or a picture.

Those behind charts are no files of a person: they belong to the chart's own part. ECMA-376 part 1, 15.2.8 and 15.2.11.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from rag.domain.attached_file import (
    ATTACHED_TO,
    LARGEST_ALL_ATTACHED,
    LARGEST_ATTACHED,
    LONGEST_ATTACHED_NAME,
    MOST_ATTACHED,
    AttachedFile,
)
from rag.text.characters import clean

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.opc.part import Part

# The last words of the types of relationships to embedded files: those of Office, and those of other programs.
_EMBEDDED: Final = ("package", "oleObject")


def embedded_files(document: WordDocument, wanted: Container[str]) -> list[AttachedFile]:
    """The files that a document has in it, within limits of number and size; the last stands for those too many.

    Args:
        document: opened.
        wanted: suffixes of the files whose bytes are read.
    """
    found = list(dict.fromkeys(_parts(document)))
    files: list[AttachedFile] = []
    left = LARGEST_ALL_ATTACHED
    for part in found[:MOST_ATTACHED]:
        file = _file(part, wanted, left)
        left -= len(file.data or b"")
        files.append(file)
    if more := len(found) - len(files):
        files.append(AttachedFile(f"{more} more", None, "too_large", f"more than {MOST_ATTACHED} attached files"))
    return files


def _parts(document: WordDocument) -> Iterator[Part]:
    for relation in document.part.rels.values():
        if relation.reltype.rpartition("/")[2] in _EMBEDDED and not relation.is_external:
            yield relation.target_part


def _file(part: Part, wanted: Container[str], left: int) -> AttachedFile:
    # Names of parts are unique in a package, but for their folders.
    path = str(part.partname).strip("/").removeprefix("word/").removeprefix("embeddings/")
    name = clean(path).replace("/", "-").replace(ATTACHED_TO.strip(), ">")[-LONGEST_ATTACHED_NAME:].strip()
    if PurePosixPath(name).suffix.lower() not in wanted:
        return AttachedFile(name, None)
    data = part.blob
    if not data:
        return AttachedFile(name, None, "malformed", "the attached file is empty or damaged")
    if len(data) > min(LARGEST_ATTACHED, left):
        reason = (
            f"more than {LARGEST_ATTACHED >> 20} MiB, or {LARGEST_ALL_ATTACHED >> 20} with the other attached files"
        )
        return AttachedFile(name, None, "too_large", reason)
    return AttachedFile(name, data)
