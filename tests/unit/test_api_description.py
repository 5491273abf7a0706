"""The OpenAPI document: valid, short names, nothing that generators of clients drop, and every method of a path."""

import json
import re
from typing import Any

import pytest

from tests.unit.desk import Desk
from tests.unit.test_api_query import NOBODY
from tests.unit.test_api_submitting import refused

pytestmark = pytest.mark.slow  # the document is made first: more than a second


@pytest.fixture(scope="module")
def description(shared_desk: Desk) -> dict[str, Any]:
    """The document as it is sent."""
    document: dict[str, Any] = shared_desk.http.get("/openapi.json").json()
    return document


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of every route."""
    return [(method, path, each) for path, methods in description["paths"].items() for method, each in methods.items()]


def errors(description: dict[str, Any]) -> list[str]:
    """The errors of a document."""
    from openapi_spec_validator import OpenAPIV31SpecValidator  # here, for it loads slowly

    found = OpenAPIV31SpecValidator(description).iter_errors()
    return [f"{list(error.absolute_path)}: {error.message}" for error in found]


def test_the_document_is_valid(description: dict[str, Any]):
    assert errors(description) == []


def test_a_document_that_is_invalid_is_seen(description: dict[str, Any]):
    broken = json.loads(json.dumps(description))
    broken["paths"]["/experiments"]["get"]["responses"]["200"]["headers"] = {"ETag": {}}
    assert errors(broken)


def test_operations_have_short_names_that_are_unique(description: dict[str, Any]):
    names = [operation["operationId"] for *_, operation in operations(description)]
    assert len(set(names)) == len(names)
    assert {"submit", "list_experiments", "get_experiment", "diagnose", "treat", "gradients"} <= set(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+){0,2}", name) for name in names)


def test_a_schema_has_one_form_and_its_defaults_are_plain(description: dict[str, Any]):
    """Generators drop a schema that has a default which is an object, and one of two with the same title."""
    schemas = description["components"]["schemas"]
    assert "ExperimentSpec" in schemas
    assert not [name for name in schemas if re.search("-(Input|Output)$", name)]
    fields = [field for schema in schemas.values() for field in schema.get("properties", {}).values()]
    assert not [field for field in fields if isinstance(field.get("default"), dict)]
    assert (
        'By default `{"kind": "glorot_uniform"}`' in schemas["Dense"]["properties"]["kernel_initializer"]["description"]
    )
    assert schemas["Dense"]["properties"]["use_bias"]["default"] is True


def test_every_answer_that_may_be_not_modified_names_its_etag(description: dict[str, Any]):
    for method, path, operation in operations(description):
        for status in ("200", "304"):
            named = "ETag" in operation["responses"].get(status, {}).get("headers", {})
            assert named is ("304" in operation["responses"]), (method, path, status)


def test_allow_names_every_method_of_a_path_and_no_other(shared_desk: Desk, description: dict[str, Any]):
    paths = {path: set(methods) for path, methods in description["paths"].items()}
    paths |= {page: {"get"} for page in ("/", "/docs", "/openapi.json", "/static/icon.svg")}
    for path, methods in paths.items():
        there = re.sub(r"\{\w+\}", NOBODY, path.replace("{form}", "svg").replace("{seed}", "0"))
        expected = {method.upper() for method in methods} | ({"HEAD"} if "get" in methods else set())
        for method in ("OPTIONS", "PATCH", "TRACE"):
            answer = shared_desk.http.request(method, there)
            refused(answer, 405)
            assert set(answer.headers["Allow"].split(", ")) == expected, path


@pytest.mark.parametrize("path", ["/livez", "/experiments", "/catalogue", "/", "/static/icon.svg"])
def test_head_is_answered_as_allow_says(shared_desk: Desk, path: str):
    answer = shared_desk.http.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
