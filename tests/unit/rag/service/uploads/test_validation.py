"""Upload validation: file names, and first bytes."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.readers.registry import READERS
from rag.errors import RequestFault
from rag.service.media_types import SUFFIXES
from rag.service.uploads.validation import HEAD_BYTES, MAX_NAME_BYTES, check_head, checked_name

LONGEST = "a" * (MAX_NAME_BYTES - 4) + ".pdf"


def test_suffixes_are_those_that_the_job_reads() -> None:
    assert sorted(SUFFIXES) == sorted(READERS)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        pytest.param("report.pdf", "report.pdf", id="plain"),
        pytest.param("REPORT.PDF", "REPORT.PDF", id="capitals"),
        pytest.param("Bericht über Häfen (2).docx", "Bericht über Häfen (2).docx", id="blanks and umlauts"),
        pytest.param("u\u0308ber.pdf", "über.pdf", id="as macOS writes it"),
        pytest.param("..a..pdf.txt", None, id="two dots at the beginning"),
        pytest.param("a..b.pdf", "a..b.pdf", id="two dots within"),
        pytest.param("-rf.pdf", "-rf.pdf", id="like an option"),
        pytest.param("می\u200cخواهم.pdf", "می\u200cخواهم.pdf", id="with a joiner"),
        pytest.param("Screenshot 3.04\u202fPM.pdf", "Screenshot 3.04\u202fPM.pdf", id="narrow blank"),
        pytest.param(LONGEST, LONGEST, id="longest"),
        pytest.param("a" + LONGEST, None, id="longer"),
        pytest.param("ü" * 98 + ".pdf", "ü" * 98 + ".pdf", id="longest in bytes"),
        pytest.param("ü" * 99 + ".pdf", None, id="longer in bytes"),
        pytest.param("", None, id="empty"),
        pytest.param(".pdf", None, id="nothing but a suffix"),
        pytest.param(".hidden.pdf", None, id="hidden"),
        pytest.param(" a.pdf", None, id="blank at the beginning"),
        pytest.param("a.pdf ", None, id="blank at the end"),
        pytest.param("../a.pdf", None, id="to the folder above"),
        pytest.param("/etc/a.pdf", None, id="absolute"),
        pytest.param("a/b.pdf", None, id="in a folder"),
        pytest.param("C:\\fakepath\\a.pdf", None, id="of Windows"),
        pytest.param("a\0.pdf", None, id="NUL"),
        pytest.param("a\n.pdf", None, id="newline"),
        pytest.param("a\x1b[31m.pdf", None, id="of a terminal"),
        pytest.param("a\u202efdp.txt", None, id="right to left"),
        pytest.param("a\u2028.pdf", None, id="line separator"),
        pytest.param("a\ud800.pdf", None, id="half of a character"),
        pytest.param("a\ufffd.pdf", None, id="no UTF-8"),
        pytest.param("a.exe", None, id="another kind"),
        pytest.param("a.pdf.exe", None, id="another kind, disguised"),
        pytest.param("pdf", None, id="no suffix"),
        pytest.param("a.pdf.", None, id="dot at the end"),
    ],
)
def test_names(name: str, stored: str | None) -> None:
    if stored is not None:
        assert checked_name(name) == stored
        return
    with pytest.raises(RequestFault) as caught:
        checked_name(name)
    assert caught.value.field == "name"
    assert "\n" not in str(caught.value)


@given(st.tuples(st.text(max_size=6), st.sampled_from(["", *SUFFIXES, ".PDF", "/a.pdf", "\0.md"])).map("".join))
@example("\u212b.pdf")
@example("a" * 300 + ".pdf")
def test_an_accepted_name_is_a_safe_path_component(name: str) -> None:
    try:
        stored = checked_name(name)
    except RequestFault:
        return
    assert unicodedata.is_normalized("NFC", stored)
    assert checked_name(stored) == stored
    assert 0 < len(stored.encode()) <= MAX_NAME_BYTES
    assert not set(stored) & set("/\\\0\r\n")
    assert not stored.startswith(".")
    path = PurePosixPath("/documents", stored)
    assert (path.parent, path.name) == (PurePosixPath("/documents"), stored)
    assert path.suffix.lower() in SUFFIXES


@pytest.mark.parametrize(
    ("name", "head", "whole"),
    [
        pytest.param("a.pdf", b"%PDF-1.7\n", True, id="PDF"),
        pytest.param("a.PDF", b"%PDF-1.7\n", True, id="PDF in capitals"),
        pytest.param("a.pdf", b"\r\n" * 500 + b"%PDF-1.4", True, id="PDF after something else"),
        pytest.param("a.pdf", b"<html>", False, id="HTML as PDF"),
        pytest.param("a.pdf", b"PK\x03\x04", False, id="Word as PDF"),
        pytest.param("a.docx", b"PK\x03\x04", True, id="Word"),
        pytest.param("a.docx", b"\xd0\xcf\x11\xe0", False, id="old Word"),
        pytest.param("a.txt", "Häfen".encode(), True, id="text"),
        pytest.param("a.txt", b"H\xe4fen", True, id="old text"),
        pytest.param("a.md", "Häfen".encode("utf-16"), True, id="UTF-16"),
        pytest.param("a.txt", "harbours".encode("utf-16-le"), True, id="UTF-16 without a mark"),
        pytest.param("a.txt", "harbours".encode("utf-16-be"), True, id="the other one"),
        pytest.param("a.txt", b"\x7fELF\x02\x01\x01\0\0\0aaaaaaaaaaaaaaaaaaaaaaaaaaa", False, id="a program as text"),
        pytest.param("a.html", b"<script>", True, id="HTML"),
        pytest.param("a.txt", b"", False, id="empty"),
    ],
)
def test_heads(name: str, head: bytes, whole: bool) -> None:
    if whole:
        check_head(name, head[:HEAD_BYTES])
        return
    with pytest.raises(RequestFault) as caught:
        check_head(name, head)
    assert caught.value.field == "body"
