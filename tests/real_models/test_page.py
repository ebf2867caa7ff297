"""The web page over a running service, with a real model and the documents of the demo."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from benchmarks.browsing import browsing, find_chromium
from benchmarks.first_answer import first_answer
from benchmarks.highlights import RECTANGLES, asked, letters, opened, within
from benchmarks.page_speed import long_pdf
from benchmarks.soak import served
from ingest.pdf.reading import open_pdf
from rag.domain.values import Box
from rag.settings import Settings
from tests.real_models.conftest import ROOT, SMALL

QUESTIONS = (
    "How long is someone a candidate before they can become a member?",
    "How much notice do I have to give if I want to leave as a full member?",
    "Who won the football world cup in 1998?",
)


@pytest.mark.skipif(not find_chromium(), reason="no chromium here: apt install chromium")
def test_questions_of_the_demo(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_MODEL", SMALL)
    monkeypatch.setenv("RAG_TUNE", "off")
    with served(index) as service, browsing() as browser:
        page = browser.new_page()
        for question in QUESTIONS:
            answer = asked(page, f"http://127.0.0.1:{service.port}/", question)
            assert answer["citations"], "quotes, or the nearest passages"
            expect(page.locator(".citation")).to_have_count(len(answer["citations"]))
            for citation in answer["citations"]:
                opened(page, citation)
                expect(page.locator(".viewer h2")).to_have_text(citation["document"])
                expect(page.get_by_label("Page number")).to_have_value(str(citation["page"]))
                boxes = [Box(x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5) for x0, y0, x1, y1 in page.evaluate(RECTANGLES)]
                with open_pdf(ROOT / "knowledge_base" / citation["document"]) as file:
                    _, lines = file.lines(citation["page"])
                assert letters(within(lines, boxes)) == letters(citation["quote"])


@pytest.mark.skipif(not find_chromium(), reason="no chromium here: apt install chromium")
def test_a_hundred_pages_are_dropped_and_answer(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an empty service to the first proven sentence; ``python -m benchmarks.first_answer`` measures how long."""
    monkeypatch.setenv("RAG_MODEL", settings.model)
    monkeypatch.setenv("RAG_TUNE", "off")
    documents, long = tmp_path / "documents", tmp_path / "long.pdf"
    documents.mkdir()
    long_pdf(ROOT / "knowledge_base", 100, long)
    with served(tmp_path / "index", adding=documents) as service, browsing() as browser:
        url = f"http://127.0.0.1:{service.port}/"
        found = first_answer(browser.new_page(), url, long, "Explain how the Fog Eye works.", 600_000)
    assert 0 < found.searchable < found.proven <= found.whole
    assert "long.pdf" in found.quote
