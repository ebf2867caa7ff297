"""Settings of answers: passages, lengths and abstention."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class AnswerSettings(BaseModel):
    """What goes into a prompt, how long an answer may be, and when none is given."""

    model_config = ConfigDict(frozen=True)

    passages: Annotated[int, Field(ge=1, le=50, description="most passages in a prompt")] = 6
    evidence_tokens: Annotated[
        int,
        Field(
            ge=64,
            le=100_000,
            description="most tokens of passages in the prompt for a fact; "
            "the best one is cut to what fits, and others "
            "that do not fit are left out",
        ),
    ] = 350
    whole_evidence_tokens: Annotated[
        int,
        Field(
            ge=64,
            le=100_000,
            description="the same for an answer of several sentences, such as a procedure or an explanation",
        ),
    ] = 1000
    max_tokens: Annotated[
        int, Field(ge=1, le=4096, description="most tokens of an answer, unless the request sets its own limit")
    ] = 256
    rereads: Annotated[
        bool,
        Field(
            description="for an answer of several sentences whose draft tells little, models of less than three "
            "billion parameters write a second, short draft, by which more of what matters is found; the answer then "
            "takes about a third longer"
        ),
    ] = True
    false_answers: Annotated[
        float,
        Field(
            gt=0,
            lt=1,
            description="accepted false-answer rate: the share of the questions that the documents do not answer which "
            "may be answered all the same; less means more abstentions",
        ),
    ] = 0.2
