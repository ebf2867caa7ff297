"""Grounding: quotes are verbatim and from retrieved passages; an unsupported sentence is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.grounding import Evidence, Quote, Support, ground, nearest_quotes
from rag.answering.span_completion import complete_span
from rag.domain.values import Chunk, Document, Heading, Hit, Passage, Span
from rag.text.sentences import sentence_spans
from tests.unit.conftest import page_of

DOCUMENT = Document("0" * 64, ("manual.pdf",), "Manual", 3, 1000)

WARRANTY = "The pump has a warranty of 24 months. The seal has a warranty of 6 months. Damage by frost is excluded."
CARE = "Drain the boiler before winter. The valve on the left closes the water."
TABLE = "Parts list\nHose 12 mm 8.50\nClamp 20 mm 1.20\nFilter fine 4.75"


def evidence(text: str, start: int = 0, end: int | None = None, page: int = 1, row: int = 0) -> Evidence:
    """A passage ``text[start:end]`` and its page."""
    end = len(text) if end is None else end
    chunk = Chunk(Span(page, start, end), text[start:end])
    return Evidence(Hit(Passage(row, DOCUMENT, chunk), 1.0), page_of(text, page))


def only(supports: list[Support]) -> Support:
    (support,) = supports
    return support


def quotes(support: Support) -> list[str]:
    return [quote.text for quote in support.quotes]


vocabulary = st.sampled_from(
    ["pump", "valve", "The", "is", "red", "blue", "24", "1,000", "months", "Dr.", "e.g.", "not", "ünder", "漢字", "😀"]
)
ends = st.sampled_from([" ", " ", " ", ". ", "! ", "\n", "\n\n", '." ', "; "])
texts = st.lists(st.tuples(vocabulary, ends).map("".join), max_size=40).map("".join)


@st.composite
def evidences(draw: st.DrawFn) -> list[Evidence]:
    """Passages anywhere on their pages."""
    made = []
    for row in range(draw(st.integers(0, 4))):
        text = draw(texts)
        start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        made.append(evidence(text, start, end, page=row + 1, row=row))
    return made


def assert_quoted(quote: Quote, given_evidence: list[Evidence]) -> None:
    """Verbatim, on the passage's own page, and touching the passage."""
    assert quote.evidence in given_evidence
    passage = quote.evidence.hit.passage.chunk.span
    assert quote.span.page == passage.page == quote.evidence.page.number
    assert 0 <= quote.span.start < quote.span.end <= len(quote.evidence.page.text)
    assert quote.text == quote.evidence.page.text[quote.span.start : quote.span.end]
    assert quote.text.strip() == quote.text
    assert quote.span.start < passage.end
    assert quote.span.end > passage.start
    assert 0.0 <= quote.score <= 1.0 + 1e-9


class TestInvariants:
    @given(texts, texts, evidences())
    def test_quotes_are_verbatim_and_from_what_was_retrieved(
        self, question: str, draft: str, given_evidence: list[Evidence]
    ) -> None:
        for support in ground(question, draft, given_evidence):
            for quote in support.quotes:
                assert_quoted(quote, given_evidence)
            assert 0.0 <= support.score <= 1.0 + 1e-9
            assert len(support.quotes) <= 3

    @given(texts, evidences())
    def test_nearest_quotes_are_one_for_each_passage(self, question: str, given_evidence: list[Evidence]) -> None:
        found = nearest_quotes(question, given_evidence)
        for quote in found:
            assert_quoted(quote, given_evidence)
        assert len({id(quote.evidence) for quote in found}) == len(found)
        with_text = [
            item
            for item in given_evidence
            if item.page.text[item.hit.passage.chunk.span.start : item.hit.passage.chunk.span.end].strip()
        ]
        assert len(found) >= len(with_text)

    @given(texts, texts, evidences())
    def test_sentences_are_those_of_the_draft(self, question: str, draft: str, given_evidence: list[Evidence]) -> None:
        text = draft.strip()
        said = [text[start:end] for start, end in sentence_spans(text)]
        assert [support.sentence for support in ground(question, draft, [])] == said
        supports = ground(question, draft, given_evidence)
        quoted = [support.quotes[0].text if support.quotes else "" for support in supports]
        assert [support.sentence for support in supports] == list(map(complete_span, said, quoted))

    @given(texts, texts)
    def test_nothing_is_supported_by_nothing(self, question: str, draft: str) -> None:
        for support in ground(question, draft, []):
            assert not support.supported
            assert support.quotes == ()

    @given(texts, evidences())
    def test_an_invented_number_is_never_supported(self, question: str, given_evidence: list[Evidence]) -> None:
        assert not only(ground(question, "The red pump is 777", given_evidence)).supported


