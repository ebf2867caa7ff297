"""Annotations of a page that hold text, strike it out or cover it: form fields, text boxes, notes, lines and areas.

Their number and lengths are bounded, because a file may hold any of them.
"""

from __future__ import annotations

import ctypes
import html
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import pypdfium2
import pypdfium2.raw as pdfium

from rag.domain.values import Box

AnnotationKind: TypeAlias = Literal["value", "tick", "text", "note", "drawn", "strike-out", "line", "area", "hidden"]

# Most annotations of a page that are looked at, characters of one, options of a field, and quadrilaterals of one.
_MOST: Final = 5_000
_LONGEST: Final = 20_000
_LONGEST_STRING: Final = 1 << 20
_LONGEST_NAME: Final = 100
_MOST_OPTIONS: Final = 1_000
_MOST_QUADS: Final = 500
_MOST_POINTS: Final = 5_000
# Height of a row of a list box in small print, in points: one with more options than fit shows a part of them.
_LEAST_ROW: Final = 6.0
# Marks of options that are chosen, and that are not.
TICKED: Final = "[x]"
NOT_TICKED: Final = "[ ]"
# A line is flat if it rises less than this share of its length; half its thickness, in points.
_FLAT: Final = 0.1
_HALF_A_LINE: Final = 0.5
# PageToDevice returns integers: it is called with a device of a thousand units per point.
_SCALE: Final = 1000

