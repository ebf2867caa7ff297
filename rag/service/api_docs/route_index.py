"""Paths and methods of the API, for the errors of requests that miss them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from fastapi import FastAPI
from starlette.routing import compile_path

# Of a path that is compared: the comparison is quadratic.
_PATH_CHARACTERS: Final = 100


def nothing_at(app: FastAPI, path: str) -> str:
    """Message for a path that no route has: the nearest one that there is, and all of them."""
    paths = sorted(app.openapi()["paths"])
    near = get_close_matches(path[:_PATH_CHARACTERS], paths, 1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return (
        f"there is nothing at this path{hint} There are {', '.join(paths)} (GET /docs describes them), and / for people"
    )


def methods_of(app: FastAPI, path: str) -> tuple[str, ...]:
    """Methods that a path of the API has, in alphabetical order; none for other paths."""
    methods = set[str]()
    for template, operations in app.openapi()["paths"].items():
        regex, _, _ = compile_path(template)
        if regex.fullmatch(path):
            methods |= {method.upper() for method in operations}
    return tuple(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
