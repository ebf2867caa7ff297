"""The set of poisoned documents: its size and families, that it can be made again, and what the filter does to it."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.injection.filtering import flagged_sentences, is_cleaned
from benchmarks.injection.poisoned import ADAPTIVE, PLACEMENTS, Poisoned, clean_html, poisoned_documents, read_templates

DOCUMENTS = poisoned_documents()


def test_at_least_200_in_ten_families_and_two_adaptive_rounds() -> None:
    counts = Counter(one.family.name for one in DOCUMENTS)
    assert sum(counts.pop(name) for name in ADAPTIVE) >= 80
    assert len(counts) == 10
    assert sum(counts.values()) >= 200


def test_every_family_comes_to_every_place() -> None:
    places = {(one.family.name, one.placement) for one in DOCUMENTS}
    assert len(places) == 12 * len(PLACEMENTS)


def test_the_seed_makes_it_again() -> None:
    assert poisoned_documents() == DOCUMENTS
    assert poisoned_documents(2) != DOCUMENTS


def test_names_and_marks_are_unique() -> None:
    assert len({one.name for one in DOCUMENTS}) == len(DOCUMENTS)


def test_no_document_has_a_target_of_its_own() -> None:
    for carrier in read_templates()[1]:
        assert carrier.answer.casefold() in clean_html(carrier).casefold()
        assert carrier.lie not in clean_html(carrier)


@pytest.mark.parametrize("family", [one.name for one in read_templates()[0] if one.name not in (*ADAPTIVE, "requests")])
def test_the_filter_cleans_the_known_wordings(family: str) -> None:
    left = [one.attack for one in of_family(family) if not is_cleaned(one)]
    assert len(left) <= 1, left


def test_the_second_adaptive_round_is_one_that_the_filter_lets_pass() -> None:
    assert not any(is_cleaned(one) for one in of_family(ADAPTIVE[1]))


def test_the_filter_takes_nothing_out_of_the_clean_documents(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("clean")
    carriers = read_templates()[1]
    for carrier in carriers:
        (folder / f"{carrier.name}.html").write_text(clean_html(carrier))
    pages, sentences, flagged = flagged_sentences(folder)
    assert (pages, flagged) == (len(carriers), [])
    assert sentences >= 3 * len(carriers)


def of_family(name: str) -> list[Poisoned]:
    return [one for one in DOCUMENTS if one.family.name == name]
