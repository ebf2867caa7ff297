"""Catalogues of the page's texts: each has keys of the English one, with the same names in braces."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rag

STATIC = Path(rag.__file__).parent / "service" / "static"
FOLDER = STATIC / "messages"
_ENTRY = re.compile(r'^  "(?P<key>[^"]+)": (?P<text>.*?)(?=^  "|^\};)', re.MULTILINE | re.DOTALL)
OTHERS = sorted(path.stem for path in FOLDER.glob("*.js") if path.stem != "en")


def catalogue(language: str) -> dict[str, set[str]]:
    """The names in braces of each text, by its key."""
    text = (FOLDER / f"{language}.js").read_text("utf-8")
    return {entry["key"]: set(re.findall(r"\{\w+\}", entry["text"])) for entry in _ENTRY.finditer(text)}


def test_the_catalogues_are_those_that_the_page_loads() -> None:
    listed = re.search(r"CATALOGUES = \[(.*)\]", (STATIC / "messages.js").read_text("utf-8"))
    assert listed
    assert sorted(re.findall(r'"(\w+)"', listed[1])) == sorted(["en", *OTHERS])


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_texts_of_the_english_one(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    assert len(english) > 250
    assert other.keys() <= english.keys()
    assert {key: english[key] for key in other} == other
