"""Fuzzing targets of answers: citations of what a model says, records of answers, and the file of access keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from rag.answering.grounding import Evidence, Quote, ground, nearest_quotes
from rag.answering.record_folder import RecordFolder
from rag.answering.records import AnswerRecord, Setup
from rag.domain.values import Chunk, Citation, Document, Heading, Hit, Page, Passage, Span
from rag.errors import KeyFileFault
from rag.service.access.access_key import SCOPES, AccessKey, digest_of, matching
from rag.service.access.key_file import parse_keys, serialized
from rag.service.access.watched_keys import WatchedKeys
from rag.service.openai.markdown import without_footnotes
from rag.text.characters import clean
from tests.hostile.fuzzing.target import Target, check
from tests.integration.conftest import FERRY, HARBOUR

_ID = "0123456789abcdef" * 2
_SECRET = b"a-secret-of-the-seeds"


class CitationTarget(Target):
    """Citations: question, reply of the model, and two pages, apart by NUL; each quote is verbatim on its page.

    The last page is the page of an earlier turn of a chat, too: footnotes are taken out of its text.
    """

    name = "citation"

    def seeds(self) -> Sequence[bytes]:
        question = "What does a berth cost for a night?"
        replies = ("A berth costs 24 euros for each night [1].", "1. No [1, 2].\n2. It is not included [9][0].", "Yes.")
        return ["\0".join((question, reply, HARBOUR[1], FERRY[0])).encode() for reply in replies]

    def read(self, data: bytes) -> None:
        texts = data.decode(errors="replace").split("\0")[:4]
        question, reply, *pages = [*texts, *[""] * (4 - len(texts))]
        evidence = [_evidence(number, clean(text)) for number, text in enumerate(pages, start=1)]
        for support in ground(question, reply, evidence):
            check(0 <= support.score <= 1 + 1e-9, f"a score of {support.score}")
            for quote in support.quotes:
                _check_quote(quote, evidence)
        for quote in nearest_quotes(question, evidence):
            _check_quote(quote, evidence)
        without_footnotes(pages[-1])


def _evidence(number: int, text: str) -> Evidence:
    """A page, and the passage of its second half."""
    document = Document(f"{number:064}", (f"{number}.pdf",), "Title", 3, 1000)
    half = len(text) // 2
    chunk = Chunk(Span(number, half, len(text)), text[half:], ("Heading",))
    heading = Heading(0, min(8, len(text)), 1)
    return Evidence(Hit(Passage(number, document, chunk), 1.0), Page(number, text, 595.0, 842.0, headings=(heading,)))


def _check_quote(quote: Quote, evidence: Sequence[Evidence]) -> None:
    check(quote.evidence in evidence, "a quote from nowhere")
    passage, page = quote.evidence.hit.passage.chunk.span, quote.evidence.page
    check(0 <= quote.span.start < quote.span.end <= len(page.text), "a quote beyond its page")
    check(quote.span.page == page.number, "a quote of another page")
    check(quote.span.start < passage.end and quote.span.end > passage.start, "a quote that was not retrieved")


class RecordTarget(Target):
    """The record of an answer, with its citations."""

    name = "record"

    def seeds(self) -> Sequence[bytes]:
        citation = Citation(1, "ferry.pdf", "1" * 64, 1, "The ferry", 0, 9, (), 0.5, "iv")
        place = {name: getattr(citation, name) for name in ("document", "document_id", "page", "start", "end", "score")}
        model = {"name": "m", "sha256": "0" * 64}
        fields: dict[str, Any] = {
            "format": 5, "id": _ID, "time": "2026-11-30T12:00:00+00:00", "generation": "000001-00000000",
            "question": {"text": "When?", "documents": ["ferry.pdf"], "history": [{"question": "a", "answer": "b"}]},
            "setup": {
                "versions": {"pageproof": "0.3"}, "model": model, "encoder": {"name": "e", "dimension": 3},
                "reranker": None, "confidence_model": "0", "settings": {"RAG_PASSAGES": 6},
            },
            "manifest_sha256": "0" * 64, "prompt_sha256": None, "today": "2026-11-30", "passages": [place],
            "draft": "The ferry [1].", "answer": "The ferry.", "reason": None, "certainty": "stated", "form": "fact",
            "sentences": [{"text": "The ferry.", "verdict": "supported", "confidence": 0.9, "quotes": [1]}],
            "quotes": [{**place, "label": "iv"}],
        }  # fmt: skip
        setup = {key: value for key, value in fields["setup"].items() if key != "confidence_model"} | {"judge": "0"}
        old = {key: value for key, value in fields.items() if key not in ("certainty", "form")}
        old |= {"format": 3, "setup": setup}
        return [AnswerRecord.model_validate(fields).to_bytes(), json.dumps(old).encode()]

    def read(self, data: bytes) -> None:
        (self.folder / f"{_ID}.json").write_bytes(data)
        record = RecordFolder(self.folder, 10).read(_ID)
        check(record.id == _ID, "the record of another answer")
        check(isinstance(record.setup, Setup), "a record without a setup")
        question = record.question.to_domain()
        check(len(question.history) == len(record.question.history), "turns are lost")
        check(AnswerRecord.from_bytes(record.to_bytes()).to_bytes() == record.to_bytes(), "it is written otherwise")


class KeyFileTarget(Target):
    """The file of access keys: what was refused lets nobody in, and no message quotes a digest."""

    name = "keys"

    def seeds(self) -> Sequence[bytes]:
        one = AccessKey("alice", digest_of(_SECRET), frozenset(SCOPES), date(2026, 1, 1), date(2027, 1, 1), 60)
        other = AccessKey("bob-2", digest_of(b"another secret"), frozenset({"ask"}))
        return [serialized([one, other]), serialized([other]), b'{"format": 1, "keys": []}']

    def read(self, data: bytes) -> None:
        path = self.folder / "keys.json"
        path.write_bytes(data)
        path.chmod(0o600)
        try:
            watched = WatchedKeys(path)
        except KeyFileFault as error:
            check(digest_of(_SECRET) not in str(error), "a digest in a message")
            raise
        keys = watched.current()
        check(keys and watched.fault is None, "no keys, and no fault")
        check(matching(b"", keys) is None, "nobody is let in with an empty secret")
        check(all(key.scopes and key.scopes <= set(SCOPES) for key in keys), "a key without a scope")
        check(len({key.id for key in keys}) == len(keys), "two keys with one id")
        check(parse_keys(serialized(keys), "again") == keys, "it is written otherwise")
        for key in keys:
            key.has_expired(date(2026, 11, 30))