class TestSupported:
    def test_word_for_word(self) -> None:
        support = only(ground("How long?", "The seal has a warranty of 6 months.", [evidence(WARRANTY)]))
        assert support.supported
        assert support.score == pytest.approx(1.0)
        assert quotes(support) == ["The seal has a warranty of 6 months."]
        assert support.quotes[0].span == Span(1, 38, 74)
        assert support.quotes[0].score == pytest.approx(1.0)

    def test_other_forms_of_the_words(self) -> None:
        support = only(ground("", "Draining the boilers before winter.", [evidence(CARE)]))
        assert support.supported
        assert quotes(support) == ["Drain the boiler before winter."]

    def test_number_in_words(self) -> None:
        text = "The filter lasts twelve weeks."
        assert only(ground("", "The filter lasts 12 weeks.", [evidence(text)])).supported

    def test_two_sentences_are_two_supports(self) -> None:
        supports = ground("", "The pump has 24 months. Frost damage is excluded.", [evidence(WARRANTY)])
        assert [support.sentence for support in supports] == ["The pump has 24 months.", "Frost damage is excluded."]
        assert [support.supported for support in supports] == [True, True]

    def test_sentence_from_two_passages_has_a_quote_from_each(self) -> None:
        given_evidence = [evidence(WARRANTY), evidence(CARE, page=2, row=1)]
        answer = "The pump has a warranty of 24 months and the valve closes the water."
        support = only(ground("", answer, given_evidence))
        assert quotes(support) == [
            "The pump has a warranty of 24 months.",
            "The valve on the left closes the water.",
        ]
        # pump, warranty, 24 (twice the weight), month: 5 of 8; valve, close, water are the rest.
        assert support.quotes[0].score == pytest.approx(5 / 8)
        assert support.quotes[1].score == pytest.approx(3 / 8)
        assert support.score == pytest.approx(1.0)
        assert support.supported

    def test_a_second_quote_that_adds_nothing_is_left_out(self) -> None:
        given_evidence = [evidence(WARRANTY), evidence(WARRANTY, page=2, row=1)]
        support = only(ground("", "The seal has a warranty of 6 months.", given_evidence))
        assert len(support.quotes) == 1
        assert support.quotes[0].evidence is given_evidence[0]

    def test_of_two_that_say_the_same_the_shorter_is_quoted(self) -> None:
        long = evidence("Among many other things that nobody reads, the seal has a warranty of 6 months.")
        short = evidence("The seal has a warranty of 6 months.", page=2, row=1)
        support = only(ground("", "The seal has a warranty of 6 months.", [long, short]))
        assert [quote.evidence for quote in support.quotes] == [short]

    @pytest.mark.parametrize(
        ("page", "supported"),
        [
            pytest.param("The ferry leaves at 9.", False, id="of something else"),
            pytest.param("A berth is paid in euros: 9.", True, id="of the same"),
        ],
    )
    def test_a_number_is_not_borrowed_from_elsewhere(self, page: str, supported: bool) -> None:
        given_evidence = [evidence("It costs money."), evidence(page, page=2, row=1)]
        support = only(ground("What does a berth cost?", "It costs 9 euros.", given_evidence))
        assert support.supported is supported

    @pytest.mark.parametrize(
        ("line", "answer", "supported"),
        [
            pytest.param("Rental car needed: [x] Yes [ ] No", "Yes", True, id="yes"),
            pytest.param("Rental car needed: [ ] Yes [x] No", "Yes", False, id="no"),
            pytest.param("Rental car needed: [ ] Yes [x] No", "No", True, id="no, denied"),
            pytest.param("Colour: [ ] red [x] blue [ ] green", "blue", True, id="the ticked option"),
            pytest.param("Colour: [ ] red [x] blue [ ] green", "green", False, id="another option"),
            pytest.param("[ ] Buy green paint", "green", True, id="a list of things to do"),
        ],
    )
    def test_options_of_a_form(self, line: str, answer: str, supported: bool) -> None:
        page = f"Travel request\n\n{line}\n\nSend it to the desk."
        question = "Is a rental car needed?" if "car" in line else "Which colour?"
        assert only(ground(question, answer, [evidence(page)])).supported == supported

    @pytest.mark.parametrize(
        ("answer", "supported"),
        [
            pytest.param("7 to 21", True, id="as it is quoted"),
            pytest.param("7:00 - 21:00", True, id="in another form"),
            pytest.param("13 to 21", False, id="of two ranges"),
            pytest.param("13 till 15 hours", True, id="the other"),
            pytest.param("3 May to 5 June", True, id="of dates, with a year between"),
            pytest.param("5 June to 3 May", False, id="the wrong way round"),
            pytest.param("7 and 13", True, id="no range"),
        ],
    )
    def test_a_range_is_quoted_as_one(self, answer: str, supported: bool) -> None:
        page = (
            "The laundry is open from 7 to 21 hours. Be quiet from 13 to 15 hours.\n\n"
            "The pool is open from 3 May 2024 to 5 June."
        )
        assert only(ground("When is it open?", answer, [evidence(page)])).supported == supported

    def test_two_neighbours_are_quoted_together(self) -> None:
        support = only(ground("", "The seal with 6 months of warranty excludes frost damage.", [evidence(WARRANTY)]))
        assert quotes(support) == ["The seal has a warranty of 6 months. Damage by frost is excluded."]

    def test_row_of_a_table_is_quoted_alone(self) -> None:
        support = only(ground("What does the clamp cost?", "The clamp of 20 mm costs 1.20.", [evidence(TABLE)]))
        assert support.supported
        assert quotes(support) == ["Clamp 20 mm 1.20"]

    def test_a_long_list_is_quoted_by_its_lines(self) -> None:
        lines = [f"Item {number} weighs {number * 7} grams" for number in range(100, 140)]
        support = only(ground("", "Item 123 weighs 861 grams.", [evidence("\n".join(lines))]))
        assert quotes(support) == ["Item 123 weighs 861 grams"]

    @pytest.mark.parametrize(
        "draft",
        [
            pytest.param("The seal has a warranty of 6 months [1].", id="before the full stop"),
            pytest.param("The seal has a warranty of 6 months. [1]", id="after it"),
            pytest.param("The seal [1] has a warranty [2, 3] of 6 months[1][2].", id="many"),
            pytest.param("[1] The seal has a warranty of 6 months.", id="in front"),
        ],
    )
    def test_markers_are_taken_out(self, draft: str) -> None:
        support = only(ground("", draft, [evidence(WARRANTY)]))
        assert support.sentence == "The seal has a warranty of 6 months."
        assert support.supported

    def test_brackets_that_are_no_markers_stay(self) -> None:
        assert only(ground("", "The seal [rubber] has 6 months.", [])).sentence == "The seal [rubber] has 6 months."


