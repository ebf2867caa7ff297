"""Models named by their place, ``mlflow:NAME/VERSION`` or ``hf:OWNER/REPO/FILE@REVISION``, instead of by the catalogue.

What they are is not known before they come: the first fetch records their digest.
"""

from __future__ import annotations

from rag.models.weights.catalogue import HubSource, MlflowSource
from rag.models.weights.hub import hub_source, is_on_hub
from rag.models.weights.mlflow_registry import is_registered, source_of


def names_a_place(name: str) -> bool:
    """True for names of models by their place, right or wrong ones."""
    return is_registered(name) or is_on_hub(name)


def source_named(name: str) -> MlflowSource | HubSource:
    """The source of a model that is named by its place; ModelUnknown where the name is wrong."""
    return hub_source(name) if is_on_hub(name) else source_of(name)
