"""Orientation and script of scanned pages, and pages that lie on their side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.scans.orientation import (
    Orientation,
    languages_for,
    orientation_of,
    packages_for,
    turned,
    turned_back,
    turned_size,
)
from rag.domain.values import Box, Page, Word

OSD = """Page number: 0
Orientation in degrees: 90
Rotate: 270
Orientation confidence: {confidence}
Script: {script}
Script confidence: 3.00
"""


@pytest.mark.parametrize(
    ("output", "orientation"),
    [
        pytest.param(OSD.format(confidence="12.50", script="Cyrillic"), Orientation(270, "Cyrillic"), id="on its side"),
        pytest.param(OSD.format(confidence="0.40", script="Latin"), Orientation(0, "Latin"), id="a guess"),
        pytest.param("", Orientation(0, "Latin"), id="too few words"),
        pytest.param("Rotate: 45\nOrientation confidence: 9\n", Orientation(0, "Latin"), id="no right angle"),
        pytest.param("Rotate: 90\nOrientation confidence: a lot\n", Orientation(0, "Latin"), id="no number"),
    ],
)
def test_orientation_of(output: str, orientation: Orientation) -> None:
    assert orientation_of(output) == orientation


@pytest.mark.parametrize(
    ("script", "installed", "languages"),
    [
        pytest.param("Latin", ("fra", "deu", "eng", "rus"), ("eng", "deu", "fra"), id="the most frequent first"),
        pytest.param("Latin", ("eng", "deu", "fra", "spa"), ("eng", "deu", "fra"), id="three at most"),
        pytest.param("Cyrillic", ("eng",), (), id="none of the script"),
        pytest.param("Fraktur", ("eng",), (), id="an unknown script"),
    ],
)
def test_languages_for(script: str, installed: tuple[str, ...], languages: tuple[str, ...]) -> None:
    assert languages_for(script, installed) == languages


def test_packages_are_named_as_debian_does() -> None:
    assert packages_for(("deu", "chi_sim")) == "tesseract-ocr-deu tesseract-ocr-chi-sim"


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        pytest.param(0, (b"abcdef", 3, 2), id="upright"),
        pytest.param(90, (b"daebfc", 2, 3), id="a quarter"),
        pytest.param(180, (b"fedcba", 3, 2), id="upside down"),
        pytest.param(270, (b"cfbead", 2, 3), id="three quarters"),
    ],
)
def test_a_picture_is_turned_clockwise(degrees: int, expected: tuple[bytes, int, int]) -> None:
    assert turned(b"abcdef", 3, 2, degrees) == expected


@given(
    st.sampled_from([0, 90, 180, 270]),
    st.integers(3, 8),
    st.integers(3, 8),
    st.integers(0, 2),
    st.integers(0, 2),
)
def test_a_word_is_where_its_pixel_was(degrees: int, width: int, height: int, x: int, y: int) -> None:
    data = bytes(255 * ((column, row) == (x, y)) for row in range(height) for column in range(width))
    pixels, turned_width, turned_height = turned(data, width, height, degrees)
    assert turned_size((width, height), degrees) == (turned_width, turned_height)
    row, column = divmod(pixels.index(255), turned_width)
    word = Word(0, 1, Box(column, row, column + 1, row + 1))
    page = turned_back(Page(1, "a", turned_width, turned_height, (word,)), degrees)
    assert (page.width, page.height) == (width, height)
    assert page.words[0].box == Box(x, y, x + 1, y + 1)
