"""Addresses in text: web, e-mail, telephone, and what is none."""

from __future__ import annotations

import pytest

from rag.text.addresses import addresses_in, host_of, without_addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "Go to https://a.example/x?y=1.", ["https://a.example/x?y=1"], id="web, with the full stop after it"
        ),
        pytest.param("See www.harbour.example, or ask.", ["www.harbour.example"], id="web, without a scheme"),
        pytest.param("It is at harbour.com/fees now.", ["harbour.com/fees"], id="a domain with a path"),
        pytest.param("Write to fees.desk@harbour.co.uk!", ["fees.desk@harbour.co.uk"], id="e-mail"),
        pytest.param("Call (0555) 123 44 77 today.", ["(0555) 123 44 77"], id="telephone, behind its verb"),
        pytest.param("It is +99 555 003 4477.", ["+99 555 003 4477"], id="telephone, international"),
        pytest.param("Write to a@b.example or go to www.c.example.", ["a@b.example", "www.c.example"], id="two"),
        pytest.param("Between 2019 and 2024 it cost 1,280.50 euros.", [], id="numbers"),
        pytest.param("The file a.pdf, e.g. that of Fig. 3, is in rag/text.", [], id="names of files"),
        pytest.param("AMAZON.COM, INC. sells books.", [], id="the name of a company"),
        pytest.param("Version 1.2.3 of node.js is out.", [], id="versions"),
    ],
)
def test_addresses(text: str, found: list[str]) -> None:
    assert addresses_in(text) == found


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://www.Harbour.example/fees", "harbour.example"),
        ("desk@post.harbour.example", "harbour.example"),
        ("www.ntu.ac.uk/chat", "ntu.ac.uk"),
        ("ntu.uk", "ntu.uk"),
        ("http://harbour.example:8080", "harbour.example"),
        ("+99 555 003 4477", None),
    ],
)
def test_hosts(address: str, host: str | None) -> None:
    assert host_of(address) == host


def test_text_without_them() -> None:
    assert without_addresses("Write to a@b.example now").split() == ["Write", "to", "now"]
