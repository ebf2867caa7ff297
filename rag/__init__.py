"""Pageproof: answers from your own PDFs, each sentence proved on the page it came from.

Names are loaded on first use (PEP 562): ``import rag`` alone loads nothing beyond the standard library, because the
processes that read files, and the stage of the Dockerfile that fetches weights, import from this package too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.answering.answerer import Answerer
    from rag.composition import open_answerer
    from rag.domain.values import Answer, Citation, Question, Sentence, Turn
    from rag.errors import IndexFault, ModelError, PageproofError, RequestFault, SettingsError
    from rag.settings import Settings, read_settings

__version__ = "0.2.0"

__all__ = [
    "Answer",
    "Answerer",
    "Citation",
    "IndexFault",
    "ModelError",
    "PageproofError",
    "Question",
    "RequestFault",
    "Sentence",
    "Settings",
    "SettingsError",
    "Turn",
    "__version__",
    "open_answerer",
    "read_settings",
]

_HOMES = {
    "rag.answering.answerer": ("Answerer",),
    "rag.composition": ("open_answerer",),
    "rag.domain.values": ("Answer", "Citation", "Question", "Sentence", "Turn"),
    "rag.errors": ("IndexFault", "ModelError", "PageproofError", "RequestFault", "SettingsError"),
    "rag.settings": ("Settings", "read_settings"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module("rag.runtime.native")  # before any native library is loaded
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
