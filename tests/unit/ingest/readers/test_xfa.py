"""Forms in XFA: their data is read in place of the placeholder, or it is said that there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.source import XFA_FORM, ReadingOptions, Remark, SourceText
from ingest.readers.xfa import xfa_text
from rag.errors import FileFault
from tests.complexity import assert_linear
from tests.unit.ingest.pdf.objects import page_of, shown, stream

TEMPLATE = """<template xmlns="http://www.xfa.org/schema/xfa-template/2.8/"><subform name="grant">
<field name="applicant"><caption><value><text>Applicant:</text></value></caption></field>
<field name="fundingSum"/></subform></template>"""
DATA = """<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><grant>
<applicant>Fjord Theatre</applicant><fundingSum>48000
 kroner</fundingSum><empty/></grant></xfa:data><list><item>No value</item></list></xfa:datasets>"""
WAIT = "Please wait... If this message is not eventually replaced"


def read(path: Path, data: str, *, rendering: str = "/NeedsRendering true", said: str = WAIT) -> SourceText:
    catalog = f"/AcroForm<</Fields[]/XFA[(template)5 0 R(datasets)6 0 R]>>{rendering}"
    path.write_bytes(page_of(shown(said, 700), catalog=catalog, extra=[stream(TEMPLATE), stream(data)]))
    return read_pdf(path, ReadingOptions(ReadingLimits(), ocr="off"))


def test_values_in_place_of_the_placeholder(tmp_path: Path) -> None:
    source = read(tmp_path / "a.pdf", DATA)
    assert source.pages[0].text == "Applicant: Fjord Theatre\nfunding Sum: 48000 kroner"
    assert source.pages[0].words == ()
    assert source.remarks == [Remark(1, "second_opinion", XFA_FORM)]
    assert source.reason == "the values of a form (XFA) without their places on page 1"


@pytest.mark.parametrize("data", ["", "<x", DATA.replace("data>", "other>")], ids=["none", "damaged", "elsewhere"])
def test_a_form_without_values_is_said(tmp_path: Path, data: str) -> None:
    with pytest.raises(FileFault, match="only Adobe Reader shows"):
        read(tmp_path / "a.pdf", data)


def test_a_placeholder_that_is_not_declared_as_one(tmp_path: Path) -> None:
    assert read(tmp_path / "a.pdf", DATA, rendering="").pages[0].text.startswith("Applicant: Fjord Theatre")


def test_all_parts_in_one_stream(tmp_path: Path) -> None:
    whole = f"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'>{TEMPLATE}{DATA}</xdp:xdp>"
    catalog = "/AcroForm<</Fields[]/XFA 5 0 R>>/NeedsRendering true"
    (tmp_path / "a.pdf").write_bytes(page_of(shown(WAIT, 700), catalog=catalog, extra=[stream(whole)]))
    source = read_pdf(tmp_path / "a.pdf", ReadingOptions(ReadingLimits(), ocr="off"))
    assert source.pages[0].text == "Applicant: Fjord Theatre\nfunding Sum: 48000 kroner"


def test_a_form_whose_pages_are_in_the_file(tmp_path: Path) -> None:
    source = read(tmp_path / "a.pdf", DATA, rendering="", said="The pump is blue.")
    assert source.pages[0].text == "The pump is blue."
    assert source.reason is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(DATA.replace("Theatre", "& Theatre"), "Applicant: Fjord & Theatre", id="bare ampersand"),
        pytest.param(DATA.replace("Theatre", "&amp; Theatre"), "Applicant: Fjord & Theatre", id="escaped"),
        pytest.param(DATA.replace("Theatre", "&unknown; x"), "Applicant: Fjord &unknown; x", id="unknown entity"),
        pytest.param("<!DOCTYPE a [<!ENTITY b 'c'>]>" + DATA, "", id="entities are refused"),
        pytest.param(DATA[:240], "Applicant: Fjord Theatre", id="cut off"),
    ],
)
def test_data(data: str, text: str) -> None:
    assert xfa_text({"template": TEMPLATE.encode(), "datasets": data.encode()}).partition("\n")[0] == text


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes(template: bytes, datasets: bytes) -> None:
    assert isinstance(xfa_text({"template": template, "datasets": DATA.encode()[:150] + datasets}), str)


@pytest.mark.parametrize("piece", ["<a>", "<a/>", "&", "<a>x</a>", "]]>"])
def test_time_is_linear(piece: str) -> None:
    def prepare(size: int) -> Callable[[], object]:
        data = DATA.replace("<empty/>", piece * (size // len(piece))).encode()
        return lambda: xfa_text({"template": TEMPLATE.encode(), "datasets": data})

    assert_linear(prepare, 100_000, growth=3)
