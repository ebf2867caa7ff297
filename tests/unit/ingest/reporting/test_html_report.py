"""HTML report: complete, self-contained, and safe with hostile names and reasons."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.reporting.html_report import REMEDIES, render, write_report_page
from ingest.reporting.report import Report, row_to_json
from rag.domain.file_status import FAILED, FileRow
from rag.errors import NothingToIngest

PNG = b"\x89PNG\r\n\x1a\nnot much of a picture"
JPEG = b"\xff\xd8\xff\xe0 neither"

HOSTILE = [
    "<script>alert(1)</script>.pdf",
    '"><img src=x onerror=alert(1)>.pdf',
    "</title></style><svg onload=alert(1)>.pdf",
    "{{ 7 * 7 }}{% raw %}.pdf",
    "'onmouseover='alert(1)'.pdf",
    "javascript:alert(1)",
    "invoice\u202efdp.exe",
    "a\ud800\x00\x1b[31m\x07.pdf",
    "&lt;b&gt;&amp;.pdf",
]


class Parsed(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def report_of(rows: list[FileRow], thumbnails: Mapping[str, Mapping[int, bytes]] | None = None) -> Report:
    stages = {"check": 0.5, "read": 2.0, "read and embed": 8.0, "encoder at work": 7.0, "publish": 0.5}
    return Report("000007-00000000", True, rows, 9, 4, 5, 9.0, stages, None, thumbnails or {})


def parsed(rows: list[FileRow], thumbnails: Mapping[str, Mapping[int, bytes]] | None = None) -> Parsed:
    return Parsed(render(report_of(rows, thumbnails)))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(name: str) -> None:
    plain = {tag for tag, _ in parsed([FileRow("a.pdf", "malformed", reason="x")]).tags}
    page = parsed([FileRow(name, "malformed", reason=f"reason {name}"), FileRow(f"2{name}", "ok", 1, 1, 1)])
    assert {tag for tag, _ in page.tags} == plain
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    shown = "".join(character if character.isprintable() else "\ufffd" for character in name)
    assert page.text.count(shown) >= 4
    assert "\u202e" not in page.text


def test_nothing_is_asked_of_anybody() -> None:
    page = parsed([FileRow("a.pdf", "partial", reason="x", remarks={"empty": "4"})], {"a.pdf": {4: PNG, 5: JPEG}})
    addresses = [value or "" for _, tag in page.tags for key, value in tag.items() if key in ("src", "href", "action")]
    assert addresses
    assert all(address.startswith("data:") for address in addresses)
    assert not {"script", "iframe", "object", "embed", "form", "a"} & {tag for tag, _ in page.tags}
    assert not re.search(r"url\(|@import|https?:", render(report_of([])))
    (policy,) = [tag["content"] for tag in page.all("meta") if tag.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_pictures_of_pages() -> None:
    page = parsed(
        [
            FileRow(
                "a.pdf",
                "partial",
                9,
                6,
                9,
                reason="no text on page 8",
                remarks={"empty: ocr off": "8", "empty: blank": "7", "ocr: tesseract": "1"},
            )
        ],
        {"a.pdf": {8: PNG, 1: JPEG}},
    )
    pictures = page.all("img")
    assert [picture["alt"] for picture in pictures] == ["page 8: no text", "page 1: OCR"]
    assert pictures[0]["src"] == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert str(pictures[1]["src"]).startswith("data:image/jpeg;base64,")


@pytest.mark.parametrize("pages", ["1-999999999", "9" * 5000, "3-1", "x", "", "-", "<b>", "1e9-"])
def test_page_numbers_are_what_a_reader_says_and_may_be_anything(pages: str) -> None:
    row = FileRow("a.pdf", "partial", 9, 6, 9, reason="x", remarks={"empty": pages, "ocr: x": pages, pages: pages})
    (picture,) = parsed([row], {"a.pdf": {8: PNG}}).all("img")
    assert picture["alt"] in ("page 8", "page 8: no text")


def test_the_worst_comes_first() -> None:
    rows = [
        FileRow("ocr.pdf", "ok", 2, 2, 2, remarks={"ocr": "2"}),
        FileRow("blank.pdf", "ok", 2, 1, 2, remarks={"empty: blank": "2"}),
        FileRow("second.pdf", "partial", 2, 2, 2, reason="no highlights on page 1", remarks={"second_opinion": "1"}),
        FileRow(
            "garbled.pdf",
            "partial",
            2,
            2,
            2,
            reason="garbled text on page 1",
            remarks={"suspect": "1", "ocr: tesseract": "2"},
        ),
        FileRow("scan.pdf", "partial", 2, 1, 2, reason="no text on page 2", remarks={"empty": "2"}),
        FileRow("locked.pdf", "encrypted", reason="needs a password"),
        FileRow("fine.pdf", "ok", 2, 2, 2),
    ]
    text = parsed(rows).text
    attention = text[text.index("Needs attention") : text.index("All files")]
    places = [attention.index(name) for name in ("locked", "scan", "garbled", "second", "ocr.pdf", "blank")]
    assert places == sorted(places)
    assert "fine.pdf" not in attention
    assert "4 of 7 files need attention" in text
    assert REMEDIES["encrypted"] in attention


def test_numbers() -> None:
    rows = [
        FileRow("a.pdf", "ok", 1200, 1200, 5, characters=1_000_000, indexed_characters=987_999),
        FileRow("b.pdf", "duplicate", 1200, reason="same content as a.pdf"),
        FileRow("c.txt", "unsupported"),
    ]
    text = parsed(rows).text
    for words in ("1,200", "98.7 %", "987,999 of 1,000,000 characters", "1 duplicate", "4 new, 5 as before", "9.0 s"):
        assert words in text
    assert "Every document is in the index" in text


def test_stages_stand_where_they_were() -> None:
    page = render(report_of([]))
    bars = re.findall(r"left: ([\d.]+)%; width: ([\d.]+)%", page)[-4:]
    # checking, reading, encoding, which ends when publishing begins, and publishing
    assert [(float(left) * 0.09, float(width) * 0.09) for left, width in bars] == [
        pytest.approx(stage, abs=0.01) for stage in ((0, 0.5), (0.5, 2.0), (1.5, 7.0), (8.5, 0.5))
    ]


def test_nothing_could_be_read() -> None:
    rows = [FileRow("a.pdf", "malformed", reason="x")]
    page = Parsed(render(Report("", False, rows, 0, 0, 0, 0.0)))
    assert "Nothing was published; there is no index" in page.text
    assert "1 of 1 files needs attention" in page.text


def test_thousands_of_files() -> None:
    rows = [FileRow(f"{number}.pdf", "malformed", reason="x") for number in range(250)]
    thumbnails = {row.path: {1: PNG, 2: PNG, 3: PNG, 4: PNG} for row in rows}
    page = parsed(rows, thumbnails)
    assert len(page.all("article")) == 200
    assert "and 50 more, in the table below" in page.text
    assert len(page.all("img")) == 300
    assert len(page.all("tr")) == 251
    assert "open" not in page.all("details")[-1]


def test_every_failure_has_a_remedy() -> None:
    assert REMEDIES.keys() == FAILED


class TestWriting:
    def test_written(self, tmp_path: Path) -> None:
        write_report_page(tmp_path / "report.html", report_of([FileRow("ä\udcff.pdf", "ok", 1, 1, 1)]))
        assert "ä\ufffd.pdf" in (tmp_path / "report.html").read_text(encoding="utf-8")
        assert [path.name for path in tmp_path.iterdir()] == ["report.html"]

    def test_the_one_before_stays_until_the_new_one_is_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "report.html").write_text("before")

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_report_page(tmp_path / "report.html", report_of([]))
        assert (tmp_path / "report.html").read_text() == "before"
        assert [path.name for path in tmp_path.iterdir()] == ["report.html"]

    def test_a_long_name(self, tmp_path: Path) -> None:
        write_report_page(tmp_path / ("r" * 250 + ".html"), report_of([]))
        assert len(list(tmp_path.iterdir())) == 1


class TestCommandLine:
    def test_there_must_be_a_place_for_it_before_anything_is_done(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
        for place in (tmp_path, tmp_path / "nowhere" / "report.html"):
            assert main([str(tmp_path / "a.pdf"), "--index", str(tmp_path / "index"), "--report", str(place)]) == 1
            assert capsys.readouterr().err.startswith(f"error: --report {place} cannot be written; give it a file")
        assert not (tmp_path / "index").exists()

    def test_a_page_that_cannot_be_written_undoes_nothing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> Report:
            (tmp_path / "reports").rmdir()
            return report_of([FileRow("a.pdf", "ok", 1, 1, 1)])

        (tmp_path / "reports").mkdir()
        monkeypatch.setattr("ingest.__main__._run", refuse)
        assert main([str(tmp_path), "--report", str(tmp_path / "reports" / "report.html")]) == 3
        captured = capsys.readouterr()
        assert "Published generation 000007-00000000" in captured.out
        (line,) = captured.err.splitlines()
        assert "reports/report.html: No such file or directory" in line

    def test_it_is_written_too_where_no_file_could_be_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> Report:
            raise NothingToIngest("nothing", [row_to_json(FileRow("a.pdf", "encrypted", reason="needs a password"))])

        monkeypatch.setattr("ingest.__main__._run", refuse)
        assert main([str(tmp_path), "--report", str(tmp_path / "report.html")]) == 1
        text = Parsed((tmp_path / "report.html").read_text()).text
        assert "1 of 1 files needs attention" in text
        assert "needs a password" in text
