"""The table of the catalogue's models."""

from __future__ import annotations

import io

from rich.console import Console

from rag.cli.console import print_models
from rag.models.weights.catalogue import Catalogue


def test_models_are_listed_whole_in_80_columns() -> None:
    entries = list(Catalogue.load())
    out = io.StringIO()
    print_models(Console(file=out, width=80), [(entry, "present") for entry in entries], {entries[0].name})
    rows = out.getvalue().splitlines()
    assert rows[0].split() == ["name", "size", "state", "licence", "sha256"]
    for entry in entries:
        (row,) = (row for row in rows if row.startswith(entry.name))
        assert row.split()[-2:] == [entry.licence, entry.digest[:12]]
        assert (" * " in row) == (entry is entries[0])
    assert [row.strip() for row in rows if row.strip() in {"generator", "encoder", "reranker"}] == [
        "generator",
        "encoder",
        "reranker",
    ]
