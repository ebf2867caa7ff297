"""Benchmark of BM25 by language, over two paragraphs in XQuAD's format."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.languages import Asked, hits, read_xquad

TEXTS = ["Die Mieter halten keine Hunde in den Wohnungen.", "Der Aufzug wird jeden Montag geprüft."]
QUESTIONS = [Asked("Darf ein Mieter einen Hund halten?", 0), Asked("Wann werden Aufzüge geprüft?", 1)]


def test_a_file_is_read(tmp_path: Path) -> None:
    paragraphs = [
        {"context": text, "qas": [{"question": asked.text} for asked in QUESTIONS if asked.paragraph == number]}
        for number, text in enumerate(TEXTS)
    ]
    (tmp_path / "xquad.de.json").write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), "utf-8")
    assert read_xquad(tmp_path / "xquad.de.json") == (TEXTS, QUESTIONS)


def test_hits_by_language_and_in_english() -> None:
    assert hits(TEXTS, QUESTIONS, "German") == (1.0, 1.0)
    assert hits(TEXTS, [Asked("Mieterinnen", 0)], None) == (0.0, 0.0)
    assert hits(TEXTS, [Asked("Wohnung", 0)], "German") == (1.0, 1.0)
