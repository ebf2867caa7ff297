"""Opening of the guide maker, if the settings want guides."""

from __future__ import annotations

from rag.answering.answerer import Answerer
from rag.index.layout import IndexLayout
from rag.service.guides.maker import GuideMaker
from rag.service.guides.store import GuideStore
from rag.settings import Settings


def open_guides(settings: Settings, answerer: Answerer) -> GuideMaker | None:
    """The maker of guides; None where they are off: by default where a server runs the model, which may cost money."""
    if settings.guides == "off" or (settings.guides == "auto" and settings.model_is_remote):
        return None
    return GuideMaker(answerer, GuideStore(IndexLayout(settings.index)))
