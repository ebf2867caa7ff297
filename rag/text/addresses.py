"""Addresses in text: web and e-mail addresses and telephone numbers, found by their form."""

from __future__ import annotations

import re
from typing import Final

_TOP_LEVEL: Final = (
    r"(?:com|org|net|info|biz|io|co|eu|uk|de|fr|es|it|nl|us|ca|au|ch|at|gov|edu|int|app|dev|xyz|site|online|link|shop|"
    r"example)"
)
_ADDRESS: Final = re.compile(
    "|".join(
        [
            r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}",
            r"\b(?:https?://|www\.)[^\s<>\"'|]+",
            rf"(?<![\w.@-])(?:[a-z0-9][a-z0-9-]{{0,62}}\.){{1,4}}{_TOP_LEVEL}\b(?!,? (?:inc|corp|ltd|llc)\b)"
            r"(?:/[^\s<>\"'|]*)?",
            r"(?<![\w+])\+\d[\d ()/.-]{5,20}\d\b",
            r"\b(?:call|phone|dial|telephone|tel\.?|fax|text) {0,2}:? {0,2}\(?\d[\d ()/.-]{5,20}\d\b",
        ]
    ),
    re.IGNORECASE,
)
# Marks that end a sentence or a bracket rather than an address.
_AFTER: Final = ".,;:!?)]}”’\"'"
# Labels of a second-level domain of a country have at most so many letters, and names below it more parts.
_SHORTEST_NAME: Final = 3
_COUNTRY_DEPTH: Final = 2
_VERB: Final = re.compile(r"^(?:call|phone|dial|telephone|tel\.?|fax|text)[ :]{0,4}", re.IGNORECASE)


def addresses_in(text: str) -> list[str]:
    """The addresses of a text, in order, without the marks after them."""
    return [_VERB.sub("", found[0]).rstrip(_AFTER) for found in _ADDRESS.finditer(text)]


def host_of(address: str) -> str | None:
    """The host of a web or e-mail address without its subdomains, in lower case; None for a telephone number."""
    host = address.casefold().removeprefix("https://").removeprefix("http://").rpartition("@")[2].partition("/")[0]
    labels = host.partition(":")[0].split(".")
    if len(labels) == 1:
        return None
    # Second-level domains of countries: ac.uk, com.au.
    depth = 3 if len(labels[-2]) <= _SHORTEST_NAME and len(labels) > _COUNTRY_DEPTH else 2
    return ".".join(labels[-depth:])


def without_addresses(text: str) -> str:
    """The text with a space in place of each address."""
    return _ADDRESS.sub(" ", text)
