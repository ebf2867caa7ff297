"""Reading of the settings from the environment and from secret files; messages name the variable and its remedy."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_settings import SettingsError as SourceError

from rag.errors import SettingsError
from rag.settings.composed import PREFIX, Settings

# Error messages leave out the values of these, which may be secret.
_UNSHOWN: Final = tuple(
    f"{PREFIX}{name}"
    for name in (
        "API_KEYS",
        "ADMIN_KEYS",
        "KEY_FILE",
        "MODEL",
        "MODEL_KEY",
        "REGISTRY",
        "REGISTRY_KEY",
        "VECTOR_DATABASE",
    )
)


def _remedy(unknown: str, known: Collection[str]) -> str:
    """The nearest setting, else all of them. Compared without the common prefix, which would make all of them near."""
    near = get_close_matches(unknown.removeprefix(PREFIX), [name.removeprefix(PREFIX) for name in known], 1)
    return f"did you mean {PREFIX}{near[0]}?" if near else f"the settings are {', '.join(sorted(known))}"


def _origin(name: str, secrets: Path) -> str:
    """The secret file that a setting's value came from, as a remark for a message; empty for a variable."""
    file = secrets / name.lower()
    is_variable = any(variable.upper() == name for variable in os.environ)
    return f" (from the file {file})" if file.is_file() and not is_variable else ""


def read_settings(secrets: Path = Path("/run/secrets")) -> Settings:
    """The settings of this process: ``RAG_*`` variables, then files ``rag_*`` in ``secrets`` (Docker's secrets).

    Raises:
        SettingsError: a ``RAG_`` variable is unknown, a value is wrong, a secret cannot be read, or a setting that
            another one needs is missing; the message names the variable or the secret.
    """
    _check_names(secrets)
    try:
        with warnings.catch_warnings():
            # pydantic-settings only warns of a secret that is a folder or a link to elsewhere, and goes on without it;
            # without RAG_API_KEYS the service would be open to anyone.
            warnings.simplefilter("error", UserWarning)
            settings = Settings(_secrets_dir=secrets if secrets.is_dir() else None)  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        shown = "" if name in _UNSHOWN else f"={first['input']!r}"
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}{shown}{_origin(name, secrets)} is wrong: {message}") from None
    except SourceError as error:
        raise SettingsError(f"a secret cannot be read: {error.__cause__}; {error}") from None
    _check_keys(settings)
    return settings


def _check_names(secrets: Path) -> None:
    """Refuses unknown variables and secrets: a misspelt name of the keys must not mean that there are none."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    variables = [(name, "") for name in os.environ]
    try:
        files = [(file.name, f" (the file {file})") for file in secrets.iterdir()] if secrets.is_dir() else []
    except OSError as error:
        raise SettingsError(f"the secrets cannot be read: {error}") from None
    for name, origin in sorted(variables + files):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise SettingsError(f"unknown setting {name}{origin}; {_remedy(name.upper(), known)}")


def _check_keys(settings: Settings) -> None:
    if settings.documents and not settings.admin_keys and settings.key_file is None:
        raise SettingsError(
            f"{PREFIX}DOCUMENTS is set, but documents are added only with an admin key: set {PREFIX}ADMIN_KEYS too "
            f"(or {PREFIX}KEY_FILE, with a key for admin), or unset {PREFIX}DOCUMENTS"
        )
    if set(settings.api_keys) & set(settings.admin_keys):
        raise SettingsError(
            f"{PREFIX}API_KEYS and {PREFIX}ADMIN_KEYS have a key in common, so whoever may ask could add documents: "
            "give each its own"
        )
