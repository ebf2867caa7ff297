"""Web page performance, ``python -m benchmarks.page_speed``: load time, bytes, and time to a visible citation.

The real service over one long PDF, made of the knowledge base's pages again and again, and a real browser. Prints a
table with the processor, and writes it to ``benchmarks/results/page_speed.md``.
"""

from __future__ import annotations

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import Browser, Page
from pypdf import PdfReader, PdfWriter

import rag
from benchmarks.browsing import browsing
from benchmarks.highlights import asked
from benchmarks.machine import processor_line
from benchmarks.soak import served
from rag.evaluation.questions import read_questions

RESULTS: Final = Path(__file__).parent / "results"
WEB: Final = Path(rag.__file__).parent / "service" / "static"
_FOLDER: Final = Path("knowledge_base")

# In the browser: milliseconds from the click to the frame in which the page and its highlight are drawn.
_CLICK: Final = """(citation) => new Promise((done) => {
  const start = performance.now();
  const look = () => {
    const quote = document.querySelector('.viewer[aria-busy="false"] rect.quote');
    const ready = quote?.closest(".paper").querySelector("img")?.complete;
    if (ready) requestAnimationFrame(() => done(performance.now() - start));
    else requestAnimationFrame(look);
  };
  citation.click();
  look();
})"""


def long_pdf(folder: Path, pages: int, to: Path) -> None:
    """One PDF of so many pages, those of the folder's PDFs in turn."""
    writer = PdfWriter()
    sources = [PdfReader(path) for path in sorted(folder.rglob("*.pdf"))]
    while len(writer.pages) < pages:
        for source in sources:
            for page in source.pages[: pages - len(writer.pages)]:
                writer.add_page(page)
    writer.write(to)


def first_paints(browser: Browser, url: str, count: int) -> tuple[list[float], int]:
    """Milliseconds to the first paint with nothing in a cache, and the bytes of all that was loaded."""
    paints, weight = [], 0
    for _ in range(count):
        context = browser.new_context()
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        received: list[float] = []
        session.on("Network.loadingFinished", lambda event, to=received: to.append(event["encodedDataLength"]))
        page.goto(url, wait_until="networkidle")
        page.get_by_text("1 document is ready.").wait_for()
        paints.append(float(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")))
        weight = max(weight, int(sum(received)))
        context.close()
    return paints, weight


def compressed() -> tuple[int, int]:
    """Number of files of the page, and their bytes compressed with gzip, of all languages."""
    files = [path for path in WEB.rglob("*") if path.is_file()]
    return len(files), sum(len(gzip.compress(path.read_bytes())) for path in files)


def clicks(page: Page, url: str, questions: Sequence[str], most: int) -> list[float]:
    """Milliseconds from the click on a citation to its highlight; each page for the first time."""
    found: list[float] = []
    for question in questions:
        answer = asked(page, url, question)
        for citation in answer["citations"]:
            page.locator("details.quotes").evaluate_all("all => all.forEach((each) => { each.open = true })")
            button = page.locator(".citation").nth(citation["id"] - 1)
            found.append(float(button.evaluate(_CLICK)))
            page.keyboard.press("Escape")
            page.locator(".viewer").wait_for(state="detached")
        if len(found) >= most:
            break
    return found


def main() -> int:
    """Ingests, serves, looks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_speed", description=__doc__)
    parser.add_argument("--pages", type=int, default=500, help="of the PDF")
    parser.add_argument("--clicks", type=int, default=40)
    parser.add_argument("--paints", type=int, default=15)
    options = parser.parse_args()
    questions = [each.question for each in read_questions(_FOLDER / "questions.jsonl") if each.answerable]
    with tempfile.TemporaryDirectory() as temporary:
        folder, index = Path(temporary) / "long", Path(temporary) / "index"
        folder.mkdir()
        long_pdf(_FOLDER, options.pages, folder / "long.pdf")
        subprocess.run([sys.executable, "-m", "ingest", str(folder), "--index", str(index)], check=True)
        with served(index) as service, browsing() as browser:
            url = f"http://127.0.0.1:{service.port}/"
            paints, weight = first_paints(browser, url, options.paints)
            page = browser.new_page()
            seen = clicks(page, url, questions, options.clicks)
    count, packed = compressed()
    table = "\n".join(
        [
            f"{processor_line()}; load {os.getloadavg()[0]:.1f}",
            "",
            "| | median | most |",
            "| --- | --- | --- |",
            f"| first paint, nothing cached, ms ({len(paints)} times) | {median(paints):.0f} | {max(paints):.0f} |",
            f"| weight of the page as it is loaded, in English, KB | {weight / 1000:.0f} | |",
            f"| weight of all its {count} files, all languages, with gzip, KB | {packed / 1000:.0f} | |",
            f"| citation click to highlight, {options.pages} pages, ms ({len(seen)} times) | {median(seen):.0f} "
            f"| {max(seen):.0f} |",
        ]
    )
    print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "page_speed.md").write_text(table + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
