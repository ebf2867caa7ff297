"""Fields that several schemas of requests and responses have, with their limits."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

MAX_QUESTION = 4000
MAX_HISTORY = 20
MAX_DOCUMENTS = 1000
MAX_COLLECTIONS = 20


def _has_words(text: str) -> str:
    if not any(character.isalnum() for character in text):
        raise ValueError("there is no word in it")
    return text


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION), AfterValidator(_has_words)
]
# Four numbers of one kind are an array to JSON Schema, which has another word for tuples that few tools know.
Points = Annotated[
    tuple[float, float, float, float],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}),
]
# Where one collection was asked, it need not be told for each document.
Home = Annotated[
    str | None,
    Field(exclude_if=lambda name: name is None, description="that has the document; where several were asked"),
]
# As the schema says: pydantic would take "yes" and 1 for true, and "5" for 5.
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]


class Body(BaseModel):
    """Base of schemas: unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
