"""Name rule: names are in the quotes or above them, in their roles."""

from __future__ import annotations

import pytest

from rag.answering.claims.check import check_claim

BOATS = "The second boat, Patience, was bought in May for €212,000. Her sister Perseverance has sailed since 2011."
PARTIES = "Party A shall pay the freight. Party B shall employ and pay the drivers."


def kinds(claim: str, quote: str, context: str = "") -> set[str]:
    return {problem.kind for problem in check_claim(claim, [quote], context).problems}


@pytest.mark.parametrize(
    ("claim", "quote", "context"),
    [
        ("The boat Patience was bought in May.", BOATS, ""),
        ("The drivers are employed by Party B.", PARTIES, ""),
        ("In the Handbook, notice is 8 weeks.", "Notice is 8 weeks.", "Member Handbook"),
        ("He has offers from Belgian clubs.", "He has offers from clubs in Belgium.", ""),
        ("Code E17 means a crack.", "e17 means a crack.", ""),
        ("Details: The boat was bought in May.", BOATS, ""),
    ],
)
def test_known_names(claim: str, quote: str, context: str) -> None:
    assert not kinds(claim, quote, context)


@pytest.mark.parametrize(
    ("claim", "quote", "kind"),
    [
        ("The boat Constance was bought in May.", BOATS, "name_missing"),
        ("Code E18 means a crack.", "E17 means a crack.", "name_missing"),
        ("The boat Perseverance was bought in May for €212,000.", BOATS, "name_misplaced"),
        ("Party A shall employ the drivers.", PARTIES, "name_misplaced"),
        ("Anna pays Bert.", "Bert pays Anna.", "roles_swapped"),
        ("Anna is paid by Bert.", "Anna pays Bert.", "roles_swapped"),
        ("Anna Lind succeeded Bert Moe.", "Bert Moe succeeded Anna Lind.", "roles_swapped"),
        ("A member gives the Cooperative notice.", "The Cooperative gives a member notice.", "roles_swapped"),
        ("Keepers check the valves.", "Fogwrights check the valves, and keepers the log.", "roles_swapped"),
    ],
)
def test_wrong_names(claim: str, quote: str, kind: str) -> None:
    assert kind in kinds(claim, quote)


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("Bert is paid by Anna.", "Anna pays Bert."),
        ("Members who are present decide the matter.", "Members present decide the matter."),
        ("The pump feeds the tank.", "The pump, which is red, feeds the tank."),
        ("You need a key to open the door.", "Keepers open the door with a key."),
    ],
)
def test_the_same_roles(claim: str, quote: str) -> None:
    assert "roles_swapped" not in kinds(claim, quote)


def test_the_first_word_is_no_name() -> None:
    assert not kinds("Replacements take 9 days.", "A replacement takes 9 days.")
