"""Retrieval by the language of documents and questions: page hits of BM25, of each profile's encoder, and reranked.

    python -m benchmarks.language_retrieval FOLDER --keep INDEXES

FOLDER has the files of XQuAD (see :mod:`benchmarks.languages`), the same paragraphs and questions in each language. For
each language and encoder the paragraphs are ingested as pages of text files, five in each, into an index of their own;
then the same questions, evenly spread over all, are asked in each. The columns are page_hit@1 / @5. With ``--across``
the documents are in the first language, and each question is asked in the others; with ``--translate`` also as the
language model (RAG_MODEL) translates it. Indexes and translations are kept with ``--keep``, and used again; beside them
are the questions that were *not* asked, as sets for :mod:`benchmarks.fit_ranking`.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final, TypeAlias

from benchmarks.languages import Asked, read_xquad
from benchmarks.machine import processor_line
from ingest.chunking import Chunker
from ingest.discovery import discover
from ingest.job import IngestJob
from ingest.readers.limits import ReadingLimits
from ingest.readers.source import ReadingOptions
from ingest.readers.version import reader_version
from ingest.reading import Cutting, Reading, ReadRequest, read_document
from rag.cli.console import configure_logging, fail
from rag.domain.values import Hit, Question
from rag.errors import PageproofError
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.models.embedding.interfaces import Encoder, Reranker
from rag.models.llm.language_model import LanguageModel
from rag.models.opening import open_encoder, open_language_model, open_reranker
from rag.query.rewording.translation import translate_question
from rag.retrieval.retriever import Retriever
from rag.retrieval.scoring import FIRST_STAGE
from rag.runtime.cancellation import Cancellation
from rag.runtime.cpu_gate import CpuGate
from rag.settings import Settings, read_settings

LANGUAGES: Final = "en,de,es,el,ru,tr,ar,vi,zh,hi,ro,th"
_PROFILES: Final = ("english", "multilingual")
_PAGES: Final = 5
_FEW: Final = 5

Hits = tuple[float, float]
# A way to search for a question.
Way: TypeAlias = Callable[[Generation, str], Sequence[Hit]]


@dataclass(frozen=True)
class Corpus:
    """Texts of a language as folders of files, and its questions.

    Attributes:
        language: as the files of XQuAD are named.
        texts: the paragraphs, each a page.
        questions: all of them.
    """

    language: str
    texts: Sequence[str]
    questions: Sequence[Asked]

    @classmethod
    def read(cls, folder: Path, language: str) -> Corpus:
        """Reads a file of XQuAD."""
        return cls(language, *read_xquad(folder / f"xquad.{language}.json"))

    def write(self, folder: Path) -> None:
        """Writes text files of five pages each."""
        folder.mkdir(parents=True, exist_ok=True)
        for start in range(0, len(self.texts), _PAGES):
            pages = [" ".join(text.split()) for text in self.texts[start : start + _PAGES]]
            (folder / _name(start)).write_text("\n\f".join(pages), "utf-8")

    def sample(self, count: int) -> list[Asked]:
        """So many questions, evenly spread: the same ones in each language, as the files are parallel."""
        return list(self.questions[:: max(1, len(self.questions) // count)][:count])


def _name(paragraph: int) -> str:
    return f"{paragraph // _PAGES:03}.txt"


def is_hit(asked: Asked, hits: Sequence[Hit]) -> bool:
    """True if the paragraph of a question is among the pages of these passages."""
    gold = (_name(asked.paragraph), asked.paragraph % _PAGES + 1)
    return any((hit.passage.document.names[0].rpartition("/")[2], hit.passage.chunk.span.page) == gold for hit in hits)


def page_hits(way: Way, generation: Generation, questions: Sequence[Asked]) -> Hits:
    """Shares of the questions, 0..1, whose page is first, and among the first five pages."""
    found = [_pages(way(generation, asked.text)) for asked in questions]
    first = sum(is_hit(asked, hits[:1]) for asked, hits in zip(questions, found, strict=True))
    few = sum(is_hit(asked, hits[:_FEW]) for asked, hits in zip(questions, found, strict=True))
    return first / len(questions), few / len(questions)


def by(retriever: Retriever) -> Way:
    """The search for a question as it is."""
    return lambda generation, text: retriever.retrieve(generation, Question(text), 4 * _FEW)


@dataclass(frozen=True)
class Translations:
    """Translations of questions by the language model, as the answerer has them; kept in a file.

    Attributes:
        file: JSON with the translation of each question.
    """

    model: LanguageModel
    file: Path

    def of(self, generation: Generation, text: str) -> str:
        """A question in the language of the documents; unchanged where the translation is none."""
        known = json.loads(self.file.read_text("utf-8")) if self.file.exists() else {}
        if text not in known:
            found = translate_question(Question(text), generation, self.model, Cancellation())
            known[text] = found.question.text
            self.file.write_text(json.dumps(known, ensure_ascii=False, indent=1), "utf-8")
        return str(known[text])

    def way(self, retriever: Retriever) -> Way:
        """The search for the translation of a question."""
        search = by(retriever)
        return lambda generation, text: search(generation, self.of(generation, text))


def _pages(hits: Sequence[Hit]) -> list[Hit]:
    """The first passage of each page."""
    first: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        first.setdefault((hit.passage.document.id, hit.passage.chunk.span.page), hit)
    return list(first.values())


@dataclass(frozen=True)
class ReadersHere:
    """Reads files in this process, which are harmless."""

    cutting: Cutting
    options: ReadingOptions

    def read(self, requests: Iterable[ReadRequest]) -> Iterator[tuple[ReadRequest, Reading]]:
        """See :class:`ingest.reading.Readers`."""
        for request in requests:
            yield request, read_document(request, self.cutting, self.options)


class Bench:
    """Measures one profile's encoder; indexes are in a folder."""

    def __init__(self, settings: Settings, profile: str, place: Path) -> None:
        self.profile = profile
        # The profile decides only what is not set, and these settings have all set.
        chosen = Settings(profile=profile)  # type: ignore[arg-type]
        self._settings = settings.model_copy(update={"encoder": chosen.encoder})
        self.encoder: Encoder = open_encoder(self._settings)
        self.encoder.encode([])
        self._place = place

    def opened(self, corpus: Corpus) -> tuple[Generation, float]:
        """The index of a corpus, and the seconds of processor time that ingest took here; 0 for one that was kept."""
        index = self._place / self.profile / corpus.language
        seconds = 0.0
        if not index.exists():
            corpus.write(self._place / "texts" / corpus.language)
            begun = process_time()
            self._job(index).run(discover([self._place / "texts" / corpus.language]))
            seconds = process_time() - begun
        return open_current(index, self.encoder.identity), seconds

    def _job(self, index: Path) -> IngestJob:
        """An ingest that reads in this process, whose processor time is then that of all."""
        chunker, reading = Chunker(), ReadingOptions(ReadingLimits(), "off")
        readers = ReadersHere(Cutting(chunker, self.encoder.count_tokens, self.encoder.max_tokens), reading)
        return IngestJob(index, self.encoder, readers, identity={**chunker.identity, **reader_version(reading)})

    def ways(self, reranker: Reranker | None, translations: Translations | None) -> Mapping[str, Way]:
        """Ways to search by name; BM25 needs no encoder, and is measured with the first."""
        plain = Retriever(self.encoder, None)
        retrievers = {self.profile: plain}
        if self.profile == _PROFILES[0]:
            retrievers = {"BM25": replace(plain, first_stage=replace(FIRST_STAGE, cosine=0.0)), **retrievers}
        if reranker:
            retrievers[f"{self.profile}, reranked"] = Retriever(self.encoder, reranker)
        found = {name: by(retriever) for name, retriever in retrievers.items()}
        if translations:
            found |= {f"{name}, translated": translations.way(each) for name, each in retrievers.items()}
        return found