_NOT_SHOWN: Final = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD: Final = 1 << 13
_TICKS: Final = (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON)
_CHOICES: Final = (pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)
_TEXTS: Final = (pdfium.FPDF_FORMFIELD_TEXTFIELD, *_CHOICES)
# Names of the stamps that a viewer draws by itself: ISO 32000-2, table 184.
_STAMPS: Final = (
    "Approved", "Experimental", "Not approved", "As is", "Expired", "Not for public release", "Confidential", "Final",
    "Sold", "Departmental", "For comment", "Top secret", "Draft", "For public release",
)  # fmt: skip
# Annotations whose quadrilaterals mark words.
_MARKING: Final = (
    pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE, pdfium.FPDF_ANNOT_SQUIGGLY, pdfium.FPDF_ANNOT_STRIKEOUT,
)  # fmt: skip
_DRAWN: Final = (pdfium.FPDF_FORMFIELD_PUSHBUTTON, pdfium.FPDF_FORMFIELD_SIGNATURE)
# Rich text (XHTML) in place of plain text.
_LINE_END: Final = re.compile(r"</(?:p|div|li)\b|<br\b", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")
_STAMP_OF: Final = {stamp.replace(" ", "").lower(): stamp for stamp in _STAMPS}
_SHOWING: Final = re.compile(r"\bT[jJ]\b|[)>\]]\s{0,5}['\"]")
# Annotations with an interior, which may cover words of the page.
_AREAS: Final = (
    pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_CIRCLE, pdfium.FPDF_ANNOT_POLYGON, pdfium.FPDF_ANNOT_FREETEXT,
    pdfium.FPDF_ANNOT_STAMP,
)  # fmt: skip
_NOTES: Final = frozenset(
    {
        pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_LINE, pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_CIRCLE,
        pdfium.FPDF_ANNOT_POLYGON, pdfium.FPDF_ANNOT_POLYLINE, pdfium.FPDF_ANNOT_HIGHLIGHT,
        pdfium.FPDF_ANNOT_UNDERLINE, pdfium.FPDF_ANNOT_SQUIGGLY, pdfium.FPDF_ANNOT_STRIKEOUT, pdfium.FPDF_ANNOT_STAMP,
        pdfium.FPDF_ANNOT_CARET, pdfium.FPDF_ANNOT_INK, pdfium.FPDF_ANNOT_FILEATTACHMENT, pdfium.FPDF_ANNOT_REDACT,
    }
)  # fmt: skip


class Annotation(NamedTuple):
    """An annotation with text, or one that strikes words out.

    Attributes:
        kind: ``value`` of a form field, without text where only its appearance may have it; ``tick``: a box or button
            of a form, with the text "x" where it is ticked; ``text``: a text box on the page; ``note``: a comment,
            which is not on the page as drawn; ``drawn``: one whose text, if it has any, is only in its appearance;
            ``strike-out``; ``line``: flat ones, drawn by hand or not; ``area``: one that may cover words; ``hidden``:
            text that no viewer shows.
        text: may have several lines.
        author: of a note; empty where it has none.
        box: on the page as displayed.
        quads: boxes of the words that are marked, or of the lines.
        position: 0-based, among the annotations of the page.
    """

    kind: AnnotationKind
    text: str
    box: Box
    author: str = ""
    quads: tuple[Box, ...] = ()
    position: int = 0


def read_annotations(page: pypdfium2.PdfPage) -> list[Annotation]:
    """The annotations of a page in their order in the file. Values of fields need the document's forms initialized."""
    count = min(pdfium.FPDFPage_GetAnnotCount(page), _MOST)
    if count <= 0:
        return []
    place = _Placement(page)
    found: list[Annotation] = []
    for index in range(count):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if annotation:
            try:
                read = (*_read(page, annotation, place), *_area(annotation, place))
                found += (one._replace(position=index) for one in read)
            finally:
                pdfium.FPDFPage_CloseAnnot(annotation)
    return found


def _area(annotation: Any, place: _Placement) -> Iterator[Annotation]:  # noqa: ANN401 - ctypes
    """An annotation that may cover words."""
    if pdfium.FPDFAnnot_GetSubtype(annotation) in _AREAS and not pdfium.FPDFAnnot_GetFlags(annotation) & _NOT_SHOWN:
        box = place.of_annotation(annotation)
        if box is not None:
            yield Annotation("area", "", box)


def _read(page: pypdfium2.PdfPage, annotation: Any, place: _Placement) -> Iterator[Annotation]:  # noqa: ANN401 - ctypes
    subtype = pdfium.FPDFAnnot_GetSubtype(annotation)
    if subtype in (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP):
        return
    box = place.of_annotation(annotation)
    if box is None:
        return
    shown = not pdfium.FPDFAnnot_GetFlags(annotation) & _NOT_SHOWN
    if subtype == pdfium.FPDF_ANNOT_WIDGET:
        found = _field(page.formenv, annotation, box) if page.formenv else None
    elif subtype == pdfium.FPDF_ANNOT_FREETEXT:
        found = _of_appearance(Annotation("text", _contents(annotation), box))
    elif subtype == pdfium.FPDF_ANNOT_WATERMARK:
        found = Annotation("drawn", "", box)
    elif subtype in _NOTES and not pdfium.FPDFAnnot_HasKey(annotation, b"State"):
        author = " ".join(_entry(annotation, b"T").split())[:_LONGEST_NAME]
        quads = tuple(place.quads(annotation)) if subtype in _MARKING else ()
        found = Annotation("note", _contents(annotation), box, author, quads)
        if shown:
            yield from _beside_note(annotation, subtype, found, place)
    else:
        return
    if found and found.text.strip():
        yield found if shown else found._replace(kind="hidden")
    elif found and shown and found.kind in ("tick", "drawn", "value"):
        yield found


def _beside_note(
    annotation: Any,  # noqa: ANN401 - ctypes
    subtype: int,
    note: Annotation,
    place: _Placement,
) -> Iterator[Annotation]:
    """Appearance of an annotation with a note on the page: a strike through words, lines, or a stamp."""
    if note.quads and subtype == pdfium.FPDF_ANNOT_STRIKEOUT:
        yield Annotation("strike-out", "", note.box, quads=note.quads)
    elif subtype in (pdfium.FPDF_ANNOT_LINE, pdfium.FPDF_ANNOT_INK):
        yield Annotation("line", "", note.box, quads=tuple(place.lines(annotation)))
    elif subtype == pdfium.FPDF_ANNOT_STAMP:
        yield _of_appearance(Annotation("text", _stamp(annotation), note.box))


def _of_appearance(annotation: Annotation) -> Annotation:
    """An annotation, or one of the kind ``drawn`` where it has no text of its own."""
    return annotation if annotation.text.strip() else annotation._replace(kind="drawn")


def _stamp(annotation: Any) -> str:  # noqa: ANN401 - ctypes
    """The words of a standard stamp, which are drawn as letters or as a picture; empty for another one."""
    for key in (b"Name", b"Subj"):
        # Acrobat's names of them begin with SB, and those of others with a number sign.
        name = _entry(annotation, key)[:_LONGEST_NAME].replace(" ", "").lower().lstrip("#").removeprefix("sb")
        if name in _STAMP_OF:
            return _STAMP_OF[name]
    return ""


def _field(formenv: Any, annotation: Any, box: Box) -> Annotation | None:  # noqa: ANN401 - ctypes
    kind = pdfium.FPDFAnnot_GetFormFieldType(formenv, annotation)
    if kind in _TICKS:
        return Annotation("tick", "x" if pdfium.FPDFAnnot_IsChecked(formenv, annotation) else "", box)
    if kind in _DRAWN:
        return Annotation("value", "", box)
    if kind not in _TEXTS or (
        kind == pdfium.FPDF_FORMFIELD_TEXTFIELD and pdfium.FPDFAnnot_GetFormFieldFlags(formenv, annotation) & _PASSWORD
    ):
        return None
    text = _choices(formenv, annotation, box) if kind in _CHOICES else ""
    text = text or _string(pdfium.FPDFAnnot_GetFormFieldValue, formenv, annotation)
    text = text or _of_rich_text(_entry(annotation, b"RV"))
    return Annotation("value", text, box) if text or _shows_text(annotation) else None


def _shows_text(annotation: Any) -> bool:  # noqa: ANN401 - ctypes
    """True if the appearance of an annotation has operators that show text."""
    return (
        _SHOWING.search(_string(pdfium.FPDFAnnot_GetAP, annotation, pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL))
        is not None
    )


def _choices(formenv: Any, annotation: Any, box: Box) -> str:  # noqa: ANN401 - ctypes
    """The options that are chosen, one on each line; of a list box all that it shows, with marks if one is chosen."""
    count = min(pdfium.FPDFAnnot_GetOptionCount(formenv, annotation), _MOST_OPTIONS)
    is_list = (
        pdfium.FPDFAnnot_GetFormFieldType(formenv, annotation) == pdfium.FPDF_FORMFIELD_LISTBOX
        and count * _LEAST_ROW <= box.y1 - box.y0
    )
    chosen = [bool(pdfium.FPDFAnnot_IsOptionSelected(formenv, annotation, option)) for option in range(count)]
    marks = (f"{NOT_TICKED} ", f"{TICKED} ") if is_list and any(chosen) else ("", "")
    labels = (
        (marks[is_chosen], _string(pdfium.FPDFAnnot_GetOptionLabel, formenv, annotation, option))
        for option, is_chosen in enumerate(chosen)
        if is_list or is_chosen
    )
    return "\n".join(mark + label for mark, label in labels if label)[:_LONGEST]


def _contents(annotation: Any) -> str:  # noqa: ANN401 - ctypes
    """The text of an annotation: plain, or else that of its rich text."""
    plain = _entry(annotation, b"Contents")
    return plain if plain.strip() else _of_rich_text(_entry(annotation, b"RC"))


def _of_rich_text(rich: str) -> str:
    return html.unescape(_TAG.sub("", _LINE_END.sub("\n\\g<0>", rich))).strip()


def _entry(annotation: Any, key: bytes) -> str:  # noqa: ANN401 - ctypes
    return _string(pdfium.FPDFAnnot_GetStringValue, annotation, key)


def _string(get: Callable[..., int], *arguments: object) -> str:
    """A string of pdfium, cut to a maximum length; empty where it is far longer."""
    size = get(*arguments, None, 0)
    if not 2 < size <= _LONGEST_STRING:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    get(*arguments, buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", "ignore")[:_LONGEST].replace("\r\n", "\n").replace("\r", "\n")


def _lines_of(annotation: Any) -> Iterator[Sequence[Any]]:  # noqa: ANN401 - ctypes
    """The points of the line of an annotation, or of each stroke of a pen."""
    start, end = pdfium.FS_POINTF(), pdfium.FS_POINTF()
    if pdfium.FPDFAnnot_GetLine(annotation, start, end):
        yield start, end
    for stroke in range(min(pdfium.FPDFAnnot_GetInkListCount(annotation), _MOST_QUADS)):
        count = pdfium.FPDFAnnot_GetInkListPath(annotation, stroke, None, 0)
        if 1 < count <= _MOST_POINTS:
            points = (pdfium.FS_POINTF * count)()
            pdfium.FPDFAnnot_GetInkListPath(annotation, stroke, points, count)
            yield list(points)


class _Placement:
    """From PDF coordinates to those of the page as displayed: cropped, rotated, origin top left."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._page = page
        self._width, self._height = page.get_size()

    def of_annotation(self, annotation: Any) -> Box | None:  # noqa: ANN401 - ctypes
        sides = pdfium.FS_RECTF()
        if not pdfium.FPDFAnnot_GetRect(annotation, sides):
            return None
        return self._box([(sides.left, sides.bottom), (sides.right, sides.top)])

    def quads(self, annotation: Any) -> Iterator[Box]:  # noqa: ANN401 - ctypes
        points = pdfium.FS_QUADPOINTSF()
        for index in range(min(pdfium.FPDFAnnot_CountAttachmentPoints(annotation), _MOST_QUADS)):
            if pdfium.FPDFAnnot_GetAttachmentPoints(annotation, index, points):
                corners = [(getattr(points, f"x{number}"), getattr(points, f"y{number}")) for number in range(1, 5)]
                if (box := self._box(corners)) is not None:
                    yield box

    def lines(self, annotation: Any) -> Iterator[Box]:  # noqa: ANN401 - ctypes
        """Boxes of the flat lines of an annotation, as thin as a line is: a hand draws them less evenly."""
        for points in _lines_of(annotation):
            moved = [self._moved(point.x, point.y) for point in points]
            xs, ys = zip(*moved, strict=True)
            if max(ys) - min(ys) <= _FLAT * (max(xs) - min(xs)):
                level = sum(ys) / len(ys)
                yield Box(min(xs), level - _HALF_A_LINE, max(xs), level + _HALF_A_LINE)

    def _box(self, corners: list[tuple[float, float]]) -> Box | None:
        """None for one that is not on the page."""
        moved = [self._moved(x, y) for x, y in corners]
        xs, ys = zip(*moved, strict=True)
        left, right = (min(max(side, 0.0), self._width) for side in (min(xs), max(xs)))
        top, bottom = (min(max(side, 0.0), self._height) for side in (min(ys), max(ys)))
        outside = max(xs) < 0 or min(xs) > self._width or max(ys) < 0 or min(ys) > self._height
        return None if outside else Box(left, top, right, bottom)

    def _moved(self, x: float, y: float) -> tuple[float, float]:
        device_x, device_y = ctypes.c_int(), ctypes.c_int()
        width, height = round(self._width * _SCALE), round(self._height * _SCALE)
        pdfium.FPDF_PageToDevice(self._page, 0, 0, width, height, 0, x, y, device_x, device_y)
        return device_x.value / _SCALE, device_y.value / _SCALE
