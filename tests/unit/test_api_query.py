"""Query parameters: what a route does not know is refused by name, and so is what it would ignore."""

import re
from typing import Any

import pytest

from tests.builders import a_spec
from tests.unit.desk import Desk, description
from tests.unit.test_api_submitting import refused

pytestmark = pytest.mark.slow  # the API's description is made first: more than a second

NOBODY = "00000000-0000-4000-8000-000000000000"
PAGES = {("get", "/"): {}, ("get", "/docs"): {}, ("get", "/openapi.json"): {}}


@pytest.fixture(scope="module")
def operations() -> dict[tuple[str, str], dict[str, bool]]:
    """Method and path of every route, and its query parameters: whether each is repeatable."""
    paths = description()["paths"]
    return {
        (method, path): {
            each["name"]: each["schema"].get("type") == "array"
            for each in operation.get("parameters", [])
            if each["in"] == "query"
        }
        for path, methods in paths.items()
        for method, operation in methods.items()
    } | PAGES


def problems(desk: Desk, method: str, path: str, query: str) -> list[dict[str, Any]]:
    """Problems of a refused query."""
    there = re.sub(r"\{\w+\}", NOBODY, path.replace("{form}", "svg").replace("{seed}", "0"))
    found: list[dict[str, Any]] = refused(desk.http.request(method, f"{there}?{query}"))["errors"]
    return found


def test_an_unknown_parameter_is_refused_by_name_with_the_nearest_that_is_known(
    shared_desk: Desk, operations: dict[tuple[str, str], dict[str, bool]], subtests: pytest.Subtests
):
    assert len(operations) > 30
    for (method, path), known in operations.items():
        with subtests.test(method=method, path=path):
            (problem,) = problems(shared_desk, method, path, "colour=red")
            assert (problem["field"], problem["received"]) == ("colour", "'red'")
            assert all(name in problem["expected"] for name in known or ["no query parameters"])
            for name in known:
                (problem,) = problems(shared_desk, method, path, f"{name[:-1]}=5")
                assert f"did you mean {name}?" in problem["expected"]


def test_a_parameter_with_one_value_is_refused_where_it_comes_twice(
    shared_desk: Desk, operations: dict[tuple[str, str], dict[str, bool]], subtests: pytest.Subtests
):
    single = [(*route, name) for route, known in operations.items() for name in known if not known[name]]
    assert len(single) > 20
    for method, path, name in single:
        with subtests.test(method=method, path=path, name=name):
            (problem,) = problems(shared_desk, method, path, f"{name}=5&{name}=6")
            assert problem == {"field": name, "expected": "one value", "received": "['5', '6']"}


@pytest.mark.parametrize("query", ["=5", "%00=5", "limit%20=5", "LIMIT=5", "limit[]=5"])
def test_a_name_that_is_nearly_one_is_none(shared_desk: Desk, query: str):
    assert len(problems(shared_desk, "get", "/experiments", query)) == 1


def test_every_unknown_parameter_is_named(shared_desk: Desk):
    found = problems(shared_desk, "get", "/experiments", "limt=5&a=1&a=2&limit=7&staus=failed")
    assert [each["field"] for each in found] == ["limt", "a", "staus"]


def test_the_key_is_asked_for_first(open_desk):
    assert open_desk(api_key="key").http.get("/experiments?limt=5").status_code == 401


def test_a_repeated_status_is_a_union(desk: Desk):
    queued, cancelled = desk.submit(), desk.submit()
    desk.http.post(f"{cancelled}/cancel")
    completed = desk.trained(a_spec())

    def listed(query: str) -> list[str]:
        found = desk.http.get(f"/experiments?{query}").json()["experiments"]
        return [f"/experiments/{each['id']}" for each in found]

    assert listed("status=queued&status=cancelled") == [cancelled, queued]
    assert listed("status=completed&status=queued&status=queued") == [completed, queued]
    assert listed("status=failed&status=running") == []
    assert listed("") == [completed, cancelled, queued]
    first = desk.http.get("/experiments?status=queued&status=cancelled&limit=1").json()
    second = desk.http.get(first["next"]).json()
    assert [each["id"] for each in second["experiments"]] == [queued.rpartition("/")[2]]
    (problem,) = refused(desk.http.get("/experiments?status=queued&status=asleep"))["errors"]
    assert (problem["field"], problem["received"]) == ("status", "'asleep'")
