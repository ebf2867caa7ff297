"""Search of files for pieces of a text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.text_search import PIECE, TextSearch
from tests.unit.conftest import quick_folder

SENTENCE = "The pump of the harbour “Vågen” was repaired by Jürgen Åkesson in spring."


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(SENTENCE.encode(), True, id="as it is"),
        pytest.param(json.dumps([SENTENCE]).encode(), True, id="in JSON, ASCII"),
        pytest.param(json.dumps({"x": SENTENCE}, ensure_ascii=False).encode(), True, id="in JSON"),
        pytest.param(b"\0" * 999_990 + SENTENCE.encode() + b"\0" * 99, True, id="deep in a file"),
        pytest.param(b"\0" * ((1 << 20) - 40) + SENTENCE.encode(), True, id="across two blocks"),
        pytest.param(SENTENCE.encode()[:PIECE], True, id="its beginning"),
        pytest.param(SENTENCE.upper().encode(), False, id="in capitals"),
        pytest.param(SENTENCE.encode()[: PIECE - 1], False, id="too little"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_is_in(tmp_path: Path, data: bytes, found: bool) -> None:
    (tmp_path / "file").write_bytes(data)
    assert TextSearch([f"Other.\n{SENTENCE}\nMore."]).is_in(tmp_path / "file") is found


def test_what_others_have_too_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("All rights reserved by the harbour office of Bergen.")
    search = TextSearch(["All rights reserved by the harbour office of Bergen.", SENTENCE])
    before = len(search)
    search.leave_out(["x All rights reserved by the harbour office of Bergen. y"])
    assert 0 < len(search) < before
    assert not search.is_in(tmp_path / "file")
    (tmp_path / "file").write_text(SENTENCE)
    assert search.is_in(tmp_path / "file")


def test_rules_and_leaders_do_not_count() -> None:
    assert len(TextSearch(["." * 500, "- " * 500, "short", ""])) == 0


@given(st.text("abcdefghijklm \n.", max_size=200), st.binary(max_size=200), st.binary(max_size=200))
def test_it_finds_whatever_it_has_a_piece_of(text: str, before: bytes, after: bytes) -> None:
    search = TextSearch([text])
    with quick_folder() as folder:
        path = folder / "file"
        path.write_bytes(before + text.encode() + after)
        assert search.is_in(path) == (len(search) > 0)
        path.write_bytes(bytes(500))
        assert not search.is_in(path)
