"""Templates to pages that a browser opens from the disk. The only home of jinja2.

What a page says comes out of strangers' files: everything that is filled in is escaped.
"""

from __future__ import annotations

import base64
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


def as_uri(picture: bytes) -> str:
    """A PNG or JPEG as a ``data:`` address, so that a page needs no other file."""
    kind = "jpeg" if picture.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
