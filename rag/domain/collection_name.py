"""Collection names: short, lower case, and safe as names of folders; ``default`` is the index directory itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from rag.errors import CollectionUnknown

DEFAULT_COLLECTION: Final = "default"
NAME_PATTERN: Final = r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?"

_NAME: Final = re.compile(NAME_PATTERN)
# Of a name in a message.
_SHOWN: Final = 60


def is_collection_name(text: str) -> bool:
    """True for a text that may name a collection."""
    return _NAME.fullmatch(text) is not None


def check_collection_name(text: str) -> None:
    """Refuses a text that cannot name a collection, with CollectionUnknown."""
    if not is_collection_name(text):
        raise CollectionUnknown(
            f"{text[:_SHOWN]!r} cannot name a collection: a name has at most 40 of a-z, 0-9, - and _, and begins and "
            "ends with a letter or digit"
        )


def unknown_collection(text: str, known: Iterable[str]) -> CollectionUnknown:
    """The error for a collection that is not there, or may not be opened; ``known`` are those that may."""
    return CollectionUnknown(f"there is no collection {text[:_SHOWN]!r}; there are: {', '.join(known) or 'none'}")
