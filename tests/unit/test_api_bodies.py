"""Bodies as large as they are let in: bounds come before any work, errors are few, and every number has a bound."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.http.bodies import MAX_DEPTH, MAX_FIELDS, MAX_VALUES
from gradlab.errors import MAX_PROBLEMS, Invalid, Problem, shorten
from gradlab.frozen import STORED
from gradlab.spec import ANY_SPEC
from gradlab.spec.experiment import parse
from gradlab.spec.network import walk
from tests.builders import a_spec
from tests.unit.desk import Desk, as_json, description
from tests.unit.test_api_submitting import changed, refused

DENSE = {"kind": "dense", "units": 1}
PARAMETER = {"name": "kernel", "shape": [1]}
LAYER = {"name": "dense", "class_name": "Dense", "parameters": [PARAMETER]}
EXTERNAL = {"source": "external", "layers": [LAYER], "epochs": 10}
VALIDATE, SUBMIT = "/experiments/validate", "/experiments"


def problems_of(desk: Desk, path: str, body: object) -> dict[str, Any]:
    answer = desk.http.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert len(answer.content) < 200_000
    return dict(answer.json())


@pytest.mark.slow
def test_the_first_fifty_problems_are_named_and_the_others_counted(shared_desk: Desk):
    document = problems_of(shared_desk, VALIDATE, changed("seeds", ["x"] * 1000))
    assert [each["field"] for each in document["errors"]] == [f"seeds[{place}]" for place in range(MAX_PROBLEMS)]
    assert document["errors_omitted"] == 950
    assert document["detail"].endswith("; and 950 more")


def test_exactly_fifty_problems_are_all_named(shared_desk: Desk):
    document = problems_of(shared_desk, VALIDATE, changed("seeds", ["x"] * MAX_PROBLEMS))
    assert len(document["errors"]) == MAX_PROBLEMS
    assert "errors_omitted" not in document
    assert "more" not in document["detail"]


def test_a_spec_from_a_file_is_refused_as_shortly():
    with pytest.raises(Invalid) as refusal:
        parse(json.dumps(changed("seeds", ["x"] * 1000)))
    assert (len(refusal.value.problems), refusal.value.omitted) == (MAX_PROBLEMS, 950)


def test_problems_that_are_made_elsewhere_are_cut_as_well():
    many = Invalid(*(Problem(f"field{place}", "a number", "text") for place in range(60)))
    assert (len(many.problems), many.omitted) == (50, 10)
    assert str(many).endswith("; and 10 more")


@pytest.mark.parametrize(
    ("path", "body", "field", "expected"),
    [
        (VALIDATE, changed("seeds", list(range(10_001))), "seeds", "a length of at most 10000"),
        pytest.param(
            VALIDATE,
            changed("model.layers", [DENSE] * 16_000),
            "model.layers",
            "at most 10000 layers",
            marks=pytest.mark.slow,
        ),
        (
            VALIDATE,
            changed("model.layers", [DENSE] * 201),
            "model.layers",
            "at most 200 (the service's bound max_layer",
        ),
        (VALIDATE, changed("model.layers", [{**DENSE, "repeat": 10_000}]), "model.layers", "at most 200"),
        (VALIDATE, changed("model.layers", [None] * MAX_VALUES), "(the whole body)", "at most 50,000 values"),
        (VALIDATE, changed("model.layers", [[]] * MAX_VALUES), "(the whole body)", "lists and objects"),
        (VALIDATE, changed("dataset.train_size", 10**10), "dataset.train_size", "at most 10000000"),
        (VALIDATE, changed("training.metrics", ["accuracy"] * 101), "training.metrics", "a length of at most 100"),
        (SUBMIT, {**EXTERNAL, "seeds": [0] * 10_000}, "seeds", "each seed once"),
        pytest.param(
            SUBMIT, {**EXTERNAL, "layers": [LAYER] * 5000}, "layers", "each layer's name once", marks=pytest.mark.slow
        ),
        (SUBMIT, {**EXTERNAL, "layers": [{**LAYER, "parameters": [PARAMETER] * 9000}]}, "layers[0].parameters", "once"),
        (SUBMIT, {**EXTERNAL, "metrics": ["loss"] * 101}, "metrics", "a length of at most 100"),
        (SUBMIT, {**EXTERNAL, "layers": [{**LAYER, "output_shape": [1] * 255}]}, "layers[0].output_shape", "most 254"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_too_much_is_refused_in_one_problem(
    shared_desk: Desk, path: str, body: object, field: str, expected: str
):
    document = problems_of(shared_desk, path, body)
    assert [each["field"] for each in document["errors"]] == [field]
    assert expected in document["errors"][0]["expected"]


@pytest.mark.parametrize("axis", [2**31, 10**200, 10**4000])
def test_an_axis_beyond_all_measure_is_refused(shared_desk: Desk, axis: int):
    layer = {**LAYER, "parameters": [{"name": "kernel", "shape": [axis, 1]}]}
    document = problems_of(shared_desk, SUBMIT, {**EXTERNAL, "layers": [layer]})
    assert document["errors"][0]["field"] == "layers[0].parameters[0].shape[0]"


def test_shapes_that_an_earlier_version_took_in_stay_readable():
    layer = {**LAYER, "output_shape": [2**40], "parameters": [{"name": "kernel", "shape": [10**200, 1]}]}
    spec = ANY_SPEC.validate_json(json.dumps({**EXTERNAL, "layers": [layer]}), context=STORED)
    assert spec.layers[0].parameters[0].shape == (10**200, 1)


def test_a_shape_of_more_numbers_than_can_be_counted_is_refused(shared_desk: Desk):
    layer = {**LAYER, "parameters": [{"name": "kernel", "shape": [2**30, 2**30]}]}
    document = problems_of(shared_desk, SUBMIT, {**EXTERNAL, "layers": [layer]})
    assert document["errors"][0]["field"] == "layers[0].parameters[0].shape"
    assert "9,007,199,254,740,992 numbers" in document["errors"][0]["expected"]


def test_unknown_fields_by_the_ten_thousand_are_one_problem(shared_desk: Desk):
    unknown = {f"u{number}": 0 for number in range(MAX_FIELDS + 1)}
    document = problems_of(shared_desk, VALIDATE, as_json(a_spec()) | unknown)
    assert "at most 500 fields" in document["errors"][0]["expected"]


def test_a_name_of_a_megabyte_is_not_sent_back(shared_desk: Desk):
    for body in (changed("x" * 900_000, 0), changed("name", "x" * 900_000), changed("dataset.kind", "x" * 900_000)):
        assert len(json.dumps(problems_of(shared_desk, VALIDATE, body))) < 10_000


def nested(depth: int, inside: dict[str, Any]) -> dict[str, Any]:
    for _ in range(depth):
        inside = {"kind": "residual", "layers": [inside]}
    return inside


def test_blocks_in_blocks_are_let_in_up_to_a_depth(shared_desk: Desk):
    fits = changed("model.layers", [nested(MAX_DEPTH // 2 - 3, {"kind": "dense", "units": 2}), as_json(a_spec())])
    fits["model"]["layers"][1] = as_json(a_spec())["model"]["layers"][-1]
    assert shared_desk.http.post(VALIDATE, json=fits).status_code == 200
    deep = changed("model.layers", [nested(MAX_DEPTH // 2, DENSE)])
    assert "64 levels at most" in problems_of(shared_desk, VALIDATE, deep)["detail"]


def test_layers_inside_blocks_are_each_walked_once(monkeypatch: pytest.MonkeyPatch):
    block = nested(20, {"kind": "dense", "units": 2, "repeat": 50})
    spec = parse(json.dumps(changed("model.layers", [block, as_json(a_spec())["model"]["layers"][-1]])))
    kind, walked = type(spec.layers[0].spec), []
    shape_of = kind.output_shape
    monkeypatch.setattr(kind, "output_shape", lambda self, shape: walked.append(0) or shape_of(self, shape))
    walk(spec.model.layers, (2,))
    assert len(walked) == 51


def test_a_key_is_asked_for_before_a_body_is_read(open_desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("starlette.requests.Request.body", lambda _: pytest.fail("the body was read"))
    desk = open_desk(api_key="secret")
    for path in (SUBMIT, VALIDATE, "/experiments/triage"):
        answer = desk.http.post(path, content=b"[" * 900_000, headers={"Content-Type": "application/json"})
        assert refused(answer, 401)["detail"].startswith("send the service's key")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_seeds_of_a_treatment_are_counted_before_anything_is_drawn(shared_desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.use_cases.treatments.diagnose", lambda *_, **__: pytest.fail("diagnosed"))
    path = shared_desk.trained(a_spec())
    for seeds, expected in ((86, "at most 85: the control trains 3 times"), (10**7, "at most 10000")):
        document = problems_of(shared_desk, f"{path}/treatments", {"seeds": seeds})
        assert expected in document["errors"][0]["expected"]
    for many in ([["dropout"]] * 13_000, [["dropout"] * 61], [["dropout"] * 20, ["optimizer_adam"] * 41]):
        document = problems_of(shared_desk, f"{path}/treatments", {"remedies": many})
        assert "at most 60" in document["errors"][0]["expected"]


def test_names_by_the_thousand_in_a_query_are_refused_in_short(shared_desk: Desk):
    path = shared_desk.trained(a_spec())
    some = "&".join(f"layer=dense_{number}" for number in range(100, 1000))
    answer = shared_desk.http.get(f"{path}/gradients?{some}")
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == MAX_PROBLEMS
    assert answer.json()["errors_omitted"] == 850
    more = "&".join(["layer=dense_1"] * 1001)
    assert "at most 1000" in refused(shared_desk.http.get(f"{path}/gradients?{more}"))["detail"]


def test_a_received_value_is_cut_however_large_it_is():
    assert shorten([1, "a", None, {"b": (1.5,)}, ()]) == "[1, 'a', None, {'b': (1.5,)}, ()]"
    assert shorten([[0] * 10**6] * 10**6).startswith("[[0, 0,")
    assert len(shorten({"x" * 10**6: 0})) == 80
    assert shorten(10**5000) == "a number of 16610 bits"


def bounded(schema: dict[str, Any], where: str, schemas: dict[str, Any], seen: set[str]) -> Iterator[str]:
    """The parts of a request's schema that have no bound."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name not in seen:
            seen.add(name)
            yield from bounded(schemas[name], name, schemas, seen)
        return
    kind = schema.get("type")
    if kind == "integer" and not {"const", "enum"} & {*schema}:
        yield from (where for end in ("inimum", "aximum") if not any(each.endswith(end) for each in schema))
    if kind == "array" and not {"maxItems", "prefixItems"} & {*schema}:
        yield where
    if kind == "object" and schema.get("additionalProperties") and "maxProperties" not in schema:
        yield where
    parts = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("prefixItems", ())]
    parts += [each for each in (schema.get("items"), schema.get("additionalProperties")) if isinstance(each, dict)]
    for part in parts:
        yield from bounded(part, where, schemas, seen)
    for name, part in schema.get("properties", {}).items():
        yield from bounded(part, f"{where}.{name}", schemas, seen)


@pytest.mark.slow
def test_every_number_and_every_list_of_a_request_has_a_bound():
    document = description()
    schemas, unbounded, seen = document["components"]["schemas"], set(), set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            asked = [(each["name"], each["schema"]) for each in operation.get("parameters", ())]
            if "application/json" in operation.get("requestBody", {}).get("content", {}):  # else the bytes of a file
                asked.append(("body", operation["requestBody"]["content"]["application/json"]["schema"]))
            for name, schema in asked:
                unbounded |= {*bounded(schema, f"{method} {path} {name}", schemas, seen)}
    # Numbers that are taken as they come: the body's length is their bound.
    assert unbounded == {"SeriesRequest.metrics", "SeriesRequest.series"}