class TestUnsupported:
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param("The seal has a warranty of 7 months.", id="changed"),
            pytest.param("The seal has a warranty of 6 months and 3 days.", id="added"),
            pytest.param("The seal has a warranty of 60 months.", id="longer"),
            pytest.param("The seal has a warranty of 0.6 months.", id="decimal"),
            pytest.param("The seal has a warranty of seven months.", id="in words"),
            pytest.param("The seal has a warranty of seventy months.", id="tens in words"),
            pytest.param("The seal has a warranty of eighty months.", id="more tens in words"),
        ],
    )
    def test_a_wrong_number(self, answer: str) -> None:
        support = only(ground("How long is the seal's warranty?", answer, [evidence(WARRANTY)]))
        assert not support.agrees
        assert not support.supported

    def test_a_number_of_the_question_may_be_said_again(self) -> None:
        answer = "For model 300 the seal has a warranty of 6 months."
        assert only(ground("What about model 300?", answer, [evidence(WARRANTY)])).supported
        assert not only(ground("What about this model?", answer, [evidence(WARRANTY)])).supported

    def test_a_question_states_nothing(self) -> None:
        """A small model may repeat the question."""
        asked = "How long is the warranty of the seal?"
        assert only(ground("And the seal's warranty?", "The warranty of the seal.", [evidence(WARRANTY)])).supported
        assert not only(ground("And the seal's warranty?", asked, [evidence(WARRANTY)])).supported

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param("Damage by frost is not excluded.", id="not"),
            pytest.param("Damage by frost isn't excluded.", id="n't"),
            pytest.param("The pump has no warranty of 24 months.", id="no"),
        ],
    )
    def test_a_negation_that_no_quote_has(self, answer: str) -> None:
        support = only(ground("What of damage by frost?", answer, [evidence(WARRANTY)]))
        assert not support.agrees
        assert not support.supported

    def test_a_negation_in_other_words(self) -> None:
        page = evidence("We do not lend signals while yours is under repair.")
        assert only(ground("Are signals lent?", "Signals are never lent under repair.", [page])).agrees

    def test_invented_names(self) -> None:
        support = only(ground("Who built it?", "Gustav Bittern built the pump.", [evidence(WARRANTY)]))
        # gustav 1, bittern 1, built half, pump 1 (the only one that is there).
        assert support.score == pytest.approx(1 / 3.5)
        assert not support.supported

    def test_repeating_the_question_proves_little(self) -> None:
        question = "Is the pump of cast iron?"
        support = only(ground(question, "The pump is of stainless steel.", [evidence(WARRANTY)]))
        # pump half, stainless 1, steel 1.
        assert support.score == pytest.approx(0.5 / 2.5)
        assert not support.supported

    @pytest.mark.parametrize("answer", ["It is not.", "Yes.", "...!", "This is what it was."])
    def test_an_answer_without_content(self, answer: str) -> None:
        for support in ground("Is it?", answer, [evidence(WARRANTY)]):
            assert support.score == 0.0
            assert not support.supported

    @pytest.mark.parametrize("answer", ["It is.", "A", "They were what it was."])
    def test_stop_words_do_not_stand_for_the_question(self, answer: str) -> None:
        assert not only(ground("How long is the warranty of the pump?", answer, [evidence(WARRANTY)])).supported

    def test_the_right_words_outside_of_what_was_retrieved(self) -> None:
        """The second sentence is on the page, but in no passage that was read."""
        given_evidence = [evidence(WARRANTY, 75, len(WARRANTY))]
        support = only(ground("", "The pump has a warranty of 24 months.", given_evidence))
        assert not support.supported
        assert all("24" not in quote for quote in quotes(support))

    @pytest.mark.parametrize("draft", ["", "  ", "[1]"])
    def test_no_sentence(self, draft: str) -> None:
        assert ground("How long?", draft, [evidence(WARRANTY)]) == []