def write_set(corpus: Corpus, asked: Sequence[Asked], file: Path) -> None:
    """Writes the questions that were not asked in the format of :mod:`benchmarks.fit_ranking`."""
    rest = [one for one in corpus.questions if one not in asked]
    rows = [
        {
            "id": f"{corpus.language}-{number}",
            "question": one.text,
            "document": _name(one.paragraph),
            "pages": [one.paragraph % _PAGES + 1],
            "answers": [one.answer],
        }
        for number, one in enumerate(rest)
    ]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def main() -> int:
    """Prints a row for each language, and at the end the ratio of ingest."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.language_retrieval", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with xquad.en.json and the others")
    parser.add_argument("--languages", default=LANGUAGES, help=f"default: {LANGUAGES}")
    parser.add_argument("--questions", type=int, default=100, help="in each language (default: 100)")
    parser.add_argument("--profiles", default=",".join(_PROFILES), help="default: both")
    parser.add_argument("--rerank", action="store_true", help="also with the reranker")
    parser.add_argument(
        "--across", action="store_true", help="documents in the first language, questions in the others"
    )
    parser.add_argument(
        "--translate", action="store_true", help="with --across: also as the language model translates each question"
    )
    parser.add_argument("--keep", type=Path, help="folder for indexes and question sets, which is used again")
    options = parser.parse_args()
    if options.translate and not options.across:
        parser.error("--translate needs --across: a question in the documents' language is not translated")
    configure_logging()
    try:
        with TemporaryDirectory() as temporary:
            _measure(options, read_settings(), options.keep or Path(temporary))
    except PageproofError as error:
        return fail(error, 1)
    return 0


def _measure(options: argparse.Namespace, settings: Settings, place: Path) -> None:
    corpora = [Corpus.read(options.folder, language) for language in options.languages.split(",")]
    reranker = open_reranker(settings) if options.rerank else None
    benches = [Bench(settings, profile, place) for profile in options.profiles.split(",")]
    place.mkdir(parents=True, exist_ok=True)
    model = open_language_model(settings, CpuGate()) if options.translate else None
    translations = Translations(model, place / "translations.json") if model else None
    names = [name for bench in benches for name in bench.ways(reranker, translations)]
    print(f"{options.questions} questions in each language; {processor_line()}\n")
    print(f"| documents | questions | {' | '.join(names)} |\n{'| --- ' * (len(names) + 2)}|", flush=True)
    seconds = {bench.profile: 0.0 for bench in benches}
    for corpus in corpora:
        documents = corpora[0] if options.across else corpus
        asked = corpus.sample(options.questions)
        cells = []
        for bench in benches:
            generation, took = bench.opened(documents)
            seconds[bench.profile] += took
            with closing(generation):
                cells += [page_hits(way, generation, asked) for way in bench.ways(reranker, translations).values()]
        if options.keep:
            write_set(corpus, asked, place / f"{corpus.language}.jsonl")
        figures = " | ".join(f"{first:.2f} / {few:.2f}" for first, few in cells)
        print(f"| {documents.language} | {corpus.language} | {figures} |", flush=True)
    if all(seconds.values()):
        figures = ", ".join(f"{name} {each:.0f}" for name, each in seconds.items())
        print(f"\nseconds of processor time of ingest: {figures}")


if __name__ == "__main__":
    sys.exit(main())
