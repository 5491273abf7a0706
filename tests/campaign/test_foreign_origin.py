"""Pages of other origins, and names that were made to resolve to this machine, against a real service without a key."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

SENT = {
    "source": "external",
    "name": "foreign origin",
    "layers": [{"name": "dense", "class_name": "Dense", "parameters": [{"name": "kernel", "shape": [1]}]}],
    "epochs": 5,
}
CROSS_SITE = {"Origin": "http://elsewhere.example", "Sec-Fetch-Site": "cross-site"}


def call(url: str, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of one request, with a `Host` that a library would not let through."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    text = None if body is None else json.dumps(body)
    content = {} if body is None else {"Content-Type": "application/json"}
    connection.request(method, path, text, content | headers)
    with connection.getresponse() as response:
        received = response.read()
    connection.close()
    return response.status, json.loads(received) if received else None


@pytest.fixture
def path(live_api: str) -> str:
    """An experiment that nobody but its sender may change."""
    status, made = call(live_api, "POST", "/experiments", SENT)
    assert status == 202
    return f"/experiments/{made['id']}"


def test_a_foreign_page_changes_nothing(live_api: str, path: str):
    for method, place in (("POST", "/cancel"), ("POST", "/treatments"), ("DELETE", ""), ("POST", "/runs/0/end")):
        for headers in (CROSS_SITE, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}):
            assert call(live_api, method, path + place, **headers)[0] == 403
    assert call(live_api, "POST", "/experiments", SENT, **CROSS_SITE)[0] == 403
    assert call(live_api, "GET", path)[1]["status"] == "running"


def test_a_rebound_name_reads_and_changes_nothing(live_api: str, path: str):
    rebound = {"Host": f"elsewhere.example:{urlsplit(live_api).port}"}
    own = rebound | {"Origin": f"http://{rebound['Host']}", "Sec-Fetch-Site": "same-origin"}
    _, before = call(live_api, "GET", "/experiments")
    for place in ("/experiments", path, f"{path}/events", "/", "/livez", "/static/icon.svg"):
        status, problem = call(live_api, "GET", place, **rebound)
        assert (status, problem["status"]) == (421, 421)
    assert call(live_api, "POST", "/experiments", SENT, **own)[0] == 421
    assert call(live_api, "DELETE", path, **own)[0] == 421
    assert call(live_api, "GET", "/experiments")[1] == before


def test_a_request_without_any_name_is_refused(live_api: str):
    """HTTP/1.0 asks for no `Host`, and so does a client that leaves it empty."""
    netloc = urlsplit(live_api)
    assert netloc.hostname
    connection = http.client.HTTPConnection(netloc.netloc, timeout=30)
    connection.putrequest("GET", "/experiments", skip_host=True)
    connection.putheader("Host", "")
    connection.endheaders()
    assert connection.getresponse().status == 421
    connection.close()
