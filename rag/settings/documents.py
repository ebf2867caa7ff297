"""Settings of documents in the service: adding them over HTTP, and guides of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rag.settings.values import Choice, blank_is_none


class DocumentSettings(BaseModel):
    """Adding documents over HTTP, and guides of them."""

    model_config = ConfigDict(frozen=True)

    documents: Annotated[
        Path | None,
        BeforeValidator(blank_is_none),
        Field(
            description="folder that the service ingests, and stores uploaded documents in, those of further "
            "collections in its `.pageproof-collections/NAME`; empty: nothing can be added. Needs `RAG_ADMIN_KEYS` or "
            "`RAG_KEY_FILE`"
        ),
    ] = None
    upload_bytes: Annotated[
        int,
        Field(
            ge=1, description="largest document that may be uploaded, in bytes; `RAG_FILE_MEGABYTES` is a limit, too"
        ),
    ] = 100 << 20
    guides: Annotated[
        Choice,
        Field(
            description="guides of documents (what each is, a summary, questions that it answers), which the service "
            "makes while nothing is asked; `auto`: not where a server runs the language model"
        ),
    ] = "auto"
