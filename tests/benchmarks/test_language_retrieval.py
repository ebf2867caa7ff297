"""Benchmark of retrieval by language, over a few paragraphs and the stand-in of an encoder."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from benchmarks.language_retrieval import Corpus, Translations, by, page_hits, write_set
from benchmarks.languages import Asked
from ingest.discovery import discover
from rag.evaluation.questions import read_questions
from rag.index.reading import open_current
from rag.retrieval.retriever import Retriever
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job

TOPICS = "lamp horn mast tide boat oil wick".split()
TEXTS = [f"The {topic} is kept by the keeper.\nIts number is {number}." for number, topic in enumerate(TOPICS)]
QUESTIONS = [Asked(f"Who keeps the {topic}?", number, "the keeper") for number, topic in enumerate(TOPICS)]


def test_each_paragraph_is_a_page(tmp_path: Path) -> None:
    corpus = Corpus("en", TEXTS, QUESTIONS)
    corpus.write(tmp_path / "texts")
    assert sorted(path.name for path in (tmp_path / "texts").iterdir()) == ["000.txt", "001.txt"]
    encoder = BagOfWordsEncoder()
    ingest_job(tmp_path / "index", encoder).run(discover([tmp_path / "texts"]))
    with closing(open_current(tmp_path / "index", encoder.identity)) as generation:
        assert [document.pages for document in generation.documents] == [5, 2]
        retriever = Retriever(encoder, None)
        assert page_hits(by(retriever), generation, QUESTIONS) == (1.0, 1.0)
        wrong = [Asked(QUESTIONS[0].text, 6), *QUESTIONS[1:4]]
        assert page_hits(by(retriever), generation, wrong)[0] == 0.75


def test_a_sample_is_spread_and_the_rest_is_a_set_to_fit_on(tmp_path: Path) -> None:
    corpus = Corpus("en", TEXTS, QUESTIONS)
    asked = corpus.sample(3)
    assert [one.paragraph for one in asked] == [0, 2, 4]
    assert len(corpus.sample(100)) == len(QUESTIONS)
    write_set(corpus, asked, tmp_path / "en.jsonl")
    rest = read_questions(tmp_path / "en.jsonl")
    assert [one.question for one in rest] == [QUESTIONS[number].text for number in (1, 3, 5, 6)]
    assert [(one.document, one.pages) for one in rest[-2:]] == [("001.txt", (1,)), ("001.txt", (2,))]


def test_a_file_of_xquad_is_read(tmp_path: Path) -> None:
    rows = [{"context": "Text.", "qas": [{"question": "What?", "answers": [{"text": "Text"}]}]}]
    (tmp_path / "xquad.de.json").write_text(json.dumps({"data": [{"paragraphs": rows}]}), "utf-8")
    assert Corpus.read(tmp_path, "de") == Corpus("de", ["Text."], [Asked("What?", 0, "Text")])


def test_translations_are_searched_for(tmp_path: Path) -> None:
    Corpus("en", TEXTS, QUESTIONS).write(tmp_path / "texts")
    encoder = BagOfWordsEncoder()
    ingest_job(tmp_path / "index", encoder).run(discover([tmp_path / "texts"]))
    model = ScriptedModel(["Who keeps the lamp?", "Who keeps the moon?", "never"])
    translations = Translations(model, tmp_path / "translations.json")
    asked = [
        Asked("Wer hütet die lamp und wie lange ist das?", 0),
        Asked("Wer hütet das horn und wie lange ist das?", 1),
    ]
    with closing(open_current(tmp_path / "index", encoder.identity)) as generation:
        found = page_hits(translations.way(Retriever(encoder, None)), generation, asked)
        again = page_hits(translations.way(Retriever(encoder, None)), generation, asked)
    assert found[0] == again[0] == 0.5, "the second translation is wrong"
    assert len(json.loads((tmp_path / "translations.json").read_text("utf-8"))) == 2, "each was translated once"
