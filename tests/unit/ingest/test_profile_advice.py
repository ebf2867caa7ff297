"""Advice on the profile at the end of an ingest."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.discovery import discover
from ingest.profile_advice import advice_on, profile_advice
from rag.settings import Settings
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job

GERMAN = "Die Mieter halten keine Hunde in den Wohnungen, und der Aufzug wird jeden Montag von der Firma geprüft."
ENGLISH = "The tenants do not keep dogs in the flats, and the lift is inspected by the company on each Monday."


def index_of(tmp_path: Path, *texts: str) -> Path:
    for number, text in enumerate(texts):
        folder = tmp_path / "documents"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.txt").write_text(text, "utf-8")
    ingest_job(tmp_path / "index", BagOfWordsEncoder()).run(discover([tmp_path / "documents"]))
    return tmp_path / "index"


@pytest.mark.parametrize(
    ("languages", "number"),
    [
        (["German", "German", "English"], 2),
        (["German", None, None, None], 1),
        (["German", "English"], 0),
        (["English"], 0),
        ([None], 0),
        ([], 0),
    ],
)
def test_most_documents_decide(languages: list[str | None], number: int) -> None:
    advice = advice_on(languages)
    assert bool(advice) == bool(number)
    if advice:
        assert f"({number}, most of them in German)" in advice
        assert "RAG_PROFILE=multilingual" in advice
        assert "\n" not in advice


def test_the_documents_of_the_index_are_counted(tmp_path: Path) -> None:
    index = index_of(tmp_path, GERMAN, GERMAN + " Immer.", ENGLISH)
    advice = profile_advice(Settings(index=index))
    assert advice
    assert "(2, most of them in German)" in advice


@pytest.mark.parametrize(
    "chosen", [{"profile": "english"}, {"profile": "multilingual"}, {"encoder": "multilingual-e5-small-q4"}]
)
def test_who_has_chosen_is_told_nothing(tmp_path: Path, chosen: dict[str, str]) -> None:
    index = index_of(tmp_path, GERMAN)
    assert profile_advice(Settings(index=index, **chosen)) is None  # type: ignore[arg-type]


def test_no_index_is_no_fault_here(tmp_path: Path) -> None:
    assert profile_advice(Settings(index=tmp_path / "nowhere")) is None
