"""Types and checks that several subjects of settings share."""

from __future__ import annotations

from typing import Literal, TypeAlias

Choice: TypeAlias = Literal["auto", "on", "off"]


def blank_is_none(value: object) -> object:
    """None for a variable that is set to nothing."""
    return value or None


def is_address(value: str) -> bool:
    """True for the address of an HTTP server."""
    return value.casefold().startswith(("http://", "https://"))
