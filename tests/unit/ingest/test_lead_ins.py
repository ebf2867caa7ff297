"""Lead-ins: what the chunks of a list or a table cannot be understood without."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ingest.lead_ins import LeadIns
from rag.domain.values import Heading, Page, Table


def page_of(number: int, text: str, *, headings: Sequence[str] = (), table: tuple[str, str] | None = None) -> Page:
    found = [Heading(text.index(each), text.index(each) + len(each), 1) for each in headings]
    tables = []
    if table:
        start, head_end = text.index(table[0]), text.index(table[0]) + len(table[0])
        tables = [Table(start, text.index(table[1]) + len(table[1]), (start, head_end))]
    return Page(number, text, 595.0, 842.0, headings=found, tables=tables)


def lead_in(pages: Sequence[Page], begin: str) -> str:
    """The lead-in of a chunk of the last page that begins with ``begin``."""
    found = LeadIns()
    for page in pages:
        found.turn_to(page)
    return found.of(pages[-1].text.index(begin))


CLOTHES = page_of(1, "Staff decide.\n\nThese must not be worn:\n\n• Hats\n• Sunglasses\n• Smart watches\n\nAsk us.")
EXCLUSIONS = page_of(
    1,
    "EXCLUSIONS\n\nWe will not pay for:\n1. Loss to your auto while it is used as a taxi.\n2. Loss to:\n"
    "a) any camper body; or\nb) any trailer.\n3. Loss due to war.",
    headings=["EXCLUSIONS"],
)


@pytest.mark.parametrize(
    ("page", "begin", "expected"),
    [
        pytest.param(CLOTHES, "• Hats", "These must not be worn:", id="from the first item on"),
        pytest.param(CLOTHES, "• Smart", "These must not be worn:", id="a later item"),
        pytest.param(CLOTHES, "Staff", "", id="before the list"),
        pytest.param(CLOTHES, "These", "", id="its introduction is in the chunk"),
        pytest.param(CLOTHES, "Ask us", "", id="after the list"),
        pytest.param(EXCLUSIONS, "b) any", "We will not pay for: Loss to:", id="of a list in an item"),
        pytest.param(EXCLUSIONS, "3. Loss", "We will not pay for:", id="after a list in an item"),
        pytest.param(EXCLUSIONS, "used as a taxi", "We will not pay for:", id="within an item"),
        pytest.param(page_of(1, "Three of them.\n\n• One\n• Two"), "• Two", "", id="no introduction"),
        pytest.param(
            page_of(1, "Sales\n\nModel 2021 2022\nPump 1 2\nPart 3 4", table=("Model 2021 2022", "Part 3 4")),
            "Part",
            "Model 2021 2022",
            id="heads of a table",
        ),
        pytest.param(
            page_of(1, "Sales\n\nModel 2021 2022\nPump 1 2\nPart 3 4", table=("Model 2021 2022", "Part 3 4")),
            "Model",
            "",
            id="the heads are in the chunk",
        ),
    ],
)
def test_of_a_page(page: Page, begin: str, expected: str) -> None:
    assert lead_in([page], begin) == expected


HEAD = page_of(1, "These must not be worn:\n\n• Hats\n• Sunglasses which are not\nprescribed, and")


@pytest.mark.parametrize(
    ("before", "text", "begin", "expected"),
    [
        pytest.param(HEAD, "• Smart watches\n• Shorts", "• Smart", "These must not be worn:", id="bullets go on"),
        pytest.param(HEAD, "scarves\n• Smart watches\n• Shorts", "• Shorts", "These must not be worn:", id="a rest"),
        pytest.param(HEAD, "Bring these.\n• Smart watches\n• Shorts", "• Shorts", "", id="text is between"),
        pytest.param(HEAD, "Bring these:\n• A passport\n• A card", "• A card", "Bring these:", id="its own"),
        pytest.param(HEAD, "1. Ring.\n2. Wait.", "2. Wait", "", id="of another kind"),
        pytest.param(
            EXCLUSIONS, "Notes\n\n4. Loss of gold.\n5. Loss of keys.", "5. Loss", "We will not pay for:", id="number"
        ),
        pytest.param(EXCLUSIONS, "7. Ring.\n8. Wait.", "8. Wait", "", id="another number"),
    ],
)
def test_over_a_page_break(before: Page, text: str, begin: str, expected: str) -> None:
    assert lead_in([before, page_of(2, text)], begin) == expected


def test_bullets_below_a_heading_are_a_new_list() -> None:
    assert lead_in([HEAD, page_of(2, "Allowed\n\n• Belts\n• Shoes", headings=["Allowed"])], "• Shoes") == ""


def test_a_list_goes_on_over_two_pages() -> None:
    pages = [HEAD, page_of(2, "• Smart watches\n• Shorts"), page_of(3, "• Belts\n• Shoes")]
    assert lead_in(pages, "• Shoes") == "These must not be worn:"


def test_a_long_introduction_is_none() -> None:
    page = page_of(1, f"We {'really ' * 60}will not pay for:\n1. War.\n2. Riot.")
    assert lead_in([page], "2. Riot") == ""
