"""Parts of a Word document beside its body: headers, footers, footnotes, endnotes and comments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ingest.markup.word_styles import VALUE, W, switch

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

NoteKind: TypeAlias = Literal["footnote", "endnote", "comment"]

_R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_LABELS: Final[Mapping[NoteKind, str]] = {"footnote": "Footnote", "endnote": "Endnote", "comment": "Comment"}
_NUMBERED: Final[Mapping[NoteKind, str | None]] = {"footnote": "decimal", "endnote": "lowerRoman", "comment": None}


@dataclass(frozen=True)
class Note:
    """A footnote, an endnote or a comment, where the body refers to it.

    Attributes:
        label: "Footnote 3", "Endnote" or "Comment by Ada".
        content: the element with its paragraphs.
        at_end: whether it stands at the end of the document.
    """

    label: str
    content: BaseOxmlElement
    at_end: bool = False


class Notes:
    """The notes of a document, by kind and id. Only those that the body refers to are shown by Word."""

    def __init__(self, roots: Mapping[NoteKind, BaseOxmlElement], settings: BaseOxmlElement | None) -> None:
        self._notes = {
            (kind, note.get(f"{W}id")): note
            for kind, root in roots.items()
            for note in root.iter(f"{W}{kind}")
            # Those with a type are the lines above the notes.
            if note.get(f"{W}type") in (None, "normal")
        }
        self._numbered = {kind: _numbers_from_one(kind, settings) for kind in _LABELS}
        self._counts: dict[NoteKind, int] = dict.fromkeys(_LABELS, 0)

    def note(self, reference: BaseOxmlElement) -> Note | None:
        """The note of a reference, which is numbered in the order of the calls; None for another element."""
        kind = REFERENCES.get(reference.tag)
        content = self._notes.pop((kind, reference.get(f"{W}id")), None) if kind else None
        if kind is None or content is None:
            return None
        if kind == "comment":
            author = " ".join((content.get(f"{W}author") or "").split())[:100]
            return Note(f"Comment by {author}" if author else "Comment", content)
        own_mark = (reference.get(f"{W}customMarkFollows") or "0").lower() in ("1", "true", "on")
        self._counts[kind] += not own_mark
        number = f" {self._counts[kind]}" if self._numbered[kind] and not own_mark else ""
        return Note(f"{_LABELS[kind]}{number}", content, at_end=kind == "endnote")


REFERENCES: Final[Mapping[object, NoteKind]] = {f"{W}{kind}Reference": kind for kind in _LABELS}


def _numbers_from_one(kind: NoteKind, settings: BaseOxmlElement | None) -> bool:
    """True if the notes of a kind have the numbers 1, 2, 3 to the end of the document."""
    properties = settings.find(f"{W}{kind}Pr") if settings is not None else None
    form, start, restart = _NUMBERED[kind], "1", "continuous"
    if properties is not None:
        given = {child.tag: child.get(VALUE) for child in properties}
        form = given.get(f"{W}numFmt") or form
        start = given.get(f"{W}numStart") or start
        restart = given.get(f"{W}numRestart") or restart
    return (form, start, restart) == ("decimal", "1", "continuous")


def running_parts(
    body: BaseOxmlElement, settings: BaseOxmlElement | None, part: Callable[[str], BaseOxmlElement | None]
) -> Iterator[list[tuple[str, BaseOxmlElement]]]:
    """The headers and footers of each section, in order, with the labels "Page header" and "Page footer".

    Those that Word does not show are left out: of first pages where these are as the others, and of even pages.

    Args:
        body: of the document.
        settings: of the document.
        part: gives a part by the id of its relationship.
    """
    even = settings is not None and bool(switch(settings, "evenAndOddHeaders"))
    for section in body.iter(f"{W}sectPr"):
        if section.getparent().tag == f"{W}sectPrChange":  # as it was before a tracked change
            continue
        shown = {"default": True, "first": bool(switch(section, "titlePg")), "even": even}
        found: list[tuple[str, BaseOxmlElement]] = []
        for name in ("header", "footer"):
            for reference in section.findall(f"{W}{name}Reference"):
                if shown.get(reference.get(f"{W}type") or "default"):
                    content = part(reference.get(f"{_R}id") or "")
                    found += [(f"Page {name}", content)] if content is not None else []
        yield found
