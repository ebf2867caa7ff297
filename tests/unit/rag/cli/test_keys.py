from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rag.cli.main import main
from rag.service.access.access_key import digest_of

TODAY = datetime.now(UTC).date()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys.json"
    monkeypatch.setenv("RAG_KEY_FILE", str(path))
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs ``rag keys``; returns exit code, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["keys", *arguments])
        out, err = capsys.readouterr()
        return code, out, " ".join(err.split())

    return run


def rows(path: Path) -> list[dict[str, object]]:
    kept: list[dict[str, object]] = json.loads(path.read_text())["keys"]
    return kept


def test_a_new_key_prints_its_secret_once_and_keeps_the_digest(
    path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = run("new", "alice")
    assert code == 0
    secret = out.strip()
    assert re.fullmatch(r"pageproof_[\w-]{43}", secret)
    assert rows(path) == [
        {
            "id": "alice",
            "sha256": digest_of(secret.encode()),
            "scopes": ["ask", "documents"],
            "created": str(TODAY),
            "expires": str(TODAY + timedelta(days=365)),
            "requests_per_minute": None,
        }
    ]
    assert err.startswith(f"key alice, for ask, documents, until {TODAY + timedelta(days=365)}. The line above")
    for shown in (path.read_text(), err, *run("list"), *run("list", "--json"), *run("revoke", "alice")):
        assert secret not in str(shown)


def test_a_key_has_what_the_options_say(path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    options = ["--scopes", "metrics, ask", "--expires", "never", "--requests-per-minute", "0", "--json"]
    code, out, err = run("new", "grafana", *options)
    made = json.loads(out)
    assert (code, err) == (0, "")
    assert digest_of(made.pop("secret").encode()) == rows(path)[0]["sha256"]
    assert made == {
        "id": "grafana",
        "scopes": ["ask", "metrics"],
        "created": str(TODAY),
        "expires": None,
        "expired": False,
        "requests_per_minute": 0,
    }


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        pytest.param(
            ["--scopes", "root"], "'root' is no scope; those are ask, documents, feedback, admin, metrics", id="scope"
        ),
        pytest.param(["--scopes", ""], "'' is no scope", id="no scope"),
        pytest.param(["--expires", "tomorrow"], "'tomorrow' is no date such as 2027-12-31, nor 'never'", id="a word"),
        pytest.param(["--expires", "2020-01-01"], "2020-01-01 is over", id="a day that has passed"),
        pytest.param(["--requests-per-minute", "-1"], "-1 is not between 0 and 1000000", id="negative limit"),
    ],
)
def test_wrong_usage(path: Path, capsys: pytest.CaptureFixture[str], options: list[str], fault: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["keys", "new", "alice", *options])
    assert caught.value.code == 2
    assert fault in capsys.readouterr().err
    assert not path.exists()


def test_the_list_has_all_but_the_secrets(path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    run("new", "alice", "--expires", str(TODAY))
    run("new", "grafana", "--scopes", "metrics", "--expires", "never", "--requests-per-minute", "5")
    run("new", "batch", "--requests-per-minute", "0")
    path.write_text(path.read_text().replace(f'"expires": "{TODAY}"', '"expires": "2020-01-01"'))
    code, out, _ = run("list")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert lines[0] == ["id", "scopes", "created", "expires", "a", "minute"]
    assert lines[1] == ["alice", "ask,", "documents", str(TODAY), "2020-01-01", "(expired)", "600"]
    assert lines[2] == ["grafana", "metrics", str(TODAY), "never", "5"]
    assert lines[3][-1] == "any"
    listed = json.loads(run("list", "--json")[1])
    assert listed["key_file"] == str(path)
    assert [(key["id"], key["expired"]) for key in listed["keys"]] == [
        ("alice", True),
        ("grafana", False),
        ("batch", False),
    ]
    assert "sha256" not in listed["keys"][0]


def test_a_revoked_key_is_gone(path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    run("new", "alice")
    assert run("revoke", "alice") == (0, "key alice is revoked; a running service refuses it from now on\n", "")
    assert rows(path) == []
    assert run("list")[1] == f"{path} has no keys\n"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        pytest.param(["list"], "there is no key file .*; `python -m rag keys new ID` makes it", id="list of none"),
        pytest.param(["revoke", "bob"], "there is no key file", id="revoke of none"),
        pytest.param(["new", "Alice"], "'Alice' cannot name a key: an id has at most 64 of a-z", id="id"),
    ],
)
def test_faults_are_one_line_with_the_remedy(
    path: Path, run: Callable[..., tuple[int, str, str]], arguments: list[str], fault: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert re.search(f"^error: .*{fault}", err)


@pytest.mark.parametrize("action", [["new", "alice"], ["list"], ["revoke", "alice"]])
def test_without_the_setting_it_says_so(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, action: list[str]
) -> None:
    monkeypatch.delenv("RAG_KEY_FILE", raising=False)
    code, _, err = run(*action)
    assert code == 1
    assert err.startswith("error: no key file is named: set RAG_KEY_FILE to a path such as")


def test_a_key_is_bound_to_collections(path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = run("new", "alice", "--collection", "contracts", "--collection", "default")
    assert code == 0
    assert err.startswith("key alice, for ask, documents of contracts, default, until ")
    assert rows(path)[0]["collections"] == ["contracts", "default"]
    run("new", "bob")
    assert "collections" not in rows(path)[1]
    listed = run("list")[1]
    assert "contracts, default" in listed
    assert "all" in listed
    kept = json.loads(run("list", "--json")[1])["keys"]
    assert [key.get("collections") for key in kept] == [["contracts", "default"], None]


def test_a_text_that_cannot_name_a_collection(run: Callable[..., tuple[int, str, str]]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("new", "alice", "--collection", "../x")
    assert run("new", "alice", *(f"--collection=c{number}" for number in range(101)))[0] == 1
