"""Author and date of files: what a person gave, and nothing that a program has put there."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.properties import as_author, as_date
from rag.text.characters import clean

LONG = ", ".join(f"Author Number{letter * 9}" for letter in "ABCDEFGHIJKL")


class TestAuthor:
    @pytest.mark.parametrize(
        ("metadata", "author"),
        [
            pytest.param("Ada Byron", "Ada Byron", id="name"),
            pytest.param("  Ada \n Byron\x00\u202e ", "Ada Byron", id="spaces and invisible characters"),
            pytest.param("Łucja Żółć", "Łucja Żółć", id="beyond ascii"),
            pytest.param("Zoe\u0308 A\u030akesson", "Zoë Åkesson", id="decomposed letters"),
            pytest.param("山田太郎", "山田太郎", id="one word of another script"),
            pytest.param("Voltaire", "Voltaire", id="one word"),
            pytest.param("OECD", "OECD", id="initials"),
            pytest.param("3M", "3M", id="a digit"),
            pytest.param("bell hooks", "bell hooks", id="lower case"),
            pytest.param("ada@pump.example", "ada@pump.example", id="address"),
            pytest.param("Microsoft Corporation", "Microsoft Corporation", id="maker of programs"),
            pytest.param("Adobe Systems Incorporated", "Adobe Systems Incorporated", id="another"),
            pytest.param("Unknown Mortal Orchestra", "Unknown Mortal Orchestra", id="begins like a default"),
            pytest.param("User Research Group", "User Research Group", id="begins like an account"),
        ],
    )
    def test_kept(self, metadata: str, author: str) -> None:
        assert as_author(metadata) == author

    @pytest.mark.parametrize(
        "metadata",
        [
            *(None, "", "  ", "-", "?", "A", "\x00"),
            *("(anonymous)", "anonymous", "Unknown", "(unspecified)", "<none>", "N/A", "Author", "Your Name"),
            *("user", "User", "Windows User", "Microsoft Office User", "admin", "Administrator", "Owner", "root"),
            *("ReportLab PDF Library", "python-docx", "Microsoft Word", "Microsoft® Word 2019", "Adobe Acrobat 9"),
            *("LibreOffice 7.4", "pdfTeX-1.40", "LaTeX with hyperref", "Google Docs", "openpyxl", "wkhtmltopdf 0.12"),
            *("jsmith", "j.smith", "u0123456", "CORP\\JSmith", "User42", "DESKTOP-AB1CD", "https://pump.example/ada"),
        ],
    )
    def test_not_a_name(self, metadata: str | None) -> None:
        assert as_author(metadata) is None

    def test_several(self) -> None:
        assert as_author("Ada Byron", "unknown", "Mary Somerville", "Ada Byron") == "Ada Byron, Mary Somerville"
        assert as_author() is None

    def test_too_long(self) -> None:
        author = as_author(LONG)
        assert author is not None
        assert author.endswith("…")
        assert LONG.startswith(author[:-1])
        assert 150 < len(author) <= 200
        assert as_author("A" * 500) is None

    @given(st.lists(st.text(max_size=400), max_size=3))
    def test_any_text(self, metadata: list[str]) -> None:
        author = as_author(*metadata)
        assert author is None or (1 < len(author) <= 200 and author == " ".join(clean(author).split()))


class TestDate:
    @pytest.mark.parametrize(
        ("metadata", "created"),
        [
            pytest.param("D:20240531120000+02'00'", "2024-05-31", id="PDF"),
            pytest.param("D:20240531235959-11'00'", "2024-05-31", id="as it was there"),
            pytest.param("20240531", "2024-05-31", id="PDF without its sign"),
            pytest.param("2024-05-31T12:00:00Z", "2024-05-31", id="ISO"),
            pytest.param(" 2024-05-31 ", "2024-05-31", id="ISO, date alone"),
            pytest.param("2024/05/31", "2024-05-31", id="slashes"),
            pytest.param("D:2024", None, id="year"),
            pytest.param("2024-05", None, id="month"),
            pytest.param("D:20240230120000", None, id="no such day"),
            pytest.param("D:20241331120000", None, id="no such month"),
            pytest.param("2024-0531", None, id="half a form"),
            pytest.param("2024-05-311", None, id="a digit more"),
            pytest.param("D:191240531120000", None, id="year 19124"),
            pytest.param("D:19700101000000Z", None, id="epoch of Unix"),
            pytest.param("1601-01-01T00:00:00Z", None, id="epoch of Windows"),
            pytest.param("1980-01-01", None, id="epoch of archives"),
            pytest.param("2013-12-23T23:15:00Z", None, id="template of python-docx"),
            pytest.param("D:20000101000000+00'00'", None, id="repeatable file of ReportLab"),
            pytest.param("D:20000101090000", "2000-01-01", id="first day of 2000"),
            pytest.param("May 31, 2024", None, id="words"),
            pytest.param(None, None, id="none"),
            pytest.param("", None, id="empty"),
        ],
    )
    def test_form(self, metadata: str | None, created: str | None) -> None:
        assert as_date(metadata) == created

    @given(st.dates(min_value=date(1981, 1, 1)), st.times(min_value=time(0, 0, 1)))
    def test_every_date(self, day: date, at: time) -> None:
        assert as_date(f"{day.isoformat()}T{at}") == day.isoformat()

    @given(st.text("D:0123456789-/.T Z\n", max_size=200))
    def test_any_text(self, metadata: str) -> None:
        created = as_date(metadata)
        assert created is None or date.fromisoformat(created).isoformat() == created
