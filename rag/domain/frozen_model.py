"""Base of the pydantic models of files: immutable, and without unknown fields.

Apart from ``values``, which the confined readers import without pydantic.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """A part of a file that Pageproof writes; ValidationError for one with other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
