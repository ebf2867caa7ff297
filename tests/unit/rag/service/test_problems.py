"""Problem documents: the HTTP status of each error, and their members."""

from __future__ import annotations

import pytest

from rag.errors import (
    Cancelled,
    DeadlinePassed,
    DocumentUnknown,
    IndexBusy,
    IndexCorrupt,
    IndexForeign,
    IndexMissing,
    ModelCorrupt,
    ModelMissing,
    ModelUnreachable,
    ModelUnusable,
    NameTaken,
    NothingToIngest,
    PageproofError,
    PromptTooLong,
    RequestFault,
    ServiceBusy,
    SettingsError,
    UploadFault,
    UploadNotStored,
    UploadTooLarge,
)
from rag.service.problems import error_fields, problem_fields, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(RequestFault("wrong"), 422, id="request"),
        pytest.param(PromptTooLong("long", "question"), 422, id="prompt"),
        pytest.param(DocumentUnknown("gone", "documents"), 422, id="document"),
        pytest.param(ServiceBusy("full", 3), 503, id="busy"),
        pytest.param(DeadlinePassed("late", 3), 503, id="late"),
        pytest.param(IndexMissing("none"), 503, id="no index"),
        pytest.param(IndexCorrupt("bad"), 503, id="corrupt"),
        pytest.param(IndexForeign("other"), 503, id="foreign"),
        pytest.param(IndexBusy("busy"), 503, id="index busy"),
        pytest.param(ModelMissing("none"), 503, id="no model"),
        pytest.param(ModelCorrupt("bad"), 503, id="model corrupt"),
        pytest.param(ModelUnusable("bad"), 503, id="model unusable"),
        pytest.param(ModelUnreachable("gone"), 503, id="model unreachable"),
        pytest.param(UploadTooLarge("large"), 413, id="too large"),
        pytest.param(NameTaken("taken"), 409, id="name taken"),
        pytest.param(UploadNotStored("full"), 507, id="not stored"),
        pytest.param(UploadFault("any"), 500, id="any other upload"),
        pytest.param(Cancelled("gone"), 499, id="cancelled"),
        pytest.param(SettingsError("wrong"), 500, id="settings"),
        pytest.param(NothingToIngest("none"), 500, id="ingest"),
        pytest.param(PageproofError("any"), 500, id="any other"),
    ],
)
def test_status(error: PageproofError, status: int) -> None:
    assert status_of(error) == status
    assert error_fields(error, "id")["status"] == status


def test_fields() -> None:
    assert error_fields(PromptTooLong("too long", "question"), "r1") == {
        "type": "about:blank",
        "title": problem_fields(422, None, "r1")["title"],
        "status": 422,
        "detail": "too long",
        "request_id": "r1",
        "errors": [{"field": "question", "message": "too long"}],
    }


def test_retry_after_is_in_the_body_too() -> None:
    """An event of a stream has no headers."""
    assert error_fields(ServiceBusy("full", 3), "r1")["retry_after_seconds"] == 3


def test_without_a_field_there_are_no_errors() -> None:
    assert set(error_fields(IndexMissing("no index"), "r1")) == {"type", "title", "status", "detail", "request_id"}


def test_internal_errors_have_no_detail() -> None:
    assert "detail" not in error_fields(PageproofError("a secret path"), "r1")


@pytest.mark.parametrize(
    ("status", "title"),
    [(404, "Not Found"), (499, "Client Closed Request"), (500, "Internal Server Error"), (503, "Service Unavailable")],
)
def test_title(status: int, title: str) -> None:
    assert problem_fields(status, None, "r1") == {
        "type": "about:blank", "title": title, "status": status, "request_id": "r1",
    }  # fmt: skip


def test_more_members() -> None:
    assert problem_fields(503, "full", "r1", waiting=3, errors=None)["waiting"] == 3
    assert "errors" not in problem_fields(503, "full", "r1", waiting=3, errors=None)
