"""XMP metadata of files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.markup.xmp import xmp_properties

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param("<dc:title>The pump</dc:title>", {"title": ["The pump"]}, id="a value"),
        pytest.param(
            "<dc:creator><rdf:Seq><rdf:li>Ada</rdf:li><rdf:li>Mary</rdf:li></rdf:Seq></dc:creator>",
            {"creator": ["Ada", "Mary"]},
            id="a list",
        ),
        pytest.param("<dc:title></dc:title>", {}, id="empty"),
    ],
)
def test_properties(body: str, found: dict[str, list[str]]) -> None:
    packet = f"<rdf:RDF {RDF}><rdf:Description>{body}</rdf:Description></rdf:RDF>"
    assert xmp_properties(packet.encode()) == found


def test_properties_as_attributes() -> None:
    packet = f'<rdf:RDF {RDF}><rdf:Description dc:date="2024-05-31"/></rdf:RDF>'
    assert xmp_properties(packet.encode()) == {"date": ["2024-05-31"]}


def test_entities_are_refused() -> None:
    assert xmp_properties(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>") == {}


@given(st.binary(max_size=60))
def test_any_bytes(packet: bytes) -> None:
    assert isinstance(xmp_properties(b"<a>" + packet), dict)
