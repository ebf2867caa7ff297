"""Questions over documents in other languages, through the answerer: their words, their yes and no, their refusals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rag.answering.composing.value_answer import sentence_of_yes_or_no
from rag.answering.confidence import Logistic
from rag.answering.draft import Draft
from rag.answering.evidence.units import units_of
from rag.answering.features import extract_features
from rag.answering.grounding import Support, ground
from rag.answering.prompt import NOT_FOUND
from rag.domain.values import Answer
from rag.index.generation import Generation
from rag.testing import PLAIN_CONFIDENCE_MODEL
from tests.unit.rag.answering.material import document_of, evidence_of
from tests.unit.rag.answering.test_answerer import ask as ask_plain
from tests.unit.rag.query.library import Written, library_of

RULES = Written(
    [
        "Hunde sind nur mit schriftlicher Zustimmung des Vermieters erlaubt. Katzen dürfen nicht gehalten werden.\n\n"
        "Die Miete beträgt 1.234,56 Euro und ist bis zum 31. Mai 2020 zu zahlen."
    ],
    title="Hausordnung",
)
LIKELY = replace(PLAIN_CONFIDENCE_MODEL, prefilter=Logistic(9.0, {}), answerable=Logistic(9.0, {}))
SURE = replace(LIKELY, yes_bias=0.0)


@pytest.fixture(scope="module")
def rules() -> Iterator[Generation]:
    with library_of({"hausordnung.pdf": RULES}) as generation:
        yield generation


def ask(generation: Generation, text: str, *replies: str) -> Answer:
    return ask_plain(generation, text, *replies, confidence_model=SURE, whole_confidence_model=SURE)


def grounded(question: str, draft: str, page: str, language: str) -> Support:
    (support,) = ground(question, draft, evidence_of(page, document=replace(document_of(), language=language)))
    return support


def test_a_document_has_its_language(rules: Generation) -> None:
    assert [document.language for document in rules.documents] == ["German"]


def test_a_yes_is_given_in_the_language_of_the_question(rules: Generation) -> None:
    answer = ask(rules, "Sind Hunde erlaubt?", "Yes")
    assert (answer.form, answer.answered) == ("yes_no", True)
    assert answer.short_answer in ("Ja", "Ja.")
    assert answer.answer.startswith("Ja")


def test_the_documents_tell_the_language_of_a_question_that_two_have() -> None:
    regole = Written(["Nei locali della cooperativa non si può fumare, nemmeno nel cortile."], title="Regole")
    with library_of({"regole.pdf": regole}) as generation:
        answer = ask(generation, "Posso fumare?", "No")
    assert answer.form == "yes_no"
    assert answer.answer.startswith("No: Nei locali")


def test_an_abstention_is_in_the_language_of_the_question(rules: Generation) -> None:
    assert ask(rules, "Wie heißt der Hausmeister?", NOT_FOUND).answer == "Die Dokumente beantworten diese Frage nicht."


@pytest.mark.parametrize(
    ("question", "draft", "page", "language", "supported"),
    [
        pytest.param("Sind Hunde erlaubt?", "Yes.", "Jeder Hund ist erlaubt.", "German", True, id="German yes"),
        pytest.param("Sind Hunde erlaubt?", "Yes.", "Hunde sind nicht erlaubt.", "German", False, id="denied, German"),
        pytest.param("Sind Hunde erlaubt?", "No.", "Hunde sind nicht erlaubt.", "German", True, id="German no"),
        pytest.param(
            "Les chiens sont-ils admis ?", "Yes.", "Les chiens ne sont pas admis.", "French", False, id="denied, French"
        ),
        pytest.param("¿Se admiten perros?", "Yes.", "Se admite un perro.", "Spanish", True, id="Spanish yes"),
        pytest.param("Wie hoch ist die Miete?", "1234.56 Euro", "Miete: 1.234,56 Euro", "German", True, id="number"),
        pytest.param("Wie hoch ist die Miete?", "1.234 Euro", "Miete: 1,234 Euro", "German", False, id="other number"),
        pytest.param("Bis wann?", "31.05.2020", "Zahlbar bis 31. Mai 2020.", "German", True, id="date"),
        pytest.param("Bis wann?", "31.06.2020", "Zahlbar bis 31. Mai 2020.", "German", False, id="other date"),
    ],
)
def test_grounding(question: str, draft: str, page: str, language: str, *, supported: bool) -> None:
    assert grounded(question, draft, page, language).supported is supported


@pytest.mark.parametrize(
    ("page", "document", "question", "begins"),
    [
        pytest.param("Hunde sind nur mit Zustimmung erlaubt.", "German", "German", "Ja, unter einer Bedingung: Hunde"),
        pytest.param("Alle Hunde sind hier erlaubt.", "German", "German", "Ja: Alle"),
        pytest.param("Alle Hunde sind hier erlaubt.", "German", None, "Yes: Alle"),
        pytest.param("Les chiens sont admis, sauf le soir.", "French", "French", "Oui, sous condition: Les"),
        pytest.param("Dogs may travel only on a leash.", "English", "German", "Ja, unter einer Bedingung: Dogs"),
    ],
)
def test_a_yes_with_its_reason(page: str, document: str, question: str | None, begins: str) -> None:
    units = units_of(evidence_of(page, document=replace(document_of(), language=document)))
    found = sentence_of_yes_or_no("Yes", units, [1.0] * len(units), question)
    assert found
    assert found.sentence.startswith(begins)


def test_what_an_english_reranker_says_of_another_language_is_no_evidence_against_it() -> None:
    page, question = "Ein Waschgang kostet 1,50 Euro.", "Was kostet ein Waschgang?"

    def relevance(language: str | None) -> float:
        document = replace(document_of(), language=language)
        (evidence,) = evidence_of(page, document=document)
        return extract_features(question, [replace(evidence.hit, logit=-5.0)], Draft(), (), 0.0).relevance

    assert relevance(None) == relevance("English") == -5.0
    assert relevance("German") > 0