class TestNames:
    PAGE = "The lighthouse of Skarholm was built by Astrid Lund of Larkfield & Sons in 1911."

    @pytest.mark.parametrize(
        ("answer", "supported"),
        [
            pytest.param("The lighthouse was built by Astrid Lund.", True, id="as it is"),
            pytest.param("The lighthouse of Skarholm was built by Astrid Berg in 1911.", False, id="another surname"),
            pytest.param("The lighthouse of Skarholm was built in Norway by Astrid Lund.", False, id="a name added"),
            pytest.param("the lighthouse of SKARHOLM was built by astrid lund", True, id="other capitals"),
            pytest.param("Built by Astrid Lund in 1911.", True, id="the first word may have one"),
            pytest.param("The lighthouse of Skarholm: Built by Lund.", True, id="so may that after a colon"),
            pytest.param("The lighthouse of Fastnet was built by Astrid Lund in 1911.", True, id="of the question"),
        ],
    )
    def test_must_be_quoted(self, answer: str, supported: bool) -> None:
        support = only(ground("Who built the lighthouse of Fastnet?", answer, [evidence(self.PAGE)]))
        assert (support.supported, support.agrees) == (supported, supported)


class TestNotation:
    PAGE = "The lease began on 31 May 2020 and costs $1,200 a month, 5% more than before."

    @pytest.mark.parametrize(
        ("answer", "supported"),
        [
            pytest.param("31 May 2020", True, id="a date as it is"),
            pytest.param("May 31, 2020", True, id="month first"),
            pytest.param("2020-05-31", True, id="ISO 8601"),
            pytest.param("May 2020", True, id="a part of it"),
            pytest.param("30 May 2020", False, id="another day"),
            pytest.param("31 June 2020", False, id="another month"),
            pytest.param("2020-06-31", False, id="another month as a number"),
            pytest.param("1200 dollars a month", True, id="currency in words"),
            pytest.param("$1200", True, id="without thousands"),
            pytest.param("€1,200", False, id="another currency"),
            pytest.param("5 per cent more", True, id="per cent in words"),
            pytest.param("It costs $1,140 before.", False, id="derived from two numbers"),
        ],
    )
    def test_supported(self, answer: str, supported: bool) -> None:
        assert only(ground("What of the lease?", answer, [evidence(self.PAGE)])).supported is supported

    def test_a_currency_that_no_quote_says_is_a_word_like_others(self) -> None:
        table = evidence("Revenue (in thousands)\nRoads and bridges 4,120\nParks 870")
        assert only(ground("What did roads and bridges cost?", "$4,120", [table])).supported


