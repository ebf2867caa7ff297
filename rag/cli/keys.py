"""The ``keys`` command: new, list and revoke keys of the key file, which a running service follows at once."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rag.cli.arguments import whole_number
from rag.domain.collection_name import is_collection_name
from rag.errors import KeyFileFault
from rag.service.access.access_key import SCOPES, AccessKey, KeyScope, digest_of, new_secret
from rag.service.access.key_changes import add_key, remove_key
from rag.service.access.key_file import MAX_REQUESTS_PER_MINUTE, read_keys
from rag.settings import Settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_DAYS: Final = 365
_USUAL: Final[frozenset[KeyScope]] = frozenset(("ask", "documents"))
_NEVER: Final = "never"


def add_commands(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``keys`` and its three actions to the command line."""
    keys = commands.add_parser("keys", help="access keys of the service in RAG_KEY_FILE: new, list, revoke")
    actions = keys.add_subparsers(dest="action", required=True, metavar="new|list|revoke")

    action = actions.add_parser("new", help="make a key; its secret is printed this once")
    action.add_argument("id", help="name of the key in the list and the log, such as alice or grafana")
    action.add_argument(
        "--scopes",
        type=_scopes,
        default=_USUAL,
        metavar="SCOPE,...",
        help=f"what it may do: any of {', '.join(SCOPES)} (default: ask,documents)",
    )
    action.add_argument(
        "--expires",
        type=_last_day,
        default=_today() + timedelta(days=_DAYS),
        metavar=f"DATE|{_NEVER}",
        help=f"the last day on which it is accepted, in UTC, as 2027-12-31 (default: in {_DAYS} days)",
    )
    action.add_argument(
        "--requests-per-minute",
        type=whole_number(0, MAX_REQUESTS_PER_MINUTE),
        metavar="N",
        help="its own limit, 0 for none (default: RAG_REQUESTS_PER_MINUTE)",
    )
    action.add_argument(
        "--collection",
        action="append",
        type=_collection,
        dest="opens",
        metavar="NAME",
        help="collection that it opens, and no other; may be repeated, and is `default` for the index itself "
        "(default: all collections)",
    )
    action.add_argument("--json", action="store_true", help="print the key and its secret as one JSON object")
    action.set_defaults(run=new)

    action = actions.add_parser("list", help="the keys, without their secrets")
    action.add_argument("--json", action="store_true", help="print everything as one JSON object")
    action.set_defaults(run=list_)

    action = actions.add_parser("revoke", help="remove a key; a running service refuses it from then on")
    action.add_argument("id", help="its id")
    action.set_defaults(run=revoke)


def new(options: argparse.Namespace, settings: Settings) -> int:
    """Makes a key; only its secret goes to standard output."""
    secret = new_secret()
    key = AccessKey(
        options.id,
        digest_of(secret.encode()),
        options.scopes,
        _today(),
        options.expires,
        options.requests_per_minute,
        frozenset(options.opens) if options.opens else None,
    )
    path = _key_file(settings)
    add_key(path, key)
    if options.json:
        print(json.dumps({**_row(key), "secret": secret}))
        return 0
    until = f"until {key.expires}" if key.expires else "without an end"
    print(secret)
    print(
        f"key {key.id}, for {_scope_list(key)}{_of_collections(key)}, {until}. The line above is its secret, shown "
        f"this once: {path} has only a digest of it.",
        file=sys.stderr,
    )
    return 0


def list_(options: argparse.Namespace, settings: Settings) -> int:
    """Lists the keys of the file."""
    keys, _ = read_keys(_key_file(settings))
    if options.json:
        print(json.dumps({"key_file": str(settings.key_file), "keys": [_row(key) for key in keys]}))
        return 0
    table = Table(box=None, pad_edge=False, header_style="dim")
    some_bound = any(key.collections is not None for key in keys)
    for heading in ("id", "scopes", "created", "expires", "a minute", *["collections"] * some_bound):
        table.add_column(heading, no_wrap=heading not in ("scopes", "collections"))
    for key in keys:
        expired = key.has_expired(_today())
        expires = Text(f"{key.expires or _NEVER}{' (expired)' if expired else ''}", "bold red" if expired else "")
        limit = key.requests_per_minute
        shown = str(settings.requests_per_minute if limit is None else limit)
        opened = [", ".join(sorted(key.collections)) if key.collections else "all"] * some_bound
        row = (Text(key.id), _scope_list(key), str(key.created or ""), expires, "any" if shown == "0" else shown)
        table.add_row(*row, *opened)
    Console(highlight=False).print(table if keys else f"{settings.key_file} has no keys")
    return 0


def revoke(options: argparse.Namespace, settings: Settings) -> int:
    """Removes a key from the file."""
    remove_key(_key_file(settings), options.id)
    print(f"key {options.id} is revoked; a running service refuses it from now on")
    return 0


def _key_file(settings: Settings) -> Path:
    if settings.key_file is None:
        raise KeyFileFault(
            "no key file is named: set RAG_KEY_FILE to a path such as /etc/pageproof/keys.json, for the service too"
        )
    return settings.key_file


def _today() -> date:
    return datetime.now(UTC).date()


def _scope_list(key: AccessKey) -> str:
    return ", ".join(scope for scope in SCOPES if scope in key.scopes)


def _of_collections(key: AccessKey) -> str:
    return f" of {', '.join(sorted(key.collections))}" if key.collections else ""


def _row(key: AccessKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "scopes": [scope for scope in SCOPES if scope in key.scopes],
        "created": str(key.created) if key.created else None,
        "expires": str(key.expires) if key.expires else None,
        "expired": key.has_expired(_today()),
        "requests_per_minute": key.requests_per_minute,
        **({"collections": sorted(key.collections)} if key.collections else {}),
    }


def _collection(text: str) -> str:
    """The name of a collection, which may be made later, for argparse."""
    if not is_collection_name(text):
        raise argparse.ArgumentTypeError(f"{text[:60]!r} cannot name a collection: a-z, 0-9, - and _")
    return text


def _scopes(text: str) -> frozenset[KeyScope]:
    """Scopes separated by commas, for argparse."""
    names = {name.strip() for name in text.split(",")}
    if unknown := sorted(names - set(get_args(KeyScope))):
        raise argparse.ArgumentTypeError(f"{unknown[0][:40]!r} is no scope; those are {', '.join(SCOPES)}")
    return frozenset(scope for scope in SCOPES if scope in names)


def _last_day(text: str) -> date | None:
    """A date from today on, or None for ``never``, for argparse."""
    if text == _NEVER:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no date such as 2027-12-31, nor {_NEVER!r}") from None
    if day < _today():
        raise argparse.ArgumentTypeError(f"{day} is over: such a key would be accepted by nobody")
    return day
