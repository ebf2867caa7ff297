"""Seconds from a dropped document to its first proven answer, ``python -m benchmarks.first_answer``.

The real service without any document, and a real browser: a PDF of the knowledge base's pages is dropped on the page,
and as soon as it is in the list, a question is asked. Prints a table with the processor and the load of the machine,
and writes it to ``benchmarks/results/first_answer.md``.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from playwright.sync_api import Page

from benchmarks.browsing import browsing
from benchmarks.machine import processor_line
from benchmarks.page_speed import long_pdf
from benchmarks.soak import served

RESULTS: Final = Path(__file__).parent / "results"
_FOLDER: Final = Path("knowledge_base")
_QUESTION: Final = "What should I use to clean the lenses of the Fog Eye?"
_MILLISECONDS: Final = 1_800_000.0


@dataclass(frozen=True)
class FirstAnswer:
    """Seconds since the document was dropped.

    Attributes:
        searchable: until it is in the list of documents, so that it can be asked about.
        proven: until the first sentence of the answer is shown with the number of its quote.
        whole: until the answer is whole.
        quote: that the number stands for.
    """

    searchable: float
    proven: float
    whole: float
    quote: str


def first_answer(
    page: Page, url: str, document: Path, question: str, milliseconds: float = _MILLISECONDS
) -> FirstAnswer:
    """Drops a document on the page of an empty service, and asks about it as soon as that is possible.

    Args:
        page: of a browser.
        url: of the service.
        document: that is dropped.
        question: that it answers.
        milliseconds: longest wait for each step.
    """
    page.set_default_timeout(milliseconds)
    page.goto(url)
    page.get_by_role("main").get_by_text("There are no documents yet.").wait_for()
    start = perf_counter()
    page.locator("input[type=file]").first.set_input_files(document)
    page.locator(".box textarea").fill(question)
    # Its own line says so, which is before the run has ended.
    page.get_by_role("list", name="Files").get_by_text(re.compile("^Ready")).wait_for()
    searchable = perf_counter() - start
    page.locator(".box textarea").press("Enter")
    mark = page.locator(".said .mark").first
    mark.wait_for()
    proven = perf_counter() - start
    page.locator(".turn.done").wait_for()
    whole = perf_counter() - start
    mark.hover()
    return FirstAnswer(searchable, proven, whole, page.locator(".peek").inner_text())


def main() -> int:
    """Serves, drops, asks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_answer", description=__doc__)
    parser.add_argument("--pages", type=int, default=100, help="of the PDF")
    parser.add_argument("--question", default=_QUESTION)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        documents = Path(temporary) / "documents"
        documents.mkdir()
        long_pdf(_FOLDER, options.pages, Path(temporary) / "long.pdf")
        with served(Path(temporary) / "index", adding=documents) as service, browsing() as browser:
            url = f"http://127.0.0.1:{service.port}/"
            found = first_answer(browser.new_page(), url, Path(temporary) / "long.pdf", options.question)
    table = "\n".join(
        [
            f"{processor_line()}; load {os.getloadavg()[0]:.1f}",
            "",
            f"| {options.pages} pages, dropped on an empty service | seconds |",
            "| --- | --- |",
            f"| can be asked about | {found.searchable:.1f} |",
            f"| first proven sentence | {found.proven:.1f} |",
            f"| whole answer | {found.whole:.1f} |",
        ]
    )
    print(f"{table}\n\n{found.quote}")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "first_answer.md").write_text(table + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
