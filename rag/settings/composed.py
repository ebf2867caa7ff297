"""All settings in one class, composed of those of each subject."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.settings.access import AccessSettings
from rag.settings.answers import AnswerSettings
from rag.settings.computing import ComputingSettings
from rag.settings.documents import DocumentSettings
from rag.settings.general import GeneralSettings
from rag.settings.ingest import IngestSettings
from rag.settings.models import ModelSettings
from rag.settings.service import ServiceSettings

PREFIX = "RAG_"


class Settings(
    GeneralSettings,
    ModelSettings,
    ComputingSettings,
    AnswerSettings,
    ServiceSettings,
    AccessSettings,
    DocumentSettings,
    IngestSettings,
    BaseSettings,
):
    """All settings; each field is the variable ``RAG_<FIELD>``. Descriptions are for users: docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")
