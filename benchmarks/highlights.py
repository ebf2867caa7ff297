"""Accuracy of citation highlights, ``python -m benchmarks.highlights --set NAME=INDEX:QUESTIONS``.

Questions are asked on the page, in a browser, of the real service. Each citation is clicked, and the rectangles that
are seen over the picture of the page are measured there. What stands in them is read twice: from the file's own text,
and, as a person would, from the picture, by OCR. A citation is right where the letters of the first are those of the
quote.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import unicodedata
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from statistics import median
from typing import Any, Final

from playwright.sync_api import Page

from benchmarks.browsing import browsing
from benchmarks.question_sets import QuestionSet, add_sets
from benchmarks.soak import Service, served
from ingest.pdf.page_text import Line
from ingest.pdf.reading import open_pdf
from ingest.readers.ocr import DPI, Pixels, Tesseract, find_tesseract
from rag.domain.values import Box
from rag.evaluation.questions import read_questions

RESULTS: Final = Path(__file__).parent / "results"
# Of letters, between a quote and what OCR reads in its rectangles: it misreads some itself.
_SIMILAR: Final = 0.85
_ANSWER_MILLISECONDS: Final = 120_000


@dataclass(frozen=True)
class Seen:
    """One citation, as it was shown.

    Attributes:
        page: whether the page that was shown is the one of the citation, and of the citation's document.
        text: whether the letters in the rectangles are the quote's.
        similarity: of what OCR reads there, 0..1; None where the page has no picture.
    """

    page: bool
    text: bool
    similarity: float | None

    @property
    def verdict(self) -> str:
        """In a word."""
        if not self.page:
            return "wrong page"
        if not self.text:
            return "wrong box"
        return "right" if self.similarity is None or self.similarity >= _SIMILAR else "right, but OCR reads otherwise"


def letters(text: str) -> str:
    """Text for comparison: letters and digits, whatever their form and however they were hyphenated."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).casefold()


def within(lines: Sequence[Line], boxes: Sequence[Box]) -> str:
    """The words whose middle is in one of the boxes."""
    words = [piece for line in lines for piece in line.pieces]
    middles = [((word.box.x0 + word.box.x1) / 2, (word.box.y0 + word.box.y1) / 2) for word in words]
    inside = [any(b.x0 <= x <= b.x1 and b.y0 <= y <= b.y1 for b in boxes) for x, y in middles]
    return " ".join(word.text for word, is_inside in zip(words, inside, strict=True) if is_inside)


# In the browser: what is seen, in points of the page.
RECTANGLES: Final = """() => {
  return [...document.querySelectorAll("rect.quote")].map((each) => {
    const image = each.closest(".paper").querySelector("img"), sheet = image.getBoundingClientRect();
    const scale = Number(image.getAttribute("width")) / sheet.width;
    const seen = each.getBoundingClientRect();
    return [seen.left - sheet.left, seen.top - sheet.top, seen.right - sheet.left, seen.bottom - sheet.top].map(
      (pixels) => pixels * scale);
  });
}"""


class PageReader:
    """Reads pages of the documents of a service, once."""

    def __init__(self, service: Service, tesseract: Tesseract, folder: Path) -> None:
        self._service = service
        self._tesseract = tesseract
        self._folder = folder
        self._known: dict[tuple[str, int], tuple[Sequence[Line], Sequence[Line]]] = {}

    def lines(self, document: str, page: int) -> tuple[Sequence[Line], Sequence[Line]]:
        """Lines of the page's text at a place, and those that OCR reads there."""
        if (document, page) not in self._known:
            with open_pdf(self._file(document)) as file:
                size, own = file.lines(page)
                picture = file.picture(page, scale=DPI / 72).convert("L")
            pixels = Pixels(picture.tobytes(), *picture.size, scale=picture.width / size[0])
            self._known[document, page] = own, self._tesseract.lines(pixels)
        return self._known[document, page]

    def _file(self, document: str) -> Path:
        path = self._folder / f"{document}.pdf"
        if not path.exists():
            urllib.request.urlretrieve(f"http://127.0.0.1:{self._service.port}/documents/{document}/file", path)
        return path


