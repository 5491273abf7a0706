"""Submitting and validating: what is accepted, what is refused and with which words."""

import json
import math
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from core.plan.calibration import Record
from core.plan.cost import Measured
from core.plan.estimate import plan
from core.use_cases.experiments import sweep
from gradlab.errors import Unavailable
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.builders import Bell, a_spec
from tests.graphs import dense, graph_fields, node, shared
from tests.unit.desk import Desk, as_json

JSON = {"Content-Type": "application/json"}
DENSE = {"kind": "dense", "units": 3, "activation": "relu"}


@pytest.fixture(scope="module")
def refusing(shared_desk: Desk) -> Iterator[Desk]:
    """One desk for everything that is refused: it keeps nothing."""
    yield shared_desk
    assert shared_desk.bell.rung == []
    assert shared_desk.store.page(limit=1).experiments == ()


def changed(path: str, value: object) -> dict[str, Any]:
    """A sound spec with one field changed."""
    spec = as_json(a_spec())
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target: Any = spec
    for part in parents:
        target = target[part]
    target[last] = value
    return spec


def refused(answer: Any, status: int = 422) -> dict[str, Any]:
    """The problem document of an answer, checked for form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.text, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    assert document.keys() == {"type", "title", "status", "detail", "instance", "errors"}
    assert document["status"] == status
    assert all(each.keys() == {"field", "expected", "received"} for each in document["errors"])
    return document


def test_a_submitted_experiment_is_kept_and_the_bell_rung(desk: Desk):
    answer = desk.http.post("/experiments", json=as_json(a_spec(seeds=(0, 5))))
    assert answer.status_code == 202
    experiment = answer.json()
    assert answer.headers["Location"] == f"/experiments/{experiment['id']}"
    assert experiment["status"] == "queued"
    assert experiment["progress"] == {"epochs_done": 0, "epochs_total": 12}
    assert [run["seed"] for run in experiment["runs"]] == [0, 5]
    assert desk.bell.rung == [uuid.UUID(experiment["id"])]
    assert desk.http.get(answer.headers["Location"]).json() == experiment


def test_a_validated_spec_is_counted_and_nothing_is_queued(desk: Desk):
    answer = desk.http.post("/experiments/validate", json=as_json(a_spec(layers=2, units=3)))
    assert answer.status_code == 200
    said = answer.json()
    assert said["spec"] == as_json(a_spec(layers=2, units=3))
    first, last = said["layers"]
    assert (first["layer"], first["input_shape"], first["output_shape"]) == ("dense_1", [2], [3])
    assert [(each["parameter"], each["shape"], each["count"]) for each in first["tensors"]] == [
        ("kernel", [2, 3], 6),
        ("bias", [3], 3),
    ]
    assert (first["parameters"], last["parameters"], said["estimate"]["parameters"]) == (9, 4, 13)
    # In each of 7 epochs metrics, 8 statistics of 4 gradients and 7 of 4 weights, 10 of 2 activations, 2 of 2 signals,
    # 32 × 32 points of a boundary; in epoch 0 histograms of 4 gradients and 4 weights; 13 numbers of networks twice.
    each = len(a_spec().layout.metrics) + 8 * 4 + 7 * 4 + 10 * 2 + 2 * 2 + 32 * 32
    assert said["estimate"]["series_bytes"] == 4 * (7 * each + 51 * (4 + 4) + 2 * 13)
    assert said["estimate"]["seconds"] > 0
    assert said["estimate"]["source"] == "shipped calibration"
    assert desk.bell.rung == []
    assert desk.http.get("/experiments").json()["experiments"] == []


@pytest.mark.slow
def test_a_graph_is_validated_queued_and_answered_as_a_chain_is(desk: Desk):
    nodes = [
        node("left", dense(4), "input"),
        shared("right", "left", "input"),
        node("both", "add", "left", "right"),
        node("out", dense(1, "sigmoid"), "both"),
    ]
    body = graph_fields(nodes)
    said = desk.http.post("/experiments/validate", json=body).json()
    assert [(each["layer"], each["inputs"], each["shares"]) for each in said["layers"]] == [
        ("left", ["input"], None),
        ("right", ["input"], "left"),
        ("both", ["left", "right"], None),
        ("out", ["both"], None),
    ]
    assert said["estimate"]["parameters"] == 4 * (2 + 1) + 4 + 1
    experiment = desk.trained(ExperimentSpec.model_validate(body))
    series = desk.http.get(f"{experiment}/signals?statistic=rms").json()
    assert [each["layer"] for each in series["layers"]] == ["left", "right", "both", "out"]
    assert desk.http.get(f"{experiment}/diagnosis").status_code == 200
    wrong = graph_fields([*nodes[:3], node("out", dense(1), "bth")])
    (problem,) = refused(desk.http.post("/experiments", json=wrong))["errors"]
    assert (problem["field"], problem["received"]) == ("model.nodes[3].inputs[0]", "bth")


def test_estimates_follow_the_records_of_the_machines_that_took_work_lately(desk: Desk):
    body = as_json(a_spec(epochs=50))
    shipped = desk.http.post("/experiments/validate", json=body).json()["estimate"]
    planned = plan(a_spec(epochs=50))
    for _ in range(20):
        took = Measured(
            4 * shipped["compile_seconds"], 4 * (shipped["seconds"] - shipped["compile_seconds"]), 1, 50, None
        )
        desk.store.costs.add(Record("slow", planned, took))
    now = desk.http.post("/experiments/validate", json=body).json()["estimate"]
    assert now["source"] == "records of 1 machine"
    assert now["seconds"] == pytest.approx(4 * shipped["seconds"])
    low, high = now["seconds_interval"]
    assert low <= now["seconds"] <= high
    assert now["memory_interval"] == shipped["memory_interval"]


def test_without_a_database_the_shipped_calibration_speaks(desk: Desk, monkeypatch):
    def away():
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(desk.store.costs, "recent", away)
    answer = desk.http.post("/experiments/validate", json=as_json(a_spec()))
    assert (answer.status_code, answer.json()["estimate"]["source"]) == (200, "shipped calibration")


def test_the_same_key_and_spec_are_the_same_experiment(desk: Desk):
    first = desk.submit(a_spec(), **{"Idempotency-Key": "monday"})
    assert desk.submit(a_spec(), **{"Idempotency-Key": "monday"}) == first
    assert desk.submit(a_spec(), **{"Idempotency-Key": "tuesday"}) != first
    assert desk.submit(a_spec()) != first
    assert len(desk.bell.rung) == 3


def test_the_same_key_for_another_spec_is_a_conflict(desk: Desk):
    desk.submit(a_spec(), **{"Idempotency-Key": "monday"})
    answer = desk.http.post("/experiments", json=as_json(a_spec(units=4)), headers={"Idempotency-Key": "monday"})
    refused(answer, 409)
    assert len(desk.bell.rung) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "two\tparts"])
def test_a_key_that_is_no_key_is_refused(refusing: Desk, key: str):
    document = refused(refusing.http.post("/experiments", json=as_json(a_spec()), headers={"Idempotency-Key": key}))
    assert document["errors"][0]["field"].lower() == "idempotency-key"


@pytest.mark.parametrize(
    ("path", "value", "field", "expected", "received"),
    [
        ("dataset.kind", "circels", "dataset", "did you mean circles?", "'circels'"),
        ("model.layers.0.kind", "dens", "model.layers[0]", "did you mean dense?", "'dens'"),
        ("model.layers.0.activation", "tahn", "model.layers[0].activation", "did you mean tanh?", "'tahn'"),
        ("model.layers.0.unit", 5, "model.layers[0].unit", "no such field", "5"),
        ("training.optimizer.learning_rate", math.nan, "training.optimizer.learning_rate", "finite", "nan"),
        ("training.optimizer.learning_rate", math.inf, "training.optimizer.learning_rate", "finite", "inf"),
        ("training.optimizer.learning_rate", -1.0, "training.optimizer.learning_rate", "above 0", "-1.0"),
        ("training.epochs", -1, "training.epochs", "at least 0", "-1"),
        ("training.epochs", 10**400, "training.epochs", "10000000", "1000"),
        ("model.layers.0.units", 10**9, "model.layers[0].units", "1000000", "1000000000"),
        ("model.layers", [], "model.layers", "at least 1", "[]"),
        pytest.param(
            *("model.layers", [DENSE] * 10_001, "model.layers", "at most 10000 layers", "10001"), marks=pytest.mark.slow
        ),
        ("seeds", [math.nan], "seeds[0]", "integer", "nan"),
        ("name", "a\x00b", "name", "control characters", "'a\\x00b'"),
        ("name", "\ud800", "name", "", "\\ud800"),
    ],
)
@pytest.mark.parametrize("call", ["/experiments", "/experiments/validate"])
def test_a_bad_field_is_named_with_what_was_expected_and_received(
    refusing: Desk, call: str, path: str, value: object, field: str, expected: str, received: str
):
    answer = refusing.http.post(call, content=json.dumps(changed(path, value)), headers=JSON)
    problem = refused(answer)["errors"][0]
    assert problem["field"] == field
    assert expected in problem["expected"]
    assert received in problem["received"]
    assert len(answer.content) < 2_000


def test_every_problem_is_told_at_once(refusing: Desk):
    spec = changed("training.epochs", -1) | {"seeds": [-1], "color": "red"}
    fields = [each["field"] for each in refused(refusing.http.post("/experiments", json=spec))["errors"]]
    assert sorted(fields) == ["color", "seeds[0]", "training.epochs"]


def test_a_field_whose_name_is_no_text_is_refused_in_valid_json(refusing: Desk):
    body = json.dumps(as_json(a_spec()) | {"\ud800": 1})
    assert refused(refusing.http.post("/experiments", content=body, headers=JSON))["errors"]


def test_a_spec_beyond_the_bounds_is_told_which_and_by_how_much(open_desk):
    desk = open_desk(max_epochs=100, max_seeds=2)
    spec = as_json(a_spec(epochs=250, seeds=(0, 1, 2)))
    for call in ("/experiments", "/experiments/validate"):
        problems = refused(desk.http.post(call, json=spec))["errors"]
        assert [each["field"] for each in problems] == ["training.epochs", "seeds"]
        assert "max_epochs" in problems[0]["expected"]
        assert problems[0]["received"] == "250, 2.5 times as much"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1, 2", b"nonsense", b"\xff\xfe", b"[" * 100_000, b"9" * 50_000, b"null", b"[]", b'"text"', b"NaN"],
    ids=repr,
)
def test_a_body_that_is_no_spec_is_refused(refusing: Desk, body: bytes):
    assert refused(refusing.http.post("/experiments", content=body, headers=JSON))["errors"]


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_does_not_call_itself_json_is_refused(refusing: Desk, content_type: str | None):
    headers = {"Content-Type": content_type} if content_type else {}
    answer = refusing.http.post("/experiments", content=json.dumps(as_json(a_spec())), headers=headers)
    assert "Content-Type: application/json" in refused(answer, 415)["detail"]


def chunks(size: int):
    """A body in pieces, sent without Content-Length."""
    for _ in range(size // 10_000):
        yield b" " * 10_000


@pytest.mark.parametrize("call", ["/experiments", "/experiments/validate"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_ten_megabytes_is_refused(refusing: Desk, call: str, chunked: bool):
    body = chunks(10_000_000) if chunked else b" " * 10_000_000
    assert "1,000,000 bytes" in refused(refusing.http.post(call, content=body, headers=JSON), 413)["detail"]


def test_a_body_whose_declared_length_is_a_lie_is_refused(refusing: Desk):
    answer = refusing.http.post("/experiments", content=chunks(2_000_000), headers=JSON | {"Content-Length": "10"})
    refused(answer, 413)


def test_a_body_just_below_the_limit_is_read(desk: Desk):
    text = json.dumps(as_json(a_spec()))
    padded = text.ljust(desk.settings.max_body_bytes)
    assert desk.http.post("/experiments", content=padded, headers=JSON).status_code == 202


def test_a_broker_that_is_away_does_not_matter(desk: Desk, requeue_after):
    def no_answer(_: object) -> None:
        raise Unavailable("The broker does not answer.")

    desk.bell.rings = no_answer
    path = desk.submit()
    assert desk.http.get(path).json()["status"] == Status.queued
    later = Bell()
    assert sweep(store=desk.store, queue=later, requeue_after=requeue_after) == 1
    assert [f"/experiments/{each}" for each in later.rung] == [path]


def test_a_database_that_is_away_is_said_to_be(open_desk, tmp_path):
    desk = open_desk(database_url=f"sqlite:///{tmp_path}/nowhere/lab.db")
    for answer in (desk.http.post("/experiments", json=as_json(a_spec())), desk.http.get("/experiments")):
        assert "database" in refused(answer, 503)["detail"]
        assert int(answer.headers["Retry-After"]) > 0
    assert desk.http.post("/experiments/validate", json=as_json(a_spec())).status_code == 200
