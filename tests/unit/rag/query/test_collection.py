"""Questions about the collection: its documents, those about a subject, and the properties of files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Question
from rag.index.generation import Generation
from rag.query.collection import asks_about_collection, collection_reply
from rag.query.types import Reply
from tests.unit.rag.query.library import Written, library_of

DOCUMENTS = {
    "orrin_master.pdf": Written(["# Master agreement\nBetween Orrin Freight and the Yard. It runs for two years."] * 2),
    "orrin_annex.pdf": Written(["# Annex\nThe prices of the agreement are listed here for each berth."]),
    "contract_7.pdf": Written(["# Orrin Freight: data protection\nPersonal data is kept for one year in the archive."]),
    "harbour_rules.pdf": Written(
        [
            "# Rules\nBerths are given out in March.",
            "Ask Orrin Freight for a pallet lift. The lift carries two tonnes.",
        ],
        title="Rules of the harbour",
        author="Ines Varga",
        created="2024-05-31",
    ),
    "noise_report.pdf": Written(
        ["Noise at night\nby Tilda Brenner\nThe quay is loud at night in summer."] * 3,
        title="Noise at night",
        author="Tilda Brenner",
    ),
    "scan.pdf": Written([""], author="Administrator"),
}


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with library_of(DOCUMENTS) as generation:
        yield generation


def reply_to(text: str, generation: Generation, *prior: str, documents: tuple[str, ...] = ()) -> Reply:
    reply = collection_reply(Question(text, documents), generation, prior)
    assert reply is not None, text
    assert reply.form == "collection"
    return reply


def names_in(reply: Reply) -> list[str]:
    return [next(name for name in DOCUMENTS if name in item.text) for item in reply.items]


@pytest.mark.parametrize(
    "text",
    [
        "What documents do I have?",
        "Which documents do you have?",
        "what files are there",
        "List all documents",
        "What are all the documents?",
        "show me your documents, please",
        "Hi, how many documents do you have?",
        "How many documents are there?",
        "number of documents",
        "What is in the library?",
        "which PDFs have been loaded",
    ],
)
def test_all_documents(generation: Generation, text: str) -> None:
    reply = reply_to(text, generation)
    assert reply.reason is None
    assert reply.text == "There are 6 documents."
    assert sorted(names_in(reply)) == sorted(DOCUMENTS)


def test_each_document_is_shown_by_its_opening(generation: Generation) -> None:
    for item in reply_to("List all documents", generation).items:
        if "scan.pdf" in item.text:
            assert item.passage is None
            continue
        assert item.passage
        page = generation.page(item.passage.document.id, item.passage.chunk.span.page)
        assert page.text[item.start : item.end].strip()
        assert page.number == 1


def test_only_the_documents_that_are_searched(generation: Generation) -> None:
    reply = reply_to("List all documents", generation, documents=("scan.pdf",))
    assert (reply.text, names_in(reply)) == ("There is one document.", ["scan.pdf"])


def test_summary_of_the_collection(generation: Generation) -> None:
    reply = reply_to("Summarise all documents", generation)
    told = {item.text for item in reply.items}
    assert "Rules of the harbour (harbour_rules.pdf), 2 pages: Berths are given out in March." in told
    assert "scan.pdf, 1 page" in told


@pytest.mark.parametrize(
    "text",
    [
        "How many documents do we have with Orrin?",
        "List all documents about Orrin",
        "Which documents do you have on Orrin?",
        "Are there any documents about Orrin?",
        "show me the files about orrin",
    ],
)
def test_documents_about_a_party(generation: Generation, text: str) -> None:
    reply = reply_to(text, generation)
    assert "3 documents are about" in reply.text
    assert reply.text.endswith("; 1 more mentions it.")
    assert names_in(reply)[:3] == ["orrin_annex.pdf", "orrin_master.pdf", "contract_7.pdf"]
    assert names_in(reply)[3:] == ["harbour_rules.pdf"]


@pytest.mark.parametrize(
    "text",
    [
        "Which documents mention Orrin Freight?",
        "In which documents is Orrin Freight mentioned?",
        "What files contain the name Orrin Freight?",
        "How many documents mention Orrin Freight?",
    ],
)
def test_documents_that_mention_a_phrase(generation: Generation, text: str) -> None:
    reply = reply_to(text, generation)
    assert reply.text == "3 documents mention Orrin Freight."
    assert sorted(names_in(reply)) == ["contract_7.pdf", "harbour_rules.pdf", "orrin_master.pdf"]


def test_each_mention_is_quoted(generation: Generation) -> None:
    for item in reply_to("Which documents mention Orrin Freight?", generation).items:
        assert item.passage
        page = generation.page(item.passage.document.id, item.passage.chunk.span.page)
        assert page.text[item.start : item.end] == "Orrin Freight"


def test_words_are_found_in_other_forms(generation: Generation) -> None:
    assert names_in(reply_to("Which documents mention pallet lifts?", generation)) == ["harbour_rules.pdf"]


def test_what_no_document_mentions(generation: Generation) -> None:
    reply = reply_to("Which documents mention Quist Shipping?", generation)
    assert (reply.text, reply.reason, reply.items) == ("No document mentions Quist Shipping.", "not_in_documents", ())


def test_a_subject_that_no_document_names_is_searched_for(generation: Generation) -> None:
    assert collection_reply(Question("Which documents are about loud places?"), generation) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Who is the author of the report?", "Noise at night (noise_report.pdf) is by Tilda Brenner"),
        ("Who wrote the harbour rules?", "Rules of the harbour (harbour_rules.pdf) is by Ines Varga"),
        ("How many pages does the report have?", "Noise at night (noise_report.pdf) has 3 pages."),
        ("how many pages are in the harbour rules", "Rules of the harbour (harbour_rules.pdf) has 2 pages."),
        ("What is the title of the report?", "The title of noise_report.pdf is “Noise at night”."),
        ("When was harbour_rules.pdf created?", "was created on 31 May 2024, as the properties of the file say."),
        ("When was the file scan.pdf added?", "scan.pdf was added on "),
        ("How many pages do all documents have?", "The 6 documents have 10 pages in all."),
    ],
)
def test_properties(generation: Generation, text: str, answer: str) -> None:
    reply = reply_to(text, generation)
    assert answer in reply.text
    assert reply.reason is None


def test_a_property_is_shown_where_a_page_states_it(generation: Generation) -> None:
    (item,) = reply_to("Who wrote the report?", generation).items
    assert item.passage
    page = generation.page(item.passage.document.id, item.passage.chunk.span.page)
    assert (item.text, page.text[item.start : item.end]) == ("", "Tilda Brenner")
    assert reply_to("Who wrote the harbour rules?", generation).items == ()


def test_it_is_the_document_of_the_conversation(generation: Generation) -> None:
    assert "2 pages" in reply_to("How many pages does it have?", generation, "harbour_rules.pdf").text
    assert collection_reply(Question("How many pages does it have?"), generation) is None


@pytest.mark.parametrize(
    "text",
    [
        "Who wrote the annex?",
        "Who wrote the scan?",
        "When was the agreement made?",
        "Who wrote the poem about the sea?",
        "What is the title of the scan?",
        "What documents do I need to register?",
        "Which documents do you have to hand in?",
        "How many files are there in the Reedbed project?",
        "How many pages may a claim have?",
        "List the documents that a member has to sign before the meeting in March.",
        "Which documents do you have, and who wrote them?",
        "",
    ],
)
def test_other_questions(generation: Generation, text: str) -> None:
    assert collection_reply(Question(text), generation) is None


def test_a_long_list_is_cut_and_says_so() -> None:
    with library_of({f"{number:02}.pdf": [f"Text number {number}."] for number in range(55)}) as generation:
        reply = reply_to("List all documents", generation)
        assert reply.text == "There are 55 documents. The first 50 are listed."
        assert len(reply.items) == 50


@given(st.text(max_size=100), st.sampled_from(["which documents mention ", "who wrote ", "how many pages has ", ""]))
def test_accepts_any_text(generation: Generation, text: str, beginning: str) -> None:
    collection_reply(Question(beginning + text), generation)
    asks_about_collection(beginning + text, generation.documents)


class TestByline:
    PAPER = (
        "Tides and what they carry\n\nAda Quill, Bo Mist\nInstitute of Salt, Skarholm\n\n"
        "Abstract\n\nWe measure what tides carry. It is mostly kelp."
    )

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("Who wrote Tides and what they carry?", id="wrote"),
            pytest.param("who are the authors of the paper Tides and what they carry?", id="authors"),
        ],
    )
    def test_of_a_paper_whose_properties_name_no_author(self, text: str) -> None:
        with library_of({"p1.pdf": Written([self.PAPER], title="Tides and what they carry")}) as generation:
            [item] = reply_to(text, generation).items
            assert item.text == "Ada Quill, Bo Mist Institute of Salt, Skarholm"
            assert item.passage
            page = generation.page(item.passage.document.id, 1)
            assert page.text[item.start : item.end] == "Ada Quill, Bo Mist\nInstitute of Salt, Skarholm"

    PROSE = "We measure what tides carry to the shore of the sound, and how far it is from the place that it is from."

    def test_of_a_paper_whose_abstract_has_no_heading(self) -> None:
        page = f"Tides\n\nAda Quill\nada@salt.example\n\n{self.PROSE}"
        with library_of({"p1.pdf": Written([page], title="Tides")}) as generation:
            [item] = reply_to("Who wrote Tides?", generation).items
            assert item.text == "Ada Quill ada@salt.example"

    @pytest.mark.parametrize(
        "page",
        [
            pytest.param("Tides\n\nAda Quill\n\nWe measure what tides carry.", id="no abstract"),
            pytest.param(f"Tides\n\nKelp on the Shore\n\n{PROSE}", id="the second line of a news story's title"),
            pytest.param(f"Ada Quill, Institute of Salt\n\n{PROSE}", id="no title on the page"),
            pytest.param("Tides\n\nAbstract\n\nWe measure what tides carry.", id="nothing between"),
            pytest.param(f"Tides\n\n{'Ada Quill, ' * 99}\n\nAbstract\n\nWe measure.", id="too long for a byline"),
        ],
    )
    def test_not_of_another_document(self, page: str) -> None:
        with library_of({"p1.pdf": Written([page], title="Tides")}) as generation:
            assert collection_reply(Question("Who wrote Tides?"), generation) is None
