"""Text files: encodings, pages, limits."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.limits import ReadingLimits
from ingest.readers.source import Remark
from ingest.readers.text import decoded
from rag.errors import FileFault
from tests.unit.ingest.readers.conftest import Read, text_of

GERMAN = "Größe und Maß: café naïve “x” – 20 °C. Der Müller fährt über die Brücke."
RUSSIAN = "Насос имеет синюю крышку и весит девять килограммов."
GREEK = "Η γρήγορη αλεπού πηδά πάνω από το σκυλί."
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy."
JAPANESE = "ポンプは青い蓋があります。重さは九キロです。"
CHINESE = "水泵有一个蓝色的盖子。重量为九公斤。"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"), (GERMAN, "utf-8-sig"), (GERMAN, "utf-16"), (GERMAN, "utf-16-le"), (GERMAN, "utf-16-be"),
        (GERMAN, "utf-32"), (GERMAN, "cp1252"), (GERMAN, "mac_roman"), (CZECH, "cp1250"), (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"), (GREEK, "cp1253"), (JAPANESE, "cp932"), (JAPANESE, "euc_jp"), (CHINESE, "gb18030"),
        ("Größe", "cp1252"), ("El niño comió piñas.", "latin-1"), ("naïve", "cp1252"),
    ],
)  # fmt: skip
def test_encodings(read: Read, text: str, encoding: str) -> None:
    assert text_of(read("a.txt", text.encode(encoding))) == text


def test_letters_that_a_stroke_crosses_out_are_left_out_with_a_remark(read: Read) -> None:
    found = read("a.txt", "It costs " + "".join(f"{letter}\u0336" for letter in "14 euros") + " 17 euros.")
    assert text_of(found) == "It costs 17 euros."
    assert list(found.remarks) == [Remark(1, "hidden", "crossed out")]


def test_big_endian_with_a_mark(read: Read) -> None:
    assert text_of(read("a.txt", codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be"))) == GERMAN


def test_a_declared_encoding_is_believed_if_the_bytes_agree() -> None:
    assert decoded("Größe".encode("cp1250"), "cp1250") == "Größe"
    assert decoded("Größe".encode(), "latin-1") == "Größe"
    assert decoded("Größe".encode("cp1252"), "no-such-encoding") == "Größe"
    assert decoded("Größe".encode("cp1252"), "ascii") == "Größe"


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 4, b"\x7fELF\x02\x01\x01" + b"\0" * 50, b"\0" * 100, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"]
)
def test_binary_is_no_text(read: Read, data: bytes) -> None:
    with pytest.raises(FileFault) as caught:
        read("a.txt", data)
    assert caught.value.status == "malformed"


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=60))
def test_any_text_comes_back_from_utf_8(text: str) -> None:
    if "\0" not in text:
        assert decoded(text.encode()) == text.removeprefix("\ufeff")


def test_form_feeds_make_pages_and_blank_lines_paragraphs(read: Read) -> None:
    source = read("a.text", "One.  Wide\tgap.\r\nLine two.   \r\n\r\n\r\n \r\nNext.\f\fThree\f")
    assert [page.text for page in source.pages] == ["One.  Wide    gap.\nLine two.\n\nNext.", "", "Three"]
    assert [page.number for page in source.pages] == [1, 2, 3]
    assert source.remarks == (Remark(2, "empty", "blank"),)
    assert (source.title, source.reason) == (None, None)


def test_what_is_not_seen_goes(read: Read) -> None:
    hidden = "\u200b\u202e\ufeff\U000e0041\x07\x1b"
    assert text_of(read("a.txt", f"vis{hidden}ible\u00a0text\u2028more")) == "visible text\nmore"


@pytest.mark.parametrize("data", ["", " \n\t\f\n", "\ufeff", "\u200b"])
def test_nothing(read: Read, data: str) -> None:
    with pytest.raises(FileFault) as caught:
        read("a.txt", data)
    assert caught.value.status == "empty_text"


@pytest.mark.parametrize(
    "limits", [ReadingLimits(characters=100), ReadingLimits(pages=2), ReadingLimits(characters_per_page=30)]
)
def test_too_large(read: Read, limits: ReadingLimits) -> None:
    with pytest.raises(FileFault) as caught:
        read("a.txt", "\f".join(["A page that is long enough for it."] * 4), limits)
    assert caught.value.status == "too_large"