class TestYesAndNo:
    """A yes or no states what the question asks; the words after it need support of their own."""

    QUESTION = "Is damage by frost excluded from the warranty?"
    PAGE = "The warranty does not cover damage by birds. Damage by frost is excluded. It has 24 months."

    @pytest.mark.parametrize(
        ("question", "answer", "supported"),
        [
            pytest.param(QUESTION, "Yes", True, id="yes"),
            pytest.param(QUESTION, "yes.", True, id="in small letters"),
            pytest.param(QUESTION, "Yes, it is.", True, id="with nothing more"),
            pytest.param(QUESTION, "Yes, damage by frost is excluded.", True, id="with a reason"),
            pytest.param(QUESTION, "Yes, since 12 months.", False, id="with a wrong one"),
            pytest.param("Does the warranty cover damage by birds?", "No.", True, id="no, as the page says"),
            pytest.param("Does the warranty cover damage by birds?", "No, it does not.", True, id="no, and not"),
            pytest.param("Does the warranty cover damage by birds?", "Yes.", False, id="yes, which is denied"),
            pytest.param("Has the warranty 12 months?", "No, it has 24 months.", True, id="no, something else"),
            pytest.param("Has the warranty 12 months?", "No, it has 36 months.", False, id="no, something wrong"),
            pytest.param("Is the cellar dry?", "Yes", False, id="nothing about it"),
        ],
    )
    def test_supported(self, question: str, answer: str, supported: bool) -> None:
        assert only(ground(question, answer, [evidence(self.PAGE)])).supported is supported

    LIST = "What is covered?\nDance lessons and gym fees.\n\nWhat is not covered?\nTravel expenses for lessons."
    HEADINGS = (Heading(0, 16, 1), Heading(46, 66, 1))

    @pytest.mark.parametrize(
        ("question", "answer", "supported"),
        [
            pytest.param("Are gym fees covered?", "Yes", True, id="under a heading without a not"),
            pytest.param("Are travel expenses covered?", "Yes", False, id="under a heading with a not"),
            pytest.param("Are travel expenses covered?", "No", True, id="no, as the heading says"),
            pytest.param("Are travel expenses not covered?", "Yes", True, id="yes, it is not"),
            pytest.param("Are fees for travel expenses covered?", "Yes", False, id="more of it is denied"),
            pytest.param("Are gym fees for travel covered?", "Yes", True, id="more of it is affirmed"),
        ],
    )
    def test_what_a_heading_denies(self, question: str, answer: str, supported: bool) -> None:
        item = evidence(self.LIST)
        item = replace(item, page=replace(item.page, headings=self.HEADINGS))
        assert item.page.text[slice(*self.HEADINGS[1][:2])] == "What is not covered?"
        assert only(ground(question, answer, [item])).supported is supported

    @pytest.mark.parametrize(
        ("page", "supported"),
        [
            pytest.param("The standard plan covers emergencies.", True, id="affirmed"),
            pytest.param(
                "The standard plan does not offer coverage for emergencies.", False, id="denied at a distance"
            ),
        ],
    )
    def test_a_bare_yes_has_no_evidence_in_what_is_denied(self, page: str, supported: bool) -> None:
        question = "Does the standard plan cover emergencies?"
        assert only(ground(question, "Yes", [evidence(page)])).supported is supported


