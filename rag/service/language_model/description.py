"""Description of the language model for clients: its kind and licence, and a better one for this machine."""

from __future__ import annotations

from dataclasses import dataclass

from rag.answering.answerer import Answerer
from rag.models.opening import open_store
from rag.models.weights.catalogue import ModelEntry
from rag.models.weights.recommendation import better_than, recommend
from rag.runtime.processor import read_processor, usable_memory
from rag.service.language_model.schemas import BetterModelBody, LanguageModelBody, ModelKind
from rag.settings import Settings


@dataclass(frozen=True)
class ModelDescription:
    """Description of the language model, from the settings and the catalogue.

    Attributes:
        entry: of the catalogue; None for a file of one's own, one of a registry, and a server.
        is_remote: whether it runs on a server.
        better: a better one for this machine.
    """

    entry: ModelEntry | None = None
    is_remote: bool = False
    better: ModelEntry | None = None

    def body(self, answerer: Answerer) -> LanguageModelBody:
        """The description of the model of an answerer, as it is sent."""
        here: ModelKind = "small" if answerer.is_masked else "large"
        return LanguageModelBody(
            name=answerer.model.name,
            title=self.entry.title if self.entry else None,
            licence=self.entry.licence if self.entry else None,
            kind="server" if self.is_remote else here,
            measured=self.entry is not None and self.entry.measured,
            better=BetterModelBody.of(self.better) if self.better else None,
        )


def describe_model(settings: Settings) -> ModelDescription:
    """The description of the model of the settings, on this machine."""
    catalogue = open_store(settings).catalogue
    entry = catalogue.get(settings.model) if settings.model in catalogue else None
    processor = read_processor()
    advice = recommend(
        catalogue,
        memory=usable_memory(),
        cores=min(processor.physical, processor.usable),
        context_tokens=settings.context_tokens,
    )
    return ModelDescription(entry, settings.model_is_remote, better_than(entry, advice))
