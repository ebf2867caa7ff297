"""Evidence selection: a budget of tokens, passages that go on, and no passage that is too long to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.evidence.selection import (
    EvidenceBudget,
    heading_line,
    passages_as_text,
    select_evidence,
    with_beginnings,
)
from rag.answering.grounding import Evidence
from rag.domain.values import Chunk, Hit, Page, Passage, Span
from rag.errors import PromptTooLong
from rag.index.generation import Generation
from tests.unit.conftest import page_of
from tests.unit.rag.answering.material import DOCUMENT, document_of
from tests.unit.rag.query.library import Written, library_of

# Of the line "# Manual" and of what separates two passages.
FIXED = 2 + 3


def by_words(text: str) -> int:
    return len(text.split())


def by_characters(text: str) -> int:
    return len(text)


def of_digits(text: str) -> int:
    """One token for each word and each digit, as small models count them; a text takes one more than its parts."""
    return len(text.split()) + sum(character.isdigit() for character in text) + 1


@dataclass
class Pages:
    """An index of one passage for each page."""

    texts: Sequence[str]
    headings: tuple[str, ...] = ()
    read: list[int] = field(default_factory=list)

    def page(self, _document_id: str, number: int) -> Page:
        self.read.append(number)
        return page_of(self.texts[number - 1], number)

    def neighbours(self, row: int, before: int, after: int) -> list[Passage]:
        return [self.hit(n).passage for n in range(max(0, row - before), min(len(self.texts), row + after + 1))]

    def hit(self, row: int) -> Hit:
        text = self.texts[row]
        return Hit(Passage(row, DOCUMENT, Chunk(Span(row + 1, 0, len(text)), text, self.headings)), 1.0, 2.0)

    def select(
        self,
        tokens: int,
        question: str = "Which lid?",
        *,
        rows: Sequence[int] | None = None,
        passages: int = 9,
        continued: int = 0,
        count: Callable[[str], int] = by_words,
    ) -> list[Evidence]:
        hits = [self.hit(row) for row in (range(len(self.texts)) if rows is None else rows)]
        budget = EvidenceBudget(tokens, passages, continued)
        return select_evidence(cast(Generation, self), hits, question, budget, count)


def rows_of(evidence: Sequence[Evidence]) -> list[int]:
    return [item.hit.passage.row for item in evidence]


class TestBudget:
    @pytest.mark.parametrize(
        ("tokens", "rows"),
        [
            pytest.param(2 * (FIXED + 3) - 1, [0], id="one"),
            pytest.param(2 * (FIXED + 3), [0, 1], id="two"),
            pytest.param(99, [0, 1, 2], id="all"),
        ],
    )
    def test_as_many_as_fit(self, tokens: int, rows: list[int]) -> None:
        assert rows_of(Pages(["one two three", "four five six", "seven eight nine"]).select(tokens)) == rows

    def test_one_that_does_not_fit_is_skipped(self) -> None:
        assert rows_of(Pages(["short one", "long " * 50, "short two"]).select(30)) == [0, 2]

    def test_no_more_than_the_passages(self) -> None:
        assert rows_of(Pages(["one", "two", "three"]).select(99, passages=2)) == [0, 1]

    def test_order_and_page_are_those_of_the_hits(self) -> None:
        pages = Pages(["one", "two", "three"])
        evidence = pages.select(99, rows=[2, 0])
        assert [(item.hit.passage.row, item.page.text) for item in evidence] == [(2, "three"), (0, "one")]
        assert pages.read == [3, 1]

    def test_no_hits(self) -> None:
        assert Pages([]).select(99) == []


class TestCut:
    TABLE = "Pump A weighs 20 kg\nPump B weighs 30 kg\nPump C weighs 40 kg\nPump D weighs 50 kg"

    def test_between_lines_around_the_one_that_is_asked_for(self) -> None:
        (item,) = Pages([self.TABLE]).select(FIXED + 12, "What does pump C weigh?")
        chunk = item.hit.passage.chunk
        assert chunk.text == "Pump B weighs 30 kg\nPump C weighs 40 kg"
        assert item.page.text[chunk.span.start : chunk.span.end] == chunk.text
        assert item.hit.logit == 2.0

    def test_between_sentences_where_a_line_is_too_long(self) -> None:
        text = "The pump is very blue. The lid of it is red. The valve is made of steel."
        (item,) = Pages([text]).select(FIXED + 8, "What is the lid of it like?")
        assert item.hit.passage.chunk.text == "The lid of it is red."

    def test_between_words_where_a_sentence_is_too_long(self) -> None:
        text = " ".join(f"word{number}" for number in range(50)) + " lid " + " ".join(f"w{n}" for n in range(50))
        (item,) = Pages([text]).select(FIXED + 9, "Which lid?")
        words = item.hit.passage.chunk.text.split()
        assert "lid" in words
        assert 3 <= len(words) <= 9

    def test_within_a_word_that_is_too_long(self) -> None:
        (item,) = Pages(["x" * 900]).select(40, count=by_characters)
        assert 1 <= len(item.hit.passage.chunk.text) <= 40

    def test_only_the_first(self) -> None:
        long = "The lid is blue and the valve is red. " * 9
        assert rows_of(Pages([long, long]).select(60)) == [0]

    def test_a_title_and_headings_that_are_too_long_give_way(self) -> None:
        pages = Pages(["The lid is blue."], headings=("Care of the lid " * 9,))
        hit = replace(pages.hit(0), passage=replace(pages.hit(0).passage, document=document_of(title="Title " * 40)))
        (item,) = select_evidence(cast(Generation, pages), [hit], "Which lid?", EvidenceBudget(20, 9), by_words)
        assert item.hit.passage.chunk.text == "The lid is blue."
        assert item.hit.passage.document.id == DOCUMENT.id

    def test_no_room_at_all(self) -> None:
        with pytest.raises(PromptTooLong, match="RAG_EVIDENCE_TOKENS") as caught:
            Pages(["The lid is blue."]).select(2)
        assert caught.value.field == "question"


texts = st.lists(
    st.sampled_from(["lid", "blue", "4.75", "漢字", "x" * 60, "{text}", ".", "\n", "\n\n", "| 9,077 |", "e.g. "]),
    min_size=1,
    max_size=60,
).map(" ".join)


@given(
    st.lists(texts.filter(str.strip), min_size=1, max_size=3),
    texts,
    st.sampled_from([by_words, of_digits, by_characters]),
)
def test_whatever_is_indexed_some_of_it_is_in_the_prompt(
    texts: list[str], question: str, count: Callable[[str], int]
) -> None:
    for row in range(len(texts)):
        pages = Pages(texts)
        for tokens in (64, 350):
            first, *_ = evidence = pages.select(tokens, question, rows=[row, *range(len(texts))], count=count)
            assert first.hit.passage.row == row
            assert first.hit.passage.chunk.text.strip() in texts[row]
            assert first.hit.passage.chunk.text.strip()
            used = sum(count(heading_line(each.hit.passage) + each.hit.passage.chunk.text) for each in evidence)
            assert used <= tokens
            for item in evidence:
                span = item.hit.passage.chunk.span
                assert item.page.text[span.start : span.end] == item.hit.passage.chunk.text


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    steps = [f"# Care\n{n}. Do the step of number {n}." for n in range(1, 4)]
    pages = [*steps, "# Repairs\nAsk the works about each repair.", "# Parts\nOrder the parts at the works."]
    with library_of({"a.pdf": Written(pages, title="Manual"), "b.pdf": Written(["# Care\nAnother one."])}) as made:
        yield made


class TestContinued:
    def select(
        self, generation: Generation, rows: list[int], tokens: int = 999, continued: int = 1, before: int = 0
    ) -> list[int]:
        hits = [Hit(passage, 1.0, 2.0) for passage in generation.passages(rows)]
        evidence = select_evidence(generation, hits, "How?", EvidenceBudget(tokens, 9, continued, before), by_words)
        assert all(item.hit.logit == (2.0 if item.hit.passage.row in rows else None) for item in evidence)
        return rows_of(evidence)

    def test_the_passage_after_a_hit_comes_along(self, generation: Generation) -> None:
        assert self.select(generation, [0]) == [0, 1]

    def test_for_the_first_hits_only(self, generation: Generation) -> None:
        assert self.select(generation, [0, 1]) == [0, 1]
        assert self.select(generation, [0, 1], continued=2) == [0, 1, 2]
        assert self.select(generation, [0], continued=0) == [0]

    @pytest.mark.parametrize(
        ("row", "before", "expected"),
        [
            pytest.param(2, 2, [2, 1, 0], id="the nearest first"),
            pytest.param(2, 1, [2, 1], id="so many"),
            pytest.param(1, 2, [1, 0, 2], id="then those after it"),
            pytest.param(0, 2, [0, 1], id="none"),
            pytest.param(4, 2, [4], id="not from another section"),
        ],
    )
    def test_passages_in_front_of_a_hit(
        self, generation: Generation, row: int, before: int, expected: list[int]
    ) -> None:
        assert self.select(generation, [row], before=before) == expected

    def test_not_from_another_section(self, generation: Generation) -> None:
        assert self.select(generation, [2]) == [2]

    def test_not_from_another_document(self, generation: Generation) -> None:
        last = len(generation.passages(range(len(generation)))) - 2
        assert self.select(generation, [last]) == [last]

    def test_only_where_there_is_room(self, generation: Generation) -> None:
        assert self.select(generation, [0], tokens=20) == [0]


@pytest.fixture(scope="module")
def clothes() -> Iterator[Generation]:
    pages = ["# Clothes\nAsk us.", "Never wear these:\n\n• Hats\n• Caps", "• Belts\n• Boots", "• Rings\n• Pins"]
    with library_of({"a.pdf": Written(pages, title="Manual")}) as made:
        yield made


class TestLists:
    """A hit within a list, whose introduction is in a passage before it."""

    def select(self, clothes: Generation, rows: list[int], continued: int = 2) -> list[Evidence]:
        hits = [Hit(passage, 1.0, 2.0) for passage in clothes.passages(rows)]
        return select_evidence(clothes, hits, "How?", EvidenceBudget(999, 9, continued), by_words)

    @pytest.mark.parametrize(
        ("rows", "expected"),
        [
            pytest.param([3], [3, 2, 1], id="up to the beginning"),
            pytest.param([2], [2, 1, 3], id="no further"),
            pytest.param([0, 3], [0, 1, 3], id="of the best hit alone"),
        ],
    )
    def test_passages_up_to_the_beginning(self, clothes: Generation, rows: list[int], expected: list[int]) -> None:
        assert rows_of(self.select(clothes, rows)) == expected

    def test_hits_of_any_rank_with_the_beginnings_of_their_lists(self, clothes: Generation) -> None:
        hits = [Hit(passage, 1.0) for passage in clothes.passages([0, 3])]
        assert rows_of(with_beginnings(clothes, hits)) == [0, 3, 2, 1]

    def test_what_leads_in_stands_above(self, clothes: Generation) -> None:
        (item,) = self.select(clothes, [3], continued=0)
        assert heading_line(item.hit.passage) == "# Manual > Clothes > Never wear these:\n"


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        pytest.param("Which symptoms should make me see a doctor?", [2, 1, 0], id="named"),
        pytest.param("Which doctor should I see?", [2], id="not named"),
    ],
)
def test_a_section_whose_heading_the_question_has_is_read_from_its_beginning(question: str, rows: list[int]) -> None:
    pages = Pages(["A lump.", "A rash.", "See a doctor."], ("Q: What are the symptoms?",))
    budget = EvidenceBudget(99, 9, continued=1)
    assert rows_of(select_evidence(cast(Generation, pages), [pages.hit(2)], question, budget, by_words)) == rows


class TestAsText:
    def hit(self, row: int, text: str, *headings: str, name: str = "manual.pdf") -> Evidence:
        document = document_of(name, title=name.partition(".")[0].capitalize())
        passage = Passage(row, document, Chunk(Span(row + 1, 0, len(text)), text, headings))
        return Evidence(Hit(passage, 1.0), page_of(text, row + 1))

    def test_title_and_nearest_heading_stand_above(self) -> None:
        evidence = [self.hit(0, "The lid is blue."), self.hit(4, "Lids are {red}.", "Manual", "Care", "Lids")]
        assert passages_as_text(evidence) == ["# Manual\nThe lid is blue.", "# Manual > Lids\nLids are {red}."]

    def test_passages_of_one_section_that_follow_each_other_are_one_text(self) -> None:
        evidence = [self.hit(2, "Third.", "Care"), self.hit(1, "Second.", "Care"), self.hit(4, "Fifth.", "Care")]
        assert passages_as_text(evidence) == ["# Manual > Care\nSecond.\nThird.", "# Manual > Care\nFifth."]

    def test_not_under_another_heading(self) -> None:
        evidence = [self.hit(1, "Second.", "Care"), self.hit(2, "Third.", "Repairs")]
        assert len(passages_as_text(evidence)) == 2

    def test_documents_in_the_order_of_their_best_passage(self) -> None:
        evidence = [self.hit(9, "One.", name="b.pdf"), self.hit(1, "Two."), self.hit(7, "Three.", name="b.pdf")]
        assert passages_as_text(evidence) == ["# B\nThree.", "# B\nOne.", "# Manual\nTwo."]
