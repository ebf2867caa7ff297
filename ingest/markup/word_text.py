"""Text of a paragraph of Word: what is shown, with page breaks; what is crossed out, deleted or hidden is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ingest.markup.equations import M, equation_text
from ingest.markup.raised import CONTEXT, after_raised, raised
from ingest.markup.symbols import symbol
from ingest.markup.word_figures import FIGURES, PICTURES, WORD_ART, picture_description
from ingest.markup.word_notes import REFERENCES, Note, Notes
from ingest.markup.word_styles import PLAIN, VALUE, RunFormat, Styles, W, format_of, switch, tells_format
from ingest.readers.source import CROSSED_OUT, DELETED, NOT_SHOWN
from rag.text.characters import clean

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

BREAK: Final = "\f"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Field codes and formatting.
UNREAD: Final = frozenset(
    {_FALLBACK, *(f"{W}{name}" for name in "instrText delInstrText rPr pPr sectPr tblPr".split())}
)
DELETIONS: Final = frozenset({f"{W}del", f"{W}moveFrom"})
_RUN, _RUN_PROPERTIES, _RUN_TEXT = f"{W}r", f"{W}rPr", f"{W}t"
# What stands beside runs and says nothing.
_WITHOUT_TEXT: Final = frozenset(f"{W}{name}" for name in "pPr bookmarkStart bookmarkEnd proofErr".split())
_CHARACTERS: Final = {f"{W}tab": "\t", f"{W}cr": "\n", f"{W}noBreakHyphen": "-", f"{W}softHyphen": ""}
# A line of a header or footer with nothing but the page's number: at most so many words beside it.
_PAGE_NUMBER: Final = re.compile(r"[^\w\n]*+(?:[^\W\d]++[^\w\n]++){0,2}(?:[^\W\d]++)?[^\w\n]*+")
_PAGE_FIELD: Final = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)


@dataclass
class _Text:
    """Text of a paragraph that is being put together, with a form feed at each page break."""

    parts: list[str] = field(default_factory=list)
    up: list[str] = field(default_factory=list)
    skipped: bool = False

    def add(self, text: str, *, up: bool = False) -> None:
        if up:
            self.up.append(text)
            return
        text = self.settle(text)
        if self.skipped and self.parts and self.parts[-1].endswith(" "):
            text = text.removeprefix(" ")
        self.skipped = False
        self.parts.append(text)

    def skip(self) -> None:
        """Text was left out here, and one of the spaces around it is."""
        self.skipped = True

    def settle(self, after: str = "") -> str:
        """Ends a run of raised text; returns the text after it, apart from a number in it."""
        if self.up:
            text, self.up = "".join(self.up), []
            self.parts.append(raised("".join(self.parts[-CONTEXT:])[-CONTEXT:].rpartition("\n")[2], text))
            return after_raised(self.parts[-1], after)
        return after

    def __str__(self) -> str:
        self.settle()
        return "".join(self.parts)


@dataclass
class _Fields:
    """The fields that are open in a paragraph: their codes, and the results of old form fields."""

    open: list[str] = field(default_factory=list)
    numbered: bool = False

    @property
    def in_page_number(self) -> bool:
        return any(map(_PAGE_FIELD.match, self.open))

    def see(self, element: BaseOxmlElement) -> str:
        """Follows a field; returns the value of a check box or a drop-down list, which have no text."""
        if element.tag == f"{W}instrText":
            if self.open:
                self.open[-1] += element.text or ""
        elif element.get(f"{W}fldCharType") == "begin":
            self.open.append("")
            return _form_value(element)
        elif element.get(f"{W}fldCharType") == "end" and self.open:
            self.numbered |= bool(_PAGE_FIELD.match(self.open.pop()))
        return ""


def _form_value(begin: BaseOxmlElement) -> str:
    box = begin.find(f"{W}ffData/{W}checkBox")
    if box is not None:
        checked = switch(box, "checked")
        return "☒" if (switch(box, "default") if checked is None else checked) else "☐"
    choices = begin.find(f"{W}ffData/{W}ddList")
    if choices is None:
        return ""
    entries = [entry.get(VALUE) or "" for entry in choices.findall(f"{W}listEntry")]
    found = choices.find(f"{W}result")
    chosen = found if found is not None else choices.find(f"{W}default")
    place = chosen.get(VALUE, "0") if chosen is not None else "0"
    return entries[int(place)] if place.isdecimal() and len(place) < 4 and int(place) < len(entries) else ""


@dataclass
class ParagraphReader:
    """Reads the paragraphs of a document.

    Attributes:
        styles, notes: of the document.
        rendered: whether the file has the page breaks of Word's last rendering.
        running: whether it reads a header or footer, whose page numbers are left out.
        boxed, noted, drawn: text boxes, notes and ids of charts and diagrams of the paragraphs that were read.
        pictures: descriptions of the pictures in them; empty for those without one.
        left_out: details of ``hidden`` remarks on them.
    """

    styles: Styles
    notes: Notes
    rendered: bool
    running: bool = False
    boxed: list[BaseOxmlElement] = field(default_factory=list)
    noted: list[Note] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    left_out: dict[str, None] = field(default_factory=dict)
    _text: _Text = field(default_factory=_Text)
    _fields: _Fields = field(default_factory=_Fields)

    def read(self, element: BaseOxmlElement) -> str:
        """Text of a paragraph, with a form feed at each page break."""
        inherited = self.styles.format(style_of(element, "pPr", "pStyle"))
        if not self.running and inherited == PLAIN and (plain := _plain_text(element)) is not None:
            return plain
        self._text, self._fields = _Text(), _Fields()
        stack = [(child, inherited) for child in reversed(element)]
        while stack:
            child, form = stack.pop()
            tag = child.tag
            if tag == _RUN:
                # Nearly all elements are runs with nothing but text.
                parts = list(child)
                form = self._run_format(child, parts, inherited)
                if all(part.tag in _PLAIN_PARTS for part in parts):
                    for part in parts:
                        if step := _STEPS.get(part.tag):
                            step(self, part, form)
                else:
                    stack.extend((part, form) for part in reversed(parts))
            elif step := _STEPS.get(tag):
                step(self, child, form)
            elif isinstance(tag, str) and tag not in UNREAD:
                stack.extend((inner, form) for inner in reversed(child))
        whole = clean_breaks(str(self._text))
        return "" if self._fields.numbered and _PAGE_NUMBER.fullmatch(whole) else whole

    def leave_out(self, detail: str, element: BaseOxmlElement) -> None:
        """Notes that text was left out, if there is any in the element."""
        if any((text.text or "").strip() for name in ("t", "delText") for text in element.iter(f"{W}{name}")):
            self.left_out[detail] = None

    def _run_format(self, run: BaseOxmlElement, parts: Sequence[BaseOxmlElement], inherited: RunFormat) -> RunFormat:
        properties = next((part for part in parts if part.tag == _RUN_PROPERTIES), None)
        if properties is None or not tells_format(properties):
            return inherited
        style = style_of(run, "rPr", "rStyle")
        return format_of(properties).over(self.styles.format(style) if style else PLAIN).over(inherited)

    def _add(self, text: str, form: RunFormat) -> None:
        if self.running and self._fields.in_page_number:
            return
        if form.crossed_out or form.hidden:
            self._text.skip()
            if text.strip():
                self.left_out[CROSSED_OUT if form.crossed_out else NOT_SHOWN] = None
        elif text:
            self._text.add(text, up=bool(form.raised))

    def _read_text(self, element: BaseOxmlElement, form: RunFormat) -> None:
        self._add(element.text or "", form)

    def _read_symbol(self, element: BaseOxmlElement, form: RunFormat) -> None:
        self._add(symbol(element.get(f"{W}font") or "", element.get(f"{W}char") or ""), form)

    def _read_equation(self, element: BaseOxmlElement, form: RunFormat) -> None:
        self._add(equation_text(element), form)

    def _read_field(self, element: BaseOxmlElement, form: RunFormat) -> None:
        self._add(self._fields.see(element), form)

    def _read_simple_field(self, element: BaseOxmlElement, form: RunFormat) -> None:
        if self.running and _PAGE_FIELD.match(element.get(f"{W}instr") or ""):
            self._fields.numbered = True
            return
        for text in element.iter(f"{W}t"):
            self._add(text.text or "", form)

    def _read_character(self, element: BaseOxmlElement, _form: RunFormat) -> None:
        self._text.add(_CHARACTERS[element.tag])

    def _read_break(self, element: BaseOxmlElement, _form: RunFormat) -> None:
        if element.tag == f"{W}lastRenderedPageBreak":
            self._text.add(BREAK)
        elif element.get(f"{W}type") == "page":
            self._text.add("" if self.rendered else BREAK)
        else:
            self._text.add("\n")

    def _read_deletion(self, element: BaseOxmlElement, _form: RunFormat) -> None:
        self._text.skip()
        self.leave_out(DELETED, element)

    def _read_box(self, element: BaseOxmlElement, _form: RunFormat) -> None:
        self.boxed.append(element)

    def _read_figure(self, element: BaseOxmlElement, _form: RunFormat) -> None:
        self.drawn.append(element.get(FIGURES[element.tag]) or "")

    def _read_picture(self, element: BaseOxmlElement, _form: RunFormat) -> None:
        # Those of headers and footers are logos.
        if not self.running and (description := picture_description(element)) is not None:
            self.pictures.append(description)

    def _read_word_art(self, element: BaseOxmlElement, form: RunFormat) -> None:
        self._add(element.get("string") or "", form)

    def _read_reference(self, element: BaseOxmlElement, form: RunFormat) -> None:
        note = self.notes.note(element)
        if note and not form.crossed_out and not form.hidden:
            self.noted.append(note)


_STEPS: Final[Mapping[object, Callable[[ParagraphReader, BaseOxmlElement, RunFormat], None]]] = {
    f"{W}t": ParagraphReader._read_text,
    f"{W}sym": ParagraphReader._read_symbol,
    f"{W}fldChar": ParagraphReader._read_field,
    f"{W}instrText": ParagraphReader._read_field,
    f"{W}fldSimple": ParagraphReader._read_simple_field,
    **dict.fromkeys((f"{M}oMath", f"{M}oMathPara"), ParagraphReader._read_equation),
    **dict.fromkeys((f"{W}br", f"{W}lastRenderedPageBreak"), ParagraphReader._read_break),
    **dict.fromkeys(_CHARACTERS, ParagraphReader._read_character),
    **dict.fromkeys(DELETIONS, ParagraphReader._read_deletion),
    f"{W}txbxContent": ParagraphReader._read_box,
    **dict.fromkeys(FIGURES, ParagraphReader._read_figure),
    **dict.fromkeys(PICTURES, ParagraphReader._read_picture),
    WORD_ART: ParagraphReader._read_word_art,
    **dict.fromkeys(REFERENCES, ParagraphReader._read_reference),
}


def _plain_text(element: BaseOxmlElement) -> str | None:
    """Text of a paragraph of nothing but runs of unformatted text, which nearly all are; None for any other."""
    texts = []
    for child in element:
        tag = child.tag
        if tag == _RUN:
            for part in child:
                if part.tag == _RUN_TEXT:
                    texts.append(part.text or "")
                elif part.tag != _RUN_PROPERTIES or tells_format(part):
                    return None
        elif tag not in _WITHOUT_TEXT:
            return None
    return clean("".join(texts))


_PLAIN_PARTS: Final = frozenset({*_STEPS, *UNREAD})


def style_of(element: BaseOxmlElement, properties: str, name: str) -> str | None:
    """Id of the style that an element's properties name."""
    for found in element.iterchildren(f"{W}{properties}"):
        for style in found.iterchildren(f"{W}{name}"):
            return style.get(VALUE)  # type: ignore[no-any-return]
    return None


def clean_breaks(text: str) -> str:
    """Cleans text and keeps its page breaks."""
    if BREAK not in text:
        return clean(text)
    return BREAK.join(clean(part) for part in text.split(BREAK))
