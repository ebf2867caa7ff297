"""Templates to pages that a browser opens from the disk. The only home of jinja2.

What a page says comes out of strangers' files: everything that is filled in is escaped.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def fill(template: Path, contents: Mapping[str, object]) -> str:
    """A template with its contents, escaped; it may include and import the templates beside it."""
    import jinja2  # here: few runs write a page

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = "{:,}".format
    return environment.get_template(template.name).render(contents)


def write_whole(path: Path, text: str) -> None:
    """Writes a file; one that was there stays as it was until the new one is whole.

    Raises:
        OSError: it cannot be written.
    """
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        with draft.open("w", encoding="utf-8", errors="replace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def as_uri(picture: bytes) -> str:
    """A PNG or JPEG as a ``data:`` address, so that a page needs no other file."""
    kind = "jpeg" if picture.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
