"""Settings of where data is kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from rag.settings.values import blank_is_none


def _not_blank(value: object) -> object:
    """Refuses a blank path, which would be the current folder."""
    if isinstance(value, str) and not value.strip():
        raise ValueError("it is blank; name a directory, or unset it for the default")
    return value


def _database(value: str) -> str:
    """Refuses a password in a database's address: libpq has other places for it, and messages quote addresses."""
    try:
        parts = urlsplit(value)
        is_plain = not value or (parts.scheme in ("postgresql", "postgres") and not parts.password)
    except ValueError:
        is_plain = False
    if not is_plain or "password=" in value:
        raise ValueError(
            "an address is postgresql://USER@HOST/NAME, without a password (PGPASSWORD and PGPASSFILE are for it)"
        )
    return value


def _history_file() -> Path | None:
    """Path in the state directory of the XDG Base Directory Specification 0.8; None without a home directory."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        return (state if state.is_absolute() else Path.home() / ".local/state") / "pageproof/history"
    except RuntimeError:
        return None


class GeneralSettings(BaseModel):
    """Where data is kept."""

    model_config = ConfigDict(frozen=True)

    index: Annotated[
        Path,
        BeforeValidator(_not_blank),
        Field(description="directory of the index; further collections are in its `collections/`"),
    ] = Path("indexes")
    vector_database: Annotated[
        str,
        AfterValidator(_database),
        Field(
            description="address of a PostgreSQL database with pgvector, such as `postgresql://rag@host/rag`, in which "
            "vectors are searched; empty: in this process. Needs `requirements-pgvector.txt`"
        ),
    ] = ""
    models: Annotated[Path, BeforeValidator(_not_blank), Field(description="directory of the model weights")] = Path(
        "models"
    )
    records: Annotated[
        Path | None,
        BeforeValidator(blank_is_none),
        Field(description="directory where a record of each answer is kept; empty: none is kept"),
    ] = None
    keep_records: Annotated[
        int, Field(ge=1, le=100_000, description="most records that are kept; the oldest are deleted")
    ] = 1000
    history: Annotated[Path | None, BeforeValidator(blank_is_none)] = Field(
        default_factory=_history_file,
        description="file of the last 1,000 lines typed at the prompt of `rag ask`; empty: none is kept. The default "
        "follows `XDG_STATE_HOME`",
    )
