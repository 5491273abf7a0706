"""The service answers to its own names, and pages of its own origins may write."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api.http.origins import Authority
from core.settings import Settings
from tests.builders import a_spec
from tests.unit.desk import Desk, as_json, description
from tests.unit.test_api_submitting import refused

pytestmark = pytest.mark.slow  # all of its tests: more than a second

READS = ["/", "/docs", "/openapi.json", "/livez", "/readyz", "/catalogue", "/experiments", "/static/icon.svg", "/no"]
FOREIGN_NAMES = [
    "elsewhere.example",
    "elsewhere.example:8000",
    "localhost.elsewhere.example",
    "elsewhere.example.localhost.",
    "127.0.0.1.elsewhere.example",
    "0.0.0.0:8000",
    "[::]:8000",
    "10.0.0.1:8000",
    "128.0.0.1",
    "localhost@elsewhere.example",
    "localhost, elsewhere.example",
    "elsewhere.example#@localhost",
    "localhost:port",
    "::1",
    "[::1",
    "",
    ".",
    ":8000",
]
OWN_NAMES = ["localhost", "LOCALHOST.:8000", "127.0.0.1:1", "127.9.9.9", "[::1]:8000", "[::1]", "[::ffff:127.0.0.1]:80"]
FOREIGN_ORIGINS = [
    {"Origin": "http://elsewhere.example"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Origin": "http://localhost"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "file://localhost:8000"},
    {"Origin": "http://localhost:8000.elsewhere.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "something new"},
    {"Origin": "http://elsewhere.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "cross-site"},
]
OWN_ORIGINS = [
    {},
    {"Origin": "http://localhost:8000"},
    {"Origin": "HTTP://LocalHost.:8000", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "https://localhost:8000"},
    {"Sec-Fetch-Site": "none"},
]


@pytest.mark.parametrize("host", FOREIGN_NAMES)
def test_a_name_that_is_not_the_services_is_refused_whatever_is_asked_for(shared_desk: Desk, host: str):
    for path in READS:
        problem = refused(shared_desk.http.get(path, headers={"Host": host}), 421)
        assert "GRADLAB_HOSTS" in problem["detail"]
        assert host in problem["detail"]
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        refused(shared_desk.http.request(method, "/experiments", headers={"Host": host}), 421)
    assert shared_desk.http.head("/livez", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", OWN_NAMES)
def test_loopback_names_and_addresses_are_the_services(shared_desk: Desk, host: str):
    assert shared_desk.http.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("name", [b"", b"localhost"])
def test_a_request_with_no_host_or_with_two_is_refused(desk: Desk, name: bytes):
    hosts = [(b"host", name), (b"host", b"localhost")] if name else []
    assert answered(desk, headers=hosts) == 421
    assert answered(desk, headers=[(b"host", b"localhost")]) == 200


@pytest.mark.parametrize(("server", "status"), [(("192.0.2.7", 8000), 200), (("192.0.2.8", 80), 421), (None, 421)])
def test_the_address_at_which_a_connection_came_in_is_the_services(desk: Desk, server: object, status: int):
    assert answered(desk, headers=[(b"host", b"192.0.2.7:8000")], server=server) == status


def answered(desk: Desk, **changed: Any) -> int:
    """The status of GET /livez with another scope than a client could make."""
    statuses: list[int] = []
    inner = desk.http.app

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def noted(message: Any) -> None:
            statuses.extend([message["status"]] if message["type"] == "http.response.start" else [])
            await send(message)

        await inner({**scope, **changed}, receive, noted)

    TestClient(app).get("/livez")
    return statuses[0]


@pytest.mark.parametrize(
    ("hosts", "host", "status"),
    [
        ("lab.example.org", "LAB.example.org:8000", 200),
        ("Lab.Example.org., api,", "lab.example.org", 200),
        ("lab.example.org, api,", "api:8000", 200),
        ("lab.example.org", "example.org", 421),
        ("lab.example.org", "more.lab.example.org", 421),
        ("*.example.org", "more.lab.example.org", 200),
        ("*.example.org", "example.org", 421),
        ("*.example.org", "elsewhereexample.org", 421),
        ("192.0.2.7, ::2", "192.0.2.7", 200),
        ("192.0.2.7, ::2", "[::2]:8000", 200),
        ("*", "elsewhere.example", 200),
        ("", "elsewhere.example", 421),
    ],
)
def test_listed_names_are_the_services(open_desk: Callable[..., Desk], hosts: str, host: str, status: int):
    desk = open_desk(hosts=hosts)
    assert desk.http.get("/livez", headers={"Host": host}).status_code == status
    assert desk.http.get("/livez", headers={"Host": "localhost"}).status_code == 200


def test_the_host_that_the_service_listens_on_is_its_own(open_desk: Callable[..., Desk]):
    desk = open_desk(host="lab.example.org", api_key="key")
    assert desk.http.get("/livez", headers={"Host": "lab.example.org:8000"}).status_code == 200
    assert desk.http.get("/livez", headers={"Host": "elsewhere.example"}).status_code == 421


@pytest.mark.parametrize("hosts", ["http://lab", "lab:8000", "lab/", "*.*", "a b", "*lab"])
def test_a_listed_name_that_is_none_is_refused(hosts: str):
    with pytest.raises(ValidationError, match=r"hosts[\s\S]*without port"):
        Settings(_env_file=None, hosts=hosts)


@pytest.mark.parametrize("foreign", FOREIGN_ORIGINS, ids=str)
def test_a_page_of_another_origin_may_not_write(desk: Desk, foreign: dict[str, str]):
    path = desk.submit()
    headers = {"Host": "localhost:8000", **foreign}
    for method, call in (("POST", "/cancel"), ("POST", "/treatments"), ("DELETE", ""), ("PUT", "/runs/0/series")):
        assert "origin" in refused(desk.http.request(method, path + call, headers=headers), 403)["detail"]
    refused(desk.http.post("/experiments", json=as_json(a_spec()), headers=headers), 403)
    assert desk.http.get(path, headers=headers).json()["status"] == "queued"


@pytest.mark.parametrize("own", OWN_ORIGINS, ids=str)
def test_the_services_own_pages_and_clients_that_are_no_browsers_write(desk: Desk, own: dict[str, str]):
    assert desk.http.post(f"{desk.submit()}/cancel", headers={"Host": "localhost:8000", **own}).status_code == 200


def test_a_key_does_not_replace_the_checks(open_desk: Callable[..., Desk]):
    desk = open_desk(api_key="key", hosts="lab.example.org")
    path = desk.submit(Authorization="Bearer key")
    key = {"Authorization": "Bearer key"}
    refused(desk.http.get(path, headers={**key, "Host": "elsewhere.example"}), 421)
    refused(desk.http.post(f"{path}/cancel", headers={**key, "Origin": "http://elsewhere.example"}), 403)


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://lab.example.org", 200), ("https://elsewhere.example", 403), ("http://localhost", 403)],
)
def test_a_proxy_may_pass_on_another_host_than_the_page_has(open_desk: Callable[..., Desk], origin: str, status: int):
    desk = open_desk(hosts="lab.example.org")
    headers = {"Host": "127.0.0.1:8000", "Origin": origin, "Sec-Fetch-Site": "same-origin"}
    assert desk.http.post(f"{desk.submit()}/cancel", headers=headers).status_code == status


def test_letting_all_names_through_lets_no_foreign_page_write(open_desk: Callable[..., Desk]):
    desk = open_desk(hosts="*")
    headers = {"Host": "lab.example.org", "Origin": "http://elsewhere.example"}
    refused(desk.http.post(f"{desk.submit()}/cancel", headers=headers), 403)


@pytest.mark.slow
def test_refusals_are_in_the_description():
    for operations in description()["paths"].values():
        for method, operation in operations.items():
            assert "421" in operation["responses"]
            assert ("403" in operation["responses"]) is (method != "get")


def test_names_are_compared_without_case_and_final_dot():
    assert Authority.parse("[FE80::1]:80") == Authority("fe80::1", 80)
    assert Authority.parse("Lab.Example.org.:8000") == Authority("lab.example.org", 8000)
