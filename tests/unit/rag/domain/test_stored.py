"""Stored form of documents: packing round trip, and rejection of invalid packed words."""

from __future__ import annotations

import math
import struct
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.stored import LONGEST_LABEL, PageRecord, are_packed_words, pack_words, unpack_words
from rag.domain.values import Box, Heading, Page, Word

points = st.floats(-3000, 3000, width=32)
boxes = st.builds(Box, points, points, points, points)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@st.composite
def pages(draw: st.DrawFn) -> Page:
    text = draw(texts)
    offsets = draw(st.lists(st.integers(0, len(text)), unique=True, max_size=8).map(sorted))
    spans = list(pairwise(offsets))
    words = [Word(start, end, draw(boxes)) for start, end in spans]
    headings = [Heading(start, end, draw(st.integers(1, 6))) for start, end in spans]
    size = draw(st.floats(1, 5000)), draw(st.floats(1, 5000))
    label = draw(st.none() | st.text(min_size=1, max_size=LONGEST_LABEL))
    return Page(draw(st.integers(1, 9999)), text, *size, words, headings, label=label)


def packed(*numbers: float) -> bytes:
    """Packed words of any numbers, valid or not: offsets, then sides."""
    count = len(numbers) // 6
    return zlib.compress(
        struct.pack(f"<{2 * count}i{4 * count}f", *map(int, numbers[: 2 * count]), *numbers[2 * count :])
    )


@given(pages())
def test_a_page_survives_the_round_trip(page: Page) -> None:
    record = PageRecord.of(page)
    stored = record.page()
    for name in ("number", "text", "width", "height", "label"):
        assert getattr(stored, name) == getattr(page, name)
    assert stored.headings == tuple(page.headings)
    assert [(word.start, word.end) for word in stored.words] == [(word.start, word.end) for word in page.words]
    for word, expected in zip(stored.words, page.words, strict=True):
        assert word.box == pytest.approx(expected.box, abs=0.0051)
    assert are_packed_words(record.words, page.text)


def test_no_words() -> None:
    assert unpack_words(pack_words([]), 0) == ()
    assert are_packed_words(pack_words([]), "")


def test_equal_words_are_equal_bytes() -> None:
    words = [Word(0, 3, Box(1.0, 2.0, 3.0, 4.0))] * 2
    assert pack_words(words) == pack_words(iter(words))


class TestHostile:
    """Bytes from a compromised reader process."""

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"garbage", id="not compressed"),
            pytest.param(pack_words([Word(0, 3, Box(1, 2, 3, 4))])[:-1], id="cut"),
            pytest.param(pack_words([Word(0, 3, Box(1, 2, 3, 4))]) + b"x", id="something after it"),
            pytest.param(zlib.compress(b"12345678901234567"), id="not a multiple"),
            pytest.param(zlib.compress(bytes(23)), id="not quite a word"),
            pytest.param(packed(0, 6, 1, 2, 3, 4), id="beyond the text"),
            pytest.param(packed(-1, 3, 1, 2, 3, 4), id="before the text"),
            pytest.param(packed(3, 3, 1, 2, 3, 4), id="empty word"),
            pytest.param(packed(4, 2, 1, 2, 3, 4), id="backwards"),
            pytest.param(packed(0, 2**31 - 1, 1, 2, 3, 4), id="huge"),
            pytest.param(packed(0, 3, 1, math.nan, 3, 4), id="not a number"),
            pytest.param(packed(0, 3, 1, 2, math.inf, 4), id="infinite"),
        ],
    )
    def test_refused(self, data: bytes) -> None:
        assert not are_packed_words(data, "The p")

    def test_at_most_as_many_words_as_characters(self) -> None:
        text = "abc" * 50
        words = [Word(n, n + 1, Box(1, 2, 3, 4)) for n in range(len(text))]
        assert are_packed_words(pack_words(words), text)
        assert not are_packed_words(pack_words([*words, *words]), text)

    def test_a_decompression_bomb_is_not_unpacked(self) -> None:
        """64 MiB of zeros in 64 KiB: at most what the words of such a text can take is decompressed."""
        import tracemalloc

        compressor = zlib.compressobj(9)
        bomb = b"".join([*(compressor.compress(bytes(1 << 20)) for _ in range(64)), compressor.flush()])
        tracemalloc.start()
        try:
            assert not are_packed_words(bomb, "Some text.")
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()

    @given(st.binary(max_size=100), st.booleans())
    def test_any_bytes(self, data: bytes, compressed: bool) -> None:
        """Accepted bytes can be unpacked to words within the text."""
        data = zlib.compress(data) if compressed else data
        if are_packed_words(data, "Some text."):
            assert all(0 <= word.start < word.end <= 10 for word in unpack_words(data, 10))
