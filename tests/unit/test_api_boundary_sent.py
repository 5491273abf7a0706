"""The decision boundary of a training elsewhere over HTTP: sent with its axes, and shown as that of any other one."""

from typing import Any

import numpy as np
import pytest

from gradlab.client.connection import Refused
from gradlab.measurement.plane import Plane
from tests.builders import a_spec, an_external_spec, measured
from tests.unit.desk import Desk, client_of

LOSS = {"kind": "binary_crossentropy", "from_logits": True}
SPEC = an_external_spec(seeds=(3, 8), loss=LOSS)
X, Y = np.linspace(-1, 1, 32, dtype=np.float32), np.linspace(0, 5, 32, dtype=np.float32)


def plane(units: int = 1, x: np.ndarray = X) -> Plane:
    outputs = np.random.default_rng(units).normal(size=(units, 32, 32)).astype(np.float32)
    outputs[0, 4, 7] = np.nan
    return Plane(x, Y, outputs)


def sent(desk: Desk, epochs: int = 4, **more: Any) -> str:
    """The id of an experiment with epochs of both runs."""
    spec = an_external_spec(seeds=(3, 8), **({"loss": LOSS} | more))
    it = desk.submit(spec).rpartition("/")[2]
    for seed in spec.seeds:
        history = measured(spec, seed, 1, epochs)
        metrics = dict(zip(history.layout.metrics, history.metrics.T, strict=True))
        client_of(desk).send(it, seed, from_epoch=1, metrics=metrics, series=history.series)
    return it


def charts(desk: Desk, it: str) -> list[str]:
    return [each["name"] for each in desk.http.get(f"/experiments/{it}/charts").json()["charts"]]


@pytest.mark.slow
def test_what_is_sent_is_answered_and_drawn(desk: Desk):
    it, client = sent(desk), client_of(desk)
    assert "boundary" not in charts(desk, it)
    with pytest.raises(Refused, match="sender has sent none"):
        client.boundary(it)
    for outputs in (Plane(X, Y, np.zeros((1, 32, 32), np.float32)), plane()):  # the second takes the first's place
        client.send_boundary(it, 3, 4, outputs)
    answer = client.boundary(it)
    assert (answer["epochs"].tolist(), answer["lengths"].tolist()) == ([4], [1, 0])
    np.testing.assert_array_equal(answer["values"][0, 0], plane().outputs)
    np.testing.assert_array_equal([answer["x"], answer["y"]], [X, Y])
    assert float(answer["threshold"]) == 0
    assert client.boundary(it, seed=8)["values"].size == 0
    assert "boundary" in charts(desk, it)
    assert desk.http.get(f"/experiments/{it}/charts/boundary.svg").status_code == 200
    client.send_boundary(it, 8, 2, plane())  # after another epoch than the other run's
    both = client.boundary(it)
    assert (both["epochs"].tolist(), both["lengths"].tolist()) == ([2, 4], [2, 1])
    np.testing.assert_array_equal(both["values"][[0, 1], [1, 0], 0], [plane().outputs[0]] * 2)


@pytest.mark.slow
def test_several_outputs_have_no_threshold(desk: Desk):
    it, client = sent(desk, loss=None), client_of(desk)
    client.send_boundary(it, 8, 2, plane(units=3))
    assert client.boundary(it)["classes"].tolist() == [0, 1, 2]
    assert np.isnan(client.boundary(it)["threshold"])


@pytest.mark.slow
def test_a_single_output_of_an_unknown_loss_is_not_drawn(desk: Desk):
    it, client = sent(desk, loss=None), client_of(desk)
    client.send_boundary(it, 3, 2, plane())
    with pytest.raises(Refused, match="single output"):
        client.boundary(it)
    assert "boundary" not in charts(desk, it)


@pytest.mark.slow
def test_a_run_that_goes_on_from_before_it_drops_it(desk: Desk):
    it, client = sent(desk), client_of(desk)
    client.send_boundary(it, 3, 4, plane())
    client.resume_run(it, 3, after=3)
    assert "boundary" not in charts(desk, it)


@pytest.mark.slow
def test_it_belongs_to_a_stored_epoch_and_to_one_plane(desk: Desk):
    it, client = sent(desk), client_of(desk)
    with pytest.raises(Refused, match="the last of which is 4"):
        client.send_boundary(it, 3, 5, plane())
    client.send_boundary(it, 3, 4, plane())
    with pytest.raises(Refused, match="the axis of the run with the seed 3"):
        client.send_boundary(it, 8, 4, plane(x=X * 2))
    with pytest.raises(Refused, match="1 outputs, as another run"):
        client.send_boundary(it, 8, 4, plane(units=2))
    own = desk.submit(a_spec()).rpartition("/")[2]
    with pytest.raises(Refused, match="trained by this service"):
        client.send_boundary(own, 0, 0, plane())


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"x": [0.0] * 32}, "x"),
        ({"y": [0.0] * 31}, "y"),
        ({"values": []}, "values"),
        ({"values": [[[0.0] * 32] * 31]}, "values[0]"),
        ({"values": [[["one"] * 32] * 32]}, "values[0][0][0]"),
    ],
)
def test_what_is_no_plane_is_refused_by_its_field(desk: Desk, changed: dict[str, Any], field: str):
    body = {"epoch": 1, "x": X.tolist(), "y": Y.tolist(), "values": [[[0.0] * 32] * 32]}
    answer = desk.http.put(f"/experiments/{sent(desk)}/runs/3/boundary", json=body | changed)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field, answer.text
