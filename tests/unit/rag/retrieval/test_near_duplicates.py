"""Near-duplicate detection: copies in any layout match, and texts that differ in substance do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.near_duplicates import Shingles

TEXT = (
    "Members who visit the clinic pay $45 for each of the first 12 visits in a year, and nothing after that. "
    "The keeper tests the valve weekly before the tank is filled with water, and writes it in the log of Hall B."
)


def are_near_duplicates(one: str, other: str) -> bool:
    found = Shingles(one).is_near_duplicate_of(Shingles(other))
    assert found == Shingles(other).is_near_duplicate_of(Shingles(one))
    return found


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(TEXT, id="equal"),
        pytest.param(TEXT.replace(" ", "\n"), id="line breaks"),
        pytest.param(TEXT.upper(), id="capitals"),
        pytest.param("• " + TEXT.replace(",", ""), id="punctuation"),
        pytest.param(TEXT.replace("clinic", "“clinic”"), id="quotation marks"),
        pytest.param(TEXT + " see also below", id="plain words at the end"),
        pytest.param(TEXT.replace("is filled", "is then filled"), id="a plain word within"),
    ],
)
def test_same(other: str) -> None:
    assert are_near_duplicates(TEXT, other)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(TEXT.replace("$45", "$35"), id="a number"),
        pytest.param(TEXT.replace("$45", "€45"), id="a currency"),
        pytest.param(TEXT.replace("$45", "$4.5"), id="a decimal point"),
        pytest.param(TEXT.replace("$45", "<$45"), id="a sign"),
        pytest.param(TEXT.replace("12", "(12)"), id="brackets, which mean negative in accounts"),
        pytest.param(TEXT.replace("Hall B", "Hall C"), id="a name"),
        pytest.param(TEXT.replace("weekly", "monthly"), id="a plain word in the place of another"),
        pytest.param(TEXT.replace("pay", "do not pay"), id="a negation"),
        pytest.param(TEXT.replace("valve", "valve, except in winter,"), id="a restriction"),
        pytest.param(TEXT.replace("the valve", "the valve of Oslo"), id="one more name"),
        pytest.param(TEXT.replace("a year", "a year or 14 months"), id="one more number"),
        pytest.param(TEXT.replace("valve", "TMP").replace("tank", "valve").replace("TMP", "tank"), id="two swapped"),
        pytest.param(TEXT.replace("$45", "x").replace("12", "$45").replace("x", "12"), id="two numbers swapped"),
        pytest.param(TEXT[:150], id="only a part"),
        pytest.param(TEXT + " and then some more words that make it quite a bit longer", id="much more"),
        pytest.param("", id="nothing"),
    ],
)
def test_different(other: str) -> None:
    assert not are_near_duplicates(TEXT, other)


words = st.lists(st.sampled_from(["the", "valve", "Oslo", "12", "13", "not", "is", "red"]), min_size=1, max_size=40)


@given(words, st.data())
def test_one_changed_word_is_never_a_near_duplicate(chosen: list[str], data: st.DataObject) -> None:
    """At any position, and in texts of any length."""
    place = data.draw(st.integers(0, len(chosen) - 1))
    others = {"12": "13", "13": "12", "Oslo": "Bergen", "not": "so"}
    changed = [others.get(word, word) if n == place else word for n, word in enumerate(chosen)]
    assert are_near_duplicates(" ".join(chosen), " ".join(changed)) == (changed == chosen)
    assert are_near_duplicates(" ".join(chosen), "\n".join(chosen).upper())
