"""Series: the shape of the answer, what was asked for and nothing else, and every bit as it was measured."""

import csv
import io
import json
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from tests.builders import a_spec, measured
from tests.unit.desk import Desk
from tests.unit.test_api_submitting import refused

SPEC = a_spec(epochs=9, seeds=(4, 7))
GRADIENTS = SPEC.layout["gradients"]
CSV, NPZ = {"Accept": "text/csv"}, {"Accept": "application/x-npz"}


@pytest.fixture(scope="module")
def desk(shared_desk: Desk) -> Desk:
    """One desk for all: what is measured does not change by being looked at."""
    return shared_desk


@pytest.fixture(scope="module")
def path(desk: Desk) -> str:
    """An experiment of two runs; the second one stopped after five of nine epochs."""
    return desk.trained(SPEC, {4: 9, 7: 5})


def strict(text: str) -> Any:
    """JSON without NaN and infinities."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))


def arrays(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return dict(archive)


def column(seed: int, epochs: int, tensor: int, statistic: str = "mean_abs") -> list[float]:
    """A statistic of the gradients from epoch 1 on."""
    values = measured(SPEC, seed, 1, epochs).series["gradients"]
    found: list[float] = values[:, tensor, GRADIENTS.columns.index(statistic)].tolist()
    return found


@pytest.mark.slow
def test_without_a_query_the_mean_absolute_gradient_of_each_kernel_is_answered(desk: Desk, path: str):
    said = desk.http.get(f"{path}/gradients").json()
    assert said["experiment_id"] == path.rpartition("/")[2]
    assert (said["status"], said["statistic"], said["parameter"]) == ("completed", "mean_abs", "kernel")
    assert said["epochs"] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert said["sampling"] is None
    assert [(each["layer"], each["parameter"], each["shape"]) for each in said["layers"]] == [
        ("dense_1", "kernel", [2, 3]),
        ("dense_2", "kernel", [3, 1]),
    ]
    assert said["layers"][1]["runs"] == [
        {"seed": 4, "values": column(4, 9, tensor=2), "first_nonfinite": None},
        {"seed": 7, "values": column(7, 5, tensor=2), "first_nonfinite": None},
    ]


def test_weights_that_no_gradient_reaches_are_said_to_have_none(desk: Desk):
    history = measured(SPEC, 4, 0, 10)
    history.series["gradients"][:, 0] = np.nan
    history.series["gradients"][3, 2, 0] = np.nan  # a gradient that is not finite is one
    made = desk.trained(SPEC, {4: 9, 7: 9}, seed_4=history, seed_7=history)
    first, last = desk.http.get(f"{made}/gradients?seed=4").json()["layers"]
    assert (first["no_gradient"], last["no_gradient"]) == (True, False)
    assert first["runs"] == [{"seed": 4, "values": [None] * 9, "first_nonfinite": None}]
    assert last["runs"][0]["first_nonfinite"] == {"epoch": 3, "kind": "nan"}
    assert not any(each["no_gradient"] for each in desk.http.get(f"{made}/weights").json()["layers"])


def test_the_history_has_the_same_shape(desk: Desk, path: str):
    said = desk.http.get(f"{path}/history").json()
    assert said["epochs"] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [run["seed"] for run in said["runs"]] == [4, 7]
    for run, epochs in zip(said["runs"], (9, 5), strict=True):
        metrics = measured(SPEC, run["seed"], 1, epochs).metrics
        assert run["metrics"] == dict(zip(SPEC.layout.metrics, metrics.T.tolist(), strict=True))


def test_the_state_before_training_is_answered_when_asked_for(desk: Desk, path: str):
    said = desk.http.get(f"{path}/history?from_epoch=0&to_epoch=1").json()
    assert said["epochs"] == [0, 1]
    assert list(said["runs"][0]["metrics"].values()) == measured(SPEC, 4, 0, 2).metrics.T.tolist()
    said = desk.http.get(f"{path}/gradients?from_epoch=0&to_epoch=0&layer=dense_1").json()
    assert said["epochs"] == [0]
    assert said["layers"][0]["runs"][1]["values"] == [float(measured(SPEC, 7, 0, 1).series["gradients"][0, 0, 0])]


def test_a_queued_experiment_has_an_empty_series_and_its_layers_named(desk: Desk):
    path = desk.submit(SPEC)
    said = desk.http.get(f"{path}/gradients").json()
    assert (said["status"], said["epochs"]) == ("queued", [])
    assert [each["layer"] for each in said["layers"]] == ["dense_1", "dense_2"]
    assert said["layers"][0]["runs"][0] == {"seed": 4, "values": [], "first_nonfinite": None}
    history = desk.http.get(f"{path}/history").json()
    assert history["epochs"] == []
    assert history["runs"][0]["metrics"] == {name: [] for name in SPEC.layout.metrics}
    assert desk.http.get(f"{path}/gradients", headers=CSV).text == "seed,epoch,layer,parameter,statistic,value\n"
    assert arrays(desk.http.get(f"{path}/gradients", headers=NPZ).content)["values"].shape == (2, 0, 2)


@pytest.mark.parametrize(
    ("query", "tensors"),
    [
        ("", ["dense_1/kernel", "dense_2/kernel"]),
        ("layer=dense_2", ["dense_2/kernel"]),
        ("layer=dense_2&layer=dense_1", ["dense_1/kernel", "dense_2/kernel"]),
        ("parameter=bias", ["dense_1/bias", "dense_2/bias"]),
        ("parameter=all", ["dense_1/kernel", "dense_1/bias", "dense_2/kernel", "dense_2/bias"]),
        ("parameter=bias&parameter=kernel&layer=dense_1", ["dense_1/kernel", "dense_1/bias"]),
    ],
)
def test_layers_and_parameters_are_chosen_by_name(desk: Desk, path: str, query: str, tensors: list[str]):
    said = desk.http.get(f"{path}/gradients?{query}").json()
    assert [f"{each['layer']}/{each['parameter']}" for each in said["layers"]] == tensors
    which = [f"{each.layer}/{each.parameter}" for each in GRADIENTS.tensors].index(tensors[-1])
    assert said["layers"][-1]["runs"][0]["values"] == column(4, 9, which)


@pytest.mark.parametrize("statistic", GRADIENTS.columns)
def test_every_statistic_can_be_asked_for(desk: Desk, path: str, statistic: str):
    said = desk.http.get(f"{path}/gradients?statistic={statistic}").json()
    assert said["statistic"] == statistic
    assert said["layers"][0]["runs"][0]["values"] == column(4, 9, 0, statistic)


def test_runs_are_chosen_by_seed(desk: Desk, path: str):
    for call in ("history", "gradients?layer=dense_1"):
        said = desk.http.get(f"{path}/{call}", params={"seed": 7}).json()
        runs = said["runs"] if call == "history" else said["layers"][0]["runs"]
        assert [run["seed"] for run in runs] == [7]
        assert said["epochs"] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("query", "epochs"),
    [
        ("from_epoch=3&to_epoch=5", [3, 4, 5]),
        ("from_epoch=8", [8, 9]),
        ("to_epoch=2", [1, 2]),
        ("from_epoch=9&to_epoch=9", [9]),
        ("from_epoch=10", []),
        ("to_epoch=1000000", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_epochs_are_cut_and_values_belong_to_them(desk: Desk, path: str, query: str, epochs: list[int]):
    said = desk.http.get(f"{path}/gradients?{query}").json()
    assert said["epochs"] == epochs
    long, short = said["layers"][0]["runs"]
    assert long["values"] == [column(4, 9, 0)[epoch - 1] for epoch in epochs]
    assert short["values"] == [column(7, 5, 0)[epoch - 1] for epoch in epochs if epoch <= 5]


@pytest.mark.parametrize(
    ("query", "field", "listed"),
    [
        ("statistic=mean_ab", "statistic", f"{', '.join(GRADIENTS.columns)} (did you mean mean_abs?)"),
        ("statistic=all", "statistic", ", ".join(GRADIENTS.columns)),
        ("statistic=", "statistic", ", ".join(GRADIENTS.columns)),
        ("layer=dens_1", "layer", "dense_1, dense_2 (did you mean dense_1?)"),
        ("layer=dense_1&layer=conv", "layer", "dense_1, dense_2"),
        ("parameter=kernl", "parameter", "kernel, bias (did you mean kernel?)"),
        ("seed=5", "seed", "4, 7"),
        ("seed=x", "seed", "4, 7"),
        ("seed=" + "9" * 5000, "seed", "4, 7"),
        ("from_epoch=-1", "from_epoch", "at least 0"),
        ("to_epoch=0", "to_epoch", "from_epoch"),
        ("from_epoch=five", "from_epoch", "integer"),
        ("from_epoch=5&to_epoch=4", "to_epoch", "from_epoch"),
        ("max_points=1", "max_points", "at least 2"),
        ("max_points=nan", "max_points", "integer"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(desk: Desk, path: str, query: str, field: str, listed: str):
    (problem,) = refused(desk.http.get(f"{path}/gradients?{query}"))["errors"]
    assert problem["field"] == field
    assert listed in problem["expected"]
    assert len(problem["received"]) <= 100


def test_the_history_refuses_an_unknown_seed_as_well(desk: Desk, path: str):
    assert refused(desk.http.get(f"{path}/history?seed=5"))["errors"][0]["expected"] == "one of 4, 7"


@pytest.mark.parametrize("max_points", [2, 3, 4, 8])
def test_thinning_keeps_the_first_and_the_last_epoch_and_says_so(desk: Desk, path: str, max_points: int):
    for call in ("history", "gradients"):
        said = desk.http.get(f"{path}/{call}?max_points={max_points}").json()
        epochs = said["epochs"]
        assert len(epochs) == max_points
        assert (epochs[0], epochs[-1]) == (1, 9)
        assert max(np.diff(epochs)) - min(np.diff(epochs)) <= 1
        sampling = said["sampling"]
        assert (sampling["max_points"], sampling["kept"], sampling["of"]) == (max_points, max_points, 9)
        assert "evenly spaced" in sampling["method"]
    long, short = said["layers"][0]["runs"]
    assert long["values"] == [column(4, 9, 0)[epoch - 1] for epoch in epochs]
    assert short["values"] == [column(7, 5, 0)[epoch - 1] for epoch in epochs if epoch <= 5]


@pytest.mark.parametrize("query", ["max_points=9", "max_points=1000", "from_epoch=7&max_points=3"])
def test_where_nothing_was_left_out_no_sampling_is_claimed(desk: Desk, path: str, query: str):
    assert desk.http.get(f"{path}/gradients?{query}").json()["sampling"] is None


def test_what_is_not_finite_is_null_and_told_beside(desk: Desk, exploded):
    spec, history = exploded
    path = desk.trained(spec, seed_0=history)
    run = strict(desk.http.get(f"{path}/gradients").text)["layers"][0]["runs"][0]
    assert run["values"] == [*history.series["gradients"][1:3, 0, 0].tolist(), None, None, None, None]
    assert run["first_nonfinite"] == {"epoch": 3, "kind": "inf"}
    metrics = strict(desk.http.get(f"{path}/history").text)["runs"][0]
    assert metrics["metrics"]["loss"] == [*history.metrics[1:5, 0].tolist(), None, None]
    assert metrics["first_nonfinite"]["loss"] == {"epoch": 5, "kind": "nan"}
    assert metrics["first_nonfinite"]["accuracy"] is None


@pytest.mark.parametrize("query", ["max_points=2", "to_epoch=2", "from_epoch=5"])
def test_the_first_that_is_not_finite_is_told_even_if_it_is_left_out(desk: Desk, exploded, query: str):
    spec, history = exploded
    path = desk.trained(spec, seed_0=history)
    run = desk.http.get(f"{path}/gradients?{query}").json()["layers"][0]["runs"][0]
    assert run["first_nonfinite"] == {"epoch": 3, "kind": "inf"}


def test_csv_is_tidy_and_holds_what_is_not_finite_as_it_is(desk: Desk, exploded):
    spec, history = exploded
    path = desk.trained(spec, seed_0=history)
    answer = desk.http.get(f"{path}/gradients?parameter=all", headers=CSV)
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 6 * 4
    assert list(rows[0]) == ["seed", "epoch", "layer", "parameter", "statistic", "value"]
    first = [row for row in rows if (row["layer"], row["parameter"]) == ("dense_1", "kernel")]
    assert [row["epoch"] for row in first] == ["1", "2", "3", "4", "5", "6"]
    assert [row["value"] for row in first][2:] == ["inf", "nan", "nan", "nan"]
    assert {row["statistic"] for row in rows} == {"mean_abs"}
    read_back = np.array([row["value"] for row in rows], np.float32).reshape(6, 4)
    np.testing.assert_array_equal(read_back, history.series["gradients"][1:, :, GRADIENTS.columns.index("mean_abs")])
    loss = list(csv.DictReader(io.StringIO(desk.http.get(f"{path}/history", headers=CSV).text)))
    assert list(loss[0]) == ["seed", "epoch", "metric", "value"]
    assert [row["value"] for row in loss if row["metric"] == "loss"][4:] == ["nan", "nan"]


def test_csv_holds_only_the_epochs_that_a_run_has(desk: Desk, path: str):
    rows = list(csv.DictReader(io.StringIO(desk.http.get(f"{path}/gradients?layer=dense_1", headers=CSV).text)))
    assert [row["seed"] for row in rows] == ["4"] * 9 + ["7"] * 5


def test_npz_holds_every_bit(desk: Desk):
    spec = a_spec(epochs=6)
    history = measured(spec, 0, 1, 6)
    gradients = history.series["gradients"]
    # A signalling NaN with a payload, a negative NaN, both infinities, minus zero, the smallest subnormal.
    odd = np.array([0x7FA00001, 0xFFC00001, 0x7F800000, 0xFF800000, 0x80000000, 1], "<u4").view("<f4")
    gradients[:, 0, 3] = odd
    history.metrics[:, 2] = odd
    path = desk.trained(spec, seed_0=history)
    answer = desk.http.get(f"{path}/gradients?statistic=l2&parameter=all", headers=NPZ)
    assert answer.headers["Content-Type"] == "application/x-npz"
    found = arrays(answer.content)
    assert found["values"].dtype == np.float32
    np.testing.assert_array_equal(found["values"][0].view("<u4"), gradients[:, :, 3].view("<u4"))
    assert found["layers"].tolist() == ["dense_1", "dense_1", "dense_2", "dense_2"]
    assert found["parameters"].tolist() == ["kernel", "bias", "kernel", "bias"]
    assert (found["statistic"].item(), found["seeds"].tolist()) == ("l2", [0])
    assert found["epochs"].tolist() == [1, 2, 3, 4, 5, 6]
    metrics = arrays(desk.http.get(f"{path}/history", headers=NPZ).content)
    np.testing.assert_array_equal(metrics["values"][0].view("<u4"), history.metrics.view("<u4"))
    assert metrics["metrics"].tolist() == list(spec.layout.metrics)


def test_npz_tells_how_long_each_run_is(desk: Desk, path: str):
    found = arrays(desk.http.get(f"{path}/gradients", headers=NPZ).content)
    assert found["values"].shape == (2, 9, 2)
    assert found["lengths"].tolist() == [9, 5]
    assert np.isnan(found["values"][1, 5:]).all()
    assert found["seeds"].tolist() == [4, 7]


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("text/*", "text/csv"),
        ("application/*", "application/json"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/csv;q=0.5, application/x-npz;q=0.9", "application/x-npz"),
        ("application/json;q=0, */*;q=0.1", "text/csv"),
        ("text/csv;q=0, */*", "application/json"),
        ("text/csv;q=1.0,application/json;q=0.9", "text/csv"),
    ],
)
def test_the_media_type_is_the_one_liked_best(desk: Desk, path: str, accept: str, answered: str):
    for call in ("history", "gradients"):
        answer = desk.http.get(f"{path}/{call}", headers={"Accept": accept})
        assert answer.headers["Content-Type"].startswith(answered)


@pytest.mark.parametrize(
    "accept", ["image/png", "text/html", "application/json;q=0", "", "text/csv;q=²", "nonsense;;=,"]
)
def test_a_media_type_that_there_is_not_is_refused_with_those_that_there_are(desk: Desk, path: str, accept: str):
    answer = desk.http.get(f"{path}/gradients", headers={"Accept": accept.encode("latin-1")})
    assert "application/json, text/csv, application/x-npz" in refused(answer, 406)["detail"]


@pytest.mark.parametrize(("query", "status"), [("", 404), ("?from_epoch=-1", 422)])
def test_no_media_type_is_asked_for_where_there_is_nothing_to_send(desk: Desk, query: str, status: int):
    refused(desk.http.get(f"/experiments/{uuid4()}/gradients{query}", headers={"Accept": "image/png"}), status)
