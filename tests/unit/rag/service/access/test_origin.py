"""Requests of pages of other origins, and requests of this machine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from rag.service.access.origin import is_cross_origin, is_from_this_machine

HOST = "127.0.0.1:8000"


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        pytest.param({}, False, id="a program"),
        pytest.param({"sec-fetch-site": "same-origin", "origin": f"http://{HOST}"}, False, id="its own page"),
        pytest.param({"sec-fetch-site": "none"}, False, id="a person"),
        pytest.param({"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, True, id="another site"),
        pytest.param({"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:9000"}, True, id="another port"),
        pytest.param({"sec-fetch-site": "cross-site", "origin": f"http://{HOST}"}, True, id="they contradict"),
        pytest.param({"sec-fetch-site": "same-origin", "origin": "https://rag.example"}, False, id="a proxy"),
        pytest.param({"sec-fetch-site": "nonsense"}, True, id="an unknown site"),
        pytest.param({"origin": f"http://{HOST}"}, False, id="an old browser"),
        pytest.param({"origin": "https://evil.example"}, True, id="another site in an old browser"),
        pytest.param({"origin": "http://127.0.0.1:9000"}, True, id="another port in an old browser"),
        pytest.param({"origin": "null"}, True, id="a sandboxed page"),
        pytest.param({"origin": "http://["}, True, id="a malformed origin"),
        pytest.param({"origin": ""}, True, id="an empty origin"),
        pytest.param({"origin": "http://LOCALHOST:8000", "host": "localhost:8000"}, False, id="in capitals"),
        pytest.param({"origin": "https://rag.example", "host": "rag.example"}, False, id="behind TLS"),
        pytest.param({"origin": f"http://{HOST}.evil.example"}, True, id="a name that begins alike"),
        pytest.param({"origin": f"http://user@{HOST}"}, True, id="credentials"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH", "ODD"])
def test_a_page_of_another_origin_changes_nothing(headers: dict[str, str], refused: bool, method: str) -> None:
    assert is_cross_origin(method, Headers({"host": HOST, **headers})) is refused


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_changes_nothing_may_come_from_anywhere(method: str) -> None:
    assert not is_cross_origin(method, Headers({"host": HOST, "sec-fetch-site": "cross-site", "origin": "null"}))


@given(st.text(st.characters(codec="latin-1"), max_size=30))
def test_any_origin_but_its_own_is_another(origin: str) -> None:
    headers = Headers(raw=[(b"host", HOST.encode()), (b"origin", origin.encode("latin-1"))])
    assert is_cross_origin("POST", headers) is not origin.lower().endswith(f"://{HOST}")


def request(client: str | None = "127.0.0.1", host: str = HOST, **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in {"host": host, **headers}.items()]
    return {"type": "http", "headers": raw, "client": (client, 40000) if client else None}


@pytest.mark.parametrize(
    ("scope", "here"),
    [
        pytest.param(request(), True, id="an address"),
        pytest.param(request(host="localhost:8000"), True, id="a name"),
        pytest.param(request("::1", "[::1]:8000"), True, id="IPv6"),
        pytest.param(request("::ffff:127.0.0.1"), True, id="IPv4 in IPv6"),
        pytest.param(request("192.0.2.7"), False, id="another machine"),
        pytest.param(request(host="192.0.2.1:8000"), False, id="its address in the network"),
        pytest.param(request(host="rag.example"), False, id="another name"),
        pytest.param(request(host=""), False, id="no host"),
        pytest.param(request(host="[::1"), False, id="a malformed host"),
        pytest.param(request(None), False, id="a client without address"),
        pytest.param(request("testclient"), False, id="a client that is no address"),
        pytest.param(request(x_forwarded_for="127.0.0.1"), False, id="a proxy"),
        pytest.param(request(forwarded="for=127.0.0.1"), False, id="a proxy of RFC 7239"),
        pytest.param(request(x_real_ip="127.0.0.1"), False, id="a proxy with X-Real-IP"),
    ],
)
def test_a_request_of_this_machine(scope: dict[str, Any], here: bool) -> None:
    assert is_from_this_machine(scope) is here
