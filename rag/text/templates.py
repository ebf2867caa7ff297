"""HTML templates for reports that a browser opens from disk. The only home of jinja2.

The contents come from untrusted files, so every value that is filled in is escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path


def fill(template: Path, contents: Mapping[str, object]) -> str:
    """Renders a template with autoescaping; it may include and import templates of its own folder."""
    import jinja2  # imported here, since few runs write a report

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
    """A PNG or JPEG image as a ``data:`` URI, so that a page needs no other file."""
    kind = "jpeg" if picture.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
