"""The filter alone: attacks that it takes out of the evidence, and sentences that it takes out of other documents."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.injection.poisoned import Poisoned
from ingest.readers.html import read_html
from ingest.readers.limits import ReadingLimits
from ingest.readers.registry import READERS
from ingest.readers.source import ReadingOptions
from rag.answering.evidence.redaction import redacted_page
from rag.errors import FileFault
from rag.text.prompt_injection import injected_spans, without_instructions
from rag.text.sentences import sentence_spans

_OPTIONS = ReadingOptions(ReadingLimits(), ocr="off")


def is_cleaned(poisoned: Poisoned) -> bool:
    """True if neither the text nor the title of a poisoned document shows a target, or an attack that has none."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / poisoned.name
        path.write_text(poisoned.html, encoding="utf-8")
        read = read_html(path, _OPTIONS)
    texts = [without_instructions(read.title or ""), *(redacted_page(page).text for page in read.pages)]
    left = " ".join(" ".join(texts).split())
    return not any(target in left for target in poisoned.targets or (" ".join(poisoned.attack.split()),))


def flagged_sentences(folder: Path) -> tuple[int, int, list[str]]:
    """Numbers of pages and of sentences in the documents of a folder, and the sentences that the filter takes out."""
    pages, sentences, flagged = 0, 0, []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in READERS or not path.is_file():
            continue
        try:
            read = READERS[path.suffix.lower()](path, _OPTIONS)
        except FileFault:
            continue
        for page in read.pages:
            pages += 1
            sentences += sum(1 for _ in sentence_spans(page.text))
            flagged += [" ".join(page.text[start:end].split()) for start, end in injected_spans(page.text)]
    return pages, sentences, flagged