class TestSteps:
    STEPS = "Turn off the water. Open the valve. Wait 10 minutes."

    def test_the_number_of_a_step_belongs_to_it(self) -> None:
        draft = "1. Turn off the water. 2. Open the valve."
        found = ground("How do I drain it?", draft, [evidence(self.STEPS)])
        assert [support.sentence for support in found] == ["1. Turn off the water.", "2. Open the valve."]
        assert all(support.supported for support in found)

    @pytest.mark.parametrize(
        ("draft", "sentences"),
        [
            pytest.param("10. Minutes count.", ["10 minutes.", "Minutes count."], id="a number that answers"),
            pytest.param("1.", ["1."], id="alone"),
        ],
    )
    def test_other_numbers_are_sentences(self, draft: str, sentences: list[str]) -> None:
        assert [support.sentence for support in ground("How long?", draft, [evidence(self.STEPS)])] == sentences


@pytest.mark.parametrize(
    ("question", "draft", "text", "quote"),
    [
        pytest.param(
            "员工每年有多少天带薪年假？",
            "十二天",
            "第二章 年假\n\n入职满一年的员工每年享有十二天带薪年假。机票须由部门经理批准。",
            "入职满一年的员工每年享有十二天带薪年假。",
            id="Chinese",
        ),
        pytest.param(
            "出差住宿费每晚最多多少？",
            "450元",
            "出差住宿费每晚不得超过四百五十元。机票须由部门经理批准。",
            "出差住宿费每晚不得超过四百五十元。",
            id="Chinese numerals in digits",
        ),
        pytest.param(
            "كم مدة الإجازة السنوية؟",
            "٢١ يوما",
            "مدة الإجازة السنوية 21 يوما لكل موظف. يبدأ الدوام في الساعة 8 صباحا.",
            "مدة الإجازة السنوية 21 يوما لكل موظف.",
            id="Arabic",
        ),
    ],
)
def test_a_value_of_a_script_without_spaces_is_proved(question: str, draft: str, text: str, quote: str) -> None:
    support = only(ground(question, draft, [evidence(text)]))
    assert support.supported
    assert quotes(support) == [quote]


@pytest.mark.parametrize(
    "draft", [pytest.param("十五天", id="another number"), pytest.param("可以随时休假", id="other words")]
)
def test_a_value_of_a_script_without_spaces_is_refused(draft: str) -> None:
    text = "入职满一年的员工每年享有十二天带薪年假。"
    assert not only(ground("员工每年有多少天带薪年假？", draft, [evidence(text)])).supported


def test_a_chinese_sentence_that_denies_is_no_evidence() -> None:
    support = only(ground("宿舍里能养狗吗？", "允许养狗", [evidence("宿舍里不允许养狗。")]))
    assert not support.supported
