"""Values from tables, through the answerer: what the rules find, and what they forbid the model to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rag.answering.confidence import ConfidenceModel, Logistic
from rag.answering.prompt import NOT_FOUND
from rag.domain.values import Answer
from rag.index.generation import Generation
from rag.testing import PLAIN_CONFIDENCE_MODEL
from tests.unit.rag.answering.test_answerer import ask as ask_plain
from tests.unit.rag.query.library import Written, library_of

STORAGE = Written(
    [
        "# Storage times\n\n| Food | Days | Shelf |\n| --- | --- | --- |\n| Chicken | 1 to 2 | lowest |\n"
        "| Steaks and roasts | 3 to 5 | lowest |\n| Bacon | 7 | middle |",
        "| Butter | 30 | door |\n| Milk | 6 | door |",
    ],
    title="Refrigerator",
)
# All passages are read; the draft decides, or is never given.
LIKELY = replace(PLAIN_CONFIDENCE_MODEL, prefilter=Logistic(9.0, {}), answerable=Logistic(9.0, {}))
UNLIKELY = replace(LIKELY, answerable=Logistic(-9.0, {}))


@pytest.fixture(scope="module")
def storage() -> Iterator[Generation]:
    with library_of({"refrigerator.pdf": STORAGE}) as generation:
        yield generation


def ask(generation: Generation, text: str, *replies: str, model: ConfidenceModel = LIKELY) -> Answer:
    return ask_plain(generation, text, *replies, confidence_model=model, whole_confidence_model=model)


@pytest.mark.parametrize("draft", [NOT_FOUND, "3 to 5", "7"])
def test_the_cell_goes_before_the_draft(storage: Generation, draft: str) -> None:
    answer = ask(storage, "How many days does chicken keep?", draft)
    assert (answer.answer, answer.short_answer) == ("Chicken, Days: 1 to 2.", "1 to 2")
    assert (answer.certainty, answer.confidence) == ("stated", 0.99)
    assert [citation.quote for citation in answer.citations] == ["| Chicken | 1 to 2 | lowest |"]


def test_a_cell_under_the_heads_of_the_page_before(storage: Generation) -> None:
    answer = ask(storage, "How many days does butter keep?", NOT_FOUND)
    assert (answer.answer, answer.short_answer) == ("Butter, Days: 30.", "30")
    assert [(citation.page, citation.quote) for citation in answer.citations] == [
        (2, "| Butter | 30 | door |"),
        (1, "| Food | Days | Shelf |"),
    ]


def test_a_sure_cell_is_given_where_the_draft_would_not_be(storage: Generation) -> None:
    answer = ask(storage, "How many days does chicken keep?", NOT_FOUND, model=UNLIKELY)
    assert answer.short_answer == "1 to 2"


@pytest.mark.parametrize(("food", "is_answered"), [("chicken", True), ("herring", False)])
def test_a_sure_cell_is_read_where_the_passages_seem_to_be_about_something_else(
    storage: Generation, food: str, *, is_answered: bool
) -> None:
    model = replace(UNLIKELY, prefilter=Logistic(-9.0, {}), prefilter_threshold=0.5)
    answer = ask(storage, f"How many days does {food} keep?", NOT_FOUND, model=model)
    assert (answer.answered, answer.usage.prompt_tokens > 0) == (is_answered, is_answered)


def test_a_cell_on_weak_grounds_needs_a_likely_draft(storage: Generation) -> None:
    text = "How many days does chicken keep in a cellar?"
    assert ask(storage, text, NOT_FOUND).confidence == 0.64
    answer = ask(storage, text, NOT_FOUND, model=UNLIKELY)
    assert (answer.answered, answer.short_answer) == (False, None)


@pytest.mark.parametrize(
    ("draft", "is_given"),
    [
        pytest.param("1 to 2", True, id="row of what is asked for"),
        pytest.param("3 to 5", False, id="another row"),
        pytest.param("7", False, id="one more"),
    ],
)
def test_a_draft_from_another_row_is_withheld(storage: Generation, draft: str, is_given: bool) -> None:
    answer = ask(storage, "For how many days does cooked chicken keep?", draft, NOT_FOUND)
    assert (answer.answered, answer.short_answer) == (is_given, draft if is_given else None)
    if not is_given:
        assert answer.reason == "no_supported_sentence"
        assert [(item.text, item.verdict) for item in answer.sentences] == [(draft, "unsupported")]


@pytest.mark.parametrize("model", [LIKELY, UNLIKELY])
@pytest.mark.parametrize(
    ("text", "draft", "what"),
    [
        ("How many more days does bacon keep than steaks and roasts?", "7", "difference"),
        ("What is the sum of the days of bacon and milk?", "7", "sum"),
    ],
)
def test_what_is_not_computed_is_said(
    storage: Generation, model: ConfidenceModel, text: str, draft: str, what: str
) -> None:
    answer = ask(storage, text, draft, model=model)
    lead, *items = [item.text for item in answer.sentences if item.verdict == "supported"]
    assert lead == f"The {what} is not computed here; the table has these values:"
    assert items[0] == "Bacon, Days: 7."
    assert len(items) == 2
    assert answer.short_answer is None


def test_cells_side_by_side_answer_a_comparison(storage: Generation) -> None:
    answer = ask(storage, "Compare the days of chicken and bacon", "Chicken keeps longer.")
    assert (answer.form, answer.answered) == ("comparison", True)
    assert answer.answer == "- Chicken, Days: 1 to 2.\n- Bacon, Days: 7."
    assert [citation.quote for citation in answer.citations] == [
        "| Chicken | 1 to 2 | lowest |",
        "| Bacon | 7 | middle |",
    ]


PLANS = Written(
    [
        "# Plans\n\n| Feature | Basic | Pro | Team |\n| --- | --- | --- | --- |\n| Offline mode | No | Yes | Yes |\n"
        "| Single sign-on | ✗ | ✗ | ✓ |"
    ],
    title="Plans",
)


@pytest.fixture(scope="module")
def plans() -> Iterator[Generation]:
    with library_of({"plans.pdf": PLANS}) as generation:
        yield generation


@pytest.mark.parametrize(
    ("question", "text", "short"),
    [
        pytest.param("Does Pro have offline mode?", "Yes: Offline mode, Pro: Yes.", "Yes", id="yes"),
        pytest.param("Does Basic have offline mode?", "No: Offline mode, Basic: No.", "No", id="no"),
        pytest.param(
            "Do Pro and Team have offline mode?",
            "Yes: Offline mode, Pro: Yes.\n\n- Offline mode, Team: Yes.",
            "Yes",
            id="two that agree",
        ),
        pytest.param(
            "Do Basic and Pro have offline mode?",
            "- Offline mode, Basic: No.\n- Offline mode, Pro: Yes.",
            None,
            id="two that differ",
        ),
    ],
)
def test_a_yes_no_cell_goes_before_the_model(plans: Generation, question: str, text: str, short: str | None) -> None:
    answer = ask(plans, question, "Maybe", model=UNLIKELY)
    assert (answer.form, answer.answer, answer.short_answer) == ("yes_no", text, short)
    assert answer.usage.prompt_tokens == 0
    assert answer.citations[0].quote == "| Offline mode | No | Yes | Yes |"


def test_the_columns_that_have_a_thing(plans: Generation) -> None:
    answer = ask(plans, "Which plans have offline mode?", NOT_FOUND, model=UNLIKELY)
    assert answer.answer == "- Offline mode, Pro: Yes.\n- Offline mode, Team: Yes."
