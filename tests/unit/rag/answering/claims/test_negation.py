"""Negation rule: denied and affirmed, also where a condition, an exception or a heading does it."""

from __future__ import annotations

import pytest

from rag.answering.claims.check import check_claim

ASSIGNABLE = (
    "This Agreement is not assignable by the Professional but is assignable by the company to any affiliate or "
    "successor entity."
)
PLAN = (
    "Northwind Health Plus does not cover the cost of any treatments or procedures that are considered experimental or "
    "cosmetic."
)
BRANDING = "Boxlot shall not introduce any third party branding in the Service without theglobe's approval."
OPTIONS = (
    "Any attempt to assign, transfer or alienate the Options without the prior written consent of the company shall be "
    "void."
)
SUPPLY = (
    "For clarity, the forgoing supply obligations do not apply to materials that are generally commercially available."
)
FLOOD = "Water damage is not covered unless the policy includes flood insurance."

SAME = [
    (ASSIGNABLE, "The company may assign the agreement to an affiliate, but the Professional may not."),
    (PLAN, "Treatments considered experimental or cosmetic are excluded from Northwind Health Plus."),
    (BRANDING, "Boxlot needs theglobe's approval before it introduces third party branding in the Service."),
    (OPTIONS, "The Options may only be assigned or transferred with the company's prior written consent."),
    (SUPPLY, "Generally commercially available materials are not subject to the supply obligations."),
    (FLOOD, "Water damage is covered only if the policy includes flood insurance."),
    (FLOOD, "Without flood insurance, water damage is not covered."),
    ("Be careful not to kink the hose.", "Avoid kinking the hose."),
    ("The plan requires no referral to see a specialist.", "You can see a specialist without a referral."),
    ("Passengers may not carry more than two bags.", "Passengers can carry two bags at most."),
    ("Employees receive no pay during a suspension.", "A suspension is unpaid."),
    ("The refund is not paid in cash but by bank transfer.", "Refunds are made by bank transfer, not in cash."),
    ("Nobody but the foreman has a key.", "Only the foreman has a key."),
    ("Applications that arrive late are not considered.", "Late applications are rejected."),
    ("A deposit is not needed for stays of less than two weeks.", "Stays of under two weeks need no deposit."),
    ("Only members who have paid may vote.", "Members who have not paid may not vote."),
    ("The fee must be paid even if the course is not attended.", "The fee is due whether or not it is attended."),
    ("It costs nothing to join.", "Joining is free."),
    ("None of the three samples contained lead.", "Lead was not found in any of the three samples."),
    ("The museum is open daily except Monday.", "The museum is closed on Mondays."),
    ("This page will not appear after the first visit.", "After the first visit this page no longer appears."),
]

OTHER = [
    (ASSIGNABLE, "The Professional may assign the agreement to any affiliate."),
    (PLAN, "Northwind Health Plus covers cosmetic procedures."),
    ("The plan covers eye exams; it does not cover glasses.", "The plan covers glasses."),
    (SUPPLY, "The supply obligations apply to materials that are generally commercially available."),
    ("The plan requires no referral to see a specialist.", "The plan requires a referral to see a specialist."),
    ("Employees receive no pay during a suspension.", "Employees receive pay during a suspension."),
    ("The refund is not paid in cash but by bank transfer.", "The refund is paid in cash."),
    ("Applications that arrive late are not considered.", "Applications that arrive late are considered."),
    ("The tenant may not sublet.", "The tenant may sublet."),
    ("The museum is open daily except Monday.", "The museum is open on Monday."),
    ("If no leak is found, close the valve.", "If a leak is found, close the valve."),
    ("None of the three samples contained lead.", "The three samples contained lead."),
    ("The insurers have paid the damage.", "The insurers refused to pay the damage."),
]


@pytest.mark.parametrize(("quote", "claim"), SAME, ids=[claim for _, claim in SAME])
def test_the_same_is_no_problem(quote: str, claim: str) -> None:
    assert not check_claim(claim, [quote]).problems


@pytest.mark.parametrize(("quote", "claim"), OTHER, ids=[claim for _, claim in OTHER])
def test_the_opposite_is_one(quote: str, claim: str) -> None:
    check = check_claim(claim, [quote])
    assert check.has("negation_changed")
    assert check.features["negation"] == 1.0


def test_the_problem_names_the_words() -> None:
    (problem,) = check_claim("Titanium settles.", ["Bronze settles. Titanium does not settle at all."]).problems
    assert (problem.kind, problem.detail) == ("negation_changed", "settles")


class TestIntroductions:
    QUOTES = ("The warranty does not cover damage that comes from", "software put into the controller by others.")

    def test_an_item_under_a_negative_introduction(self) -> None:
        denied = check_claim("Damage from software by others is not covered by the warranty.", self.QUOTES)
        affirmed = check_claim("Damage from software by others is covered by the warranty.", self.QUOTES)
        assert not denied.problems
        assert affirmed.has("negation_changed")

    def test_an_item_under_a_negative_heading(self) -> None:
        quotes = ["• lightning and flood"]
        assert check_claim("Lightning and flood are covered.", quotes, "Terms > What is not covered").problems
        assert not check_claim("Lightning and flood are not covered.", quotes, "Terms > What is not covered").problems

    def test_a_whole_sentence_says_itself_what_it_denies(self) -> None:
        quotes = ["Wind is covered up to 48 knots."]
        check = check_claim("Wind is covered up to 48 knots.", quotes, "What is not covered > Forces of nature")
        assert not check.problems

    @pytest.mark.parametrize("heading", ["When the power fails", "If a part fails"])
    def test_a_heading_that_only_sounds_negative(self, heading: str) -> None:
        assert not check_claim("The pump stops.", ["The pump stops at once"], heading).problems


def test_features_of_agreement() -> None:
    both = check_claim("The seal does not settle.", ["The seal does not settle much."]).features
    assert (both["negation_agrees"], both["negation"]) == (1.0, 0.0)
    added = check_claim("The seal does not settle.", ["The seal settles."]).features
    assert (added["negation_unsupported"], added["negation"]) == (1.0, 1.0)
    dropped = check_claim("The seal is red.", ["The seal is red and does not settle."]).features
    assert (dropped["negation_dropped"], dropped["negation"]) == (1.0, 0.0)
