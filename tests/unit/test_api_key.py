"""The service's key: what is answered without it, and that everything else is not."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from api.app import create_app
from tests.unit.desk import Desk, description

# The whole of what decision 51 opens: pages, their own files, the API's description, and probes.
OPEN = {"/", "/docs", "/openapi.json", "/static", "/static/dashboard", "/livez", "/readyz"}
VALUES = {"seed": 0, "name": "history", "form": "svg"}
VALUES |= dict.fromkeys(("experiment_id", "treatment_id", "study_id"), UUID(int=0))
VALUES |= dict.fromkeys(("dataset_id", "weights_id"), f"sha256:{0:064}")


def routes(desk: Desk) -> Iterator[tuple[str, str]]:
    """Methods and paths of all routes of the application, with values in place of parameters."""
    for route in iter_route_contexts(desk.http.app.routes):
        path = re.sub(r"\{(\w+)(:\w+)?\}", lambda match: str(VALUES[match[1]]), route.path)
        for method in ("GET",) if isinstance(route.original_route, Mount) else route.methods:
            yield method, path


@pytest.mark.slow
@pytest.mark.parametrize("key", [None, "Bearer wrong"])
def test_every_route_with_data_demands_the_key(open_desk, key):
    desk = open_desk(api_key="secret")
    headers = {"Authorization": key} if key else {}
    asked = [(method, path) for method, path in routes(desk) if path not in OPEN]
    assert len(asked) >= 36
    for method, path in asked:
        answer = desk.http.request(method, path, headers=headers, content=b"{" if method != "GET" else None)
        assert (method, path, answer.status_code) == (method, path, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert {path for _, path in routes(desk)} - {path for _, path in asked} == OPEN


@pytest.mark.slow
def test_what_is_open_says_the_same_whatever_the_service_holds(open_desk):
    """Answers without the key depend on the version alone, but for the words of `/readyz`."""
    desk = open_desk(api_key="secret", hosts="lab.example.org")
    assert create_app(desk.settings).openapi() == description()  # which stands for it at every desk
    before = [desk.http.get(path).content for path in sorted(OPEN)]
    desk.submit(None, Authorization="Bearer secret")
    assert [desk.http.get(path).content for path in sorted(OPEN)] == before
    said = b"".join(before)
    assert not any(word in said for word in (b"secret", b"lab.example.org", str(desk.settings.data_dir).encode()))