def asked(page: Page, url: str, question: str) -> dict[str, Any]:
    """The answer to a question that is put on the page."""
    page.goto(url)
    page.get_by_label("Question", exact=True).fill(question)
    page.keyboard.press("Enter")
    page.locator(".turn.done").wait_for(timeout=_ANSWER_MILLISECONDS)
    # What it keeps of its conversations, the newest first.
    found: dict[str, Any] = page.evaluate("JSON.parse(localStorage['pageproof.conversations'])[0].turns[0].answer")
    return found


def opened(page: Page, citation: dict[str, Any]) -> None:
    """Clicks a citation, and waits until what it names is seen."""
    # Those of an answer are folded under it.
    page.locator("details.quotes").evaluate_all("all => all.forEach((each) => { each.open = true })")
    page.locator(".citation").nth(citation["id"] - 1).click()
    stretch = f"start={citation['start']}&end={citation['end']}"
    address = f"#/documents/{citation['document_id']}/pages/{citation['page']}?{stretch}"
    # Of an abstention the passages are near, and the page says so in its address.
    either = f':is([data-shown="{address}"], [data-shown="{address}&near"])'
    page.locator(f'.viewer[aria-busy="false"]{either} .quote').first.wait_for(state="attached")


def shown(page: Page, citation: dict[str, Any], reader: PageReader) -> Seen:
    """One citation, clicked."""
    opened(page, citation)
    here = page.locator(".viewer h2").inner_text(), page.get_by_label("Page number").input_value()
    is_page = here == (citation["document"], str(citation["page"]))
    quote = letters(citation["quote"])
    if page.locator("mark.quote").count():
        return Seen(is_page, letters(page.locator("mark.quote").inner_text()) == quote, None)
    # A hair more than what is seen: pixels are rounded.
    boxes = [Box(x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5) for x0, y0, x1, y1 in page.evaluate(RECTANGLES)]
    read = reader.lines(citation["document_id"], citation["page"])
    own, recognised = (letters(within(lines, boxes)) for lines in read)
    # A page without a text layer was read by OCR when it was ingested.
    return Seen(is_page, own == quote or not own, SequenceMatcher(None, recognised, quote, autojunk=False).ratio())


def measure(chosen: QuestionSet, most: int, tesseract: Tesseract) -> Iterator[Seen]:
    """Citations of a set, until there are enough."""
    count = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        served(chosen.index) as service,
        browsing() as browser,
    ):
        reader = PageReader(service, tesseract, Path(folder))
        page = browser.new_page()
        for question in read_questions(chosen.questions):
            answer = asked(page, f"http://127.0.0.1:{service.port}/", question.question)
            # The nearest passages of an abstention prove nothing, and are drawn as such.
            for citation in answer["citations"] if answer["answered"] else ():
                seen = shown(page, citation, reader)
                if seen.verdict != "right":
                    print(f"{seen.verdict}: {citation['document']}, page {citation['page']}: {citation['quote']!r}")
                yield seen
                count += 1
            if count >= most:
                return


def main() -> int:
    """Measures each set, prints a table, and writes it to ``benchmarks/results``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.highlights", description=__doc__)
    parser.add_argument("--citations", type=int, default=70, help="of each set (default: 70)")
    add_sets(parser)
    options = parser.parse_args()
    tesseract = find_tesseract(("eng",))
    if tesseract is None:
        print("tesseract is not installed: apt install tesseract-ocr", file=sys.stderr)
        return 1
    rows = ["| set | citations | right | wrong page | wrong box | OCR reads otherwise | OCR, median | least |"]
    rows.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    wrong = 0
    for chosen in options.sets:
        seen = list(measure(chosen, options.citations, tesseract))
        verdicts = Counter(each.verdict for each in seen)
        read = [each.similarity for each in seen if each.similarity is not None] or [1.0]
        otherwise = verdicts["right, but OCR reads otherwise"]
        wrong += verdicts["wrong page"] + verdicts["wrong box"]
        rows.append(
            f"| {chosen.name} | {len(seen)} | {verdicts['right'] + otherwise} | {verdicts['wrong page']} "
            f"| {verdicts['wrong box']} | {otherwise} | {median(read):.3f} | {min(read):.3f} |"
        )
    print("\n".join(rows))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "highlights.md").write_text("\n".join(rows) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
