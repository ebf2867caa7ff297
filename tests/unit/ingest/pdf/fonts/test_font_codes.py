"""Control codes of TeX's fonts: ligatures, quotation marks and dashes come back, other codes stay what they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf.fonts.font_codes import with_letters

# Enough plain text that the codes are few.
REST = " The greengrocer displays a sign in his shop, and nobody reads it."


@pytest.mark.parametrize(
    ("codes", "letters"),
    [
        pytest.param("signi\x1ccation", "signi\ufb01cation", id="fi"),
        pytest.param("su\x1ece", "su\ufb03ce", id="ffi"),
        pytest.param("e\x0ecient", "e\ufb03cient", id="ffi of the older encoding"),
        pytest.param("\x1crst", "\ufb01rst", id="at the beginning of a word"),
        pytest.param("sheri\x1b.", "sheri\ufb00.", id="at the end of a word"),
        pytest.param("in\ruence", "in\ufb02uence", id="fl, which is a carriage return"),
        pytest.param("\x10Workers, Unite!\x11", "“Workers, Unite!”", id="quotation marks"),
        pytest.param("1990\x152000", "1990–2000", id="dash between numbers"),
        pytest.param("one\r\ntwo", "one\r\ntwo", id="end of a line"),
        pytest.param("wo\x02 rd", "wo\x02 rd", id="pdfium's hyphen"),
        pytest.param("end\x0cNext", "end\x0cNext", id="form feed between words"),
    ],
)
def test_codes(codes: str, letters: str) -> None:
    assert with_letters(codes + REST) == letters + REST


def test_text_of_codes_stays() -> None:
    text = "\x07\x1c\x1d\x08\x1a-\t/ \x17\x18\x18\x05\x19a\x1cb"
    assert with_letters(text) == text


@given(st.text(alphabet=st.sampled_from("ab N1.\r\n\x0c\x10\x15\x1c"), max_size=200))
def test_each_character_keeps_its_place(text: str) -> None:
    found = with_letters(text + REST * 4)
    assert len(found) == len(text + REST * 4)
    assert all(one == other or ord(other) < 32 for one, other in zip(found, text, strict=False))
