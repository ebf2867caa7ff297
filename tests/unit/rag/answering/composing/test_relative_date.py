"""Relative dates: of several dates, the one that is next, or was last, today."""

from __future__ import annotations

import pytest

from rag.answering.composing.relative_date import with_right_date
from tests.unit.rag.answering.material import evidence_of

MEETINGS = "The meetings are on 20 January 2026, 17 March 2026, 8 December 2026 and 19 January 2027."
LISTED = "Meetings of the board:\n\n• 17 March 2026: budget\n• 8 December 2026: elections\n• 19 January 2027: plans"
TODAY = "29 November 2026"
NEXT = "When is the next board meeting?"


@pytest.mark.parametrize(
    ("question", "draft", "page", "expected"),
    [
        pytest.param(NEXT, "19 January 2027", MEETINGS, "8 December 2026", id="the first one after today"),
        pytest.param(NEXT, "On 17 March 2026.", MEETINGS, "On 8 December 2026.", id="not a past one"),
        pytest.param(NEXT, "8 December 2026", MEETINGS, "8 December 2026", id="it was right"),
        pytest.param(NEXT, "19 January 2027", LISTED, "8 December 2026", id="of a list"),
        pytest.param("When was the last meeting?", "20 January 2026", MEETINGS, "17 March 2026", id="last"),
        pytest.param("When is the upcoming one?", "19 January 2027", MEETINGS, "8 December 2026", id="upcoming"),
        pytest.param("When does it meet in January?", "19 January 2027", MEETINGS, "19 January 2027", id="neither"),
        pytest.param("Is the last one next?", "19 January 2027", MEETINGS, "19 January 2027", id="both"),
        pytest.param(NEXT, "in the net loft", MEETINGS, "in the net loft", id="no date"),
        pytest.param(NEXT, "17 March 2026 or 19 January 2027", MEETINGS, "17 March 2026 or 19 January 2027", id="two"),
        pytest.param(NEXT, "3 May 2020", "It met on 3 May 2020. It likes tea.", "3 May 2020", id="one alone"),
        pytest.param(NEXT, "3 May 2020", "It met on 3 May 2020 and 4 June 2021.", "3 May 2020", id="all are past"),
        pytest.param(NEXT, "1 May 2027", "31 February 2027, 1 May 2027, 2 May 2027.", "1 May 2027", id="no such day"),
    ],
)
def test_date_of_a_draft(question: str, draft: str, page: str, expected: str) -> None:
    assert with_right_date(question, draft, list(evidence_of(page)), TODAY) == expected


def test_only_where_the_question_depends_on_today() -> None:
    assert with_right_date(NEXT, "19 January 2027", list(evidence_of(MEETINGS)), None) == "19 January 2027"


def test_today_itself_is_next() -> None:
    assert (
        with_right_date(NEXT, "19 January 2027", list(evidence_of(MEETINGS)), "08 December 2026") == "8 December 2026"
    )
