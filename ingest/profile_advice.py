"""Advice on the profile: after a run with the English encoder over documents that mostly are not English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing, suppress

from rag.errors import IndexFault
from rag.index.docstore.docstore import Docstore
from rag.index.layout import DOCSTORE, IndexLayout
from rag.index.reading import read_current
from rag.settings import Settings
from rag.settings.models import ENCODERS

_ENGLISH = "English"


def profile_advice(settings: Settings) -> str | None:
    """One line for the report; None where nothing is to be said, another encoder is set, or the profile is chosen."""
    if settings.profile != "auto" or settings.encoder != ENCODERS["auto"]:
        return None
    layout = IndexLayout(settings.index)
    with suppress(IndexFault):  # whatever is wrong with the index is said when it is opened
        name, _ = read_current(layout)
        with closing(Docstore(layout.generation(name) / DOCSTORE)) as docstore:
            return advice_on(document.language for document in docstore.documents)
    return None


def advice_on(languages: Iterable[str | None]) -> str | None:
    """The advice for documents in these languages, by their English names; None where most of them are English.

    Documents whose language is not known count as neither.
    """
    counts = Counter(language for language in languages if language)
    others = counts.total() - counts[_ENGLISH]
    if 2 * others <= counts.total():
        return None
    del counts[_ENGLISH]
    most = counts.most_common(1)[0][0]
    return (
        f"Most documents are not in English ({others}, most of them in {most}), and the encoder is: with "
        "RAG_PROFILE=multilingual more is found in them (python -m rag models fetch, then ingest again); "
        "RAG_PROFILE=english says that it stays."
    )
