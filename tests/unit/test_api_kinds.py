"""Weights, activations, signals and histograms: each with its own names, epochs and form, or a word on why not."""

import csv
import io

import numpy as np
import pytest

from gradlab.measurement.history import Layout, SeriesLayout, Tensor
from gradlab.measurement.statistics import EDGES
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec, measured
from tests.unit.desk import Desk
from tests.unit.test_api_series import CSV, NPZ, arrays, strict
from tests.unit.test_api_submitting import refused

# Weights are recorded in epochs 0, 2, 4, 6 and 8, histograms in 0, 3, 6 and 9.
SPEC = a_spec(epochs=9, seeds=(4, 7), record={"weights": 2, "histograms": 3})
LAYERS = ["dense_1", "dense_2"]


@pytest.fixture(scope="module")
def desk(shared_desk: Desk) -> Desk:
    """One desk for all: what is measured does not change by being looked at."""
    return shared_desk


@pytest.fixture(scope="module")
def path(desk: Desk) -> str:
    """An experiment of two runs; the second one stopped after five of nine epochs."""
    return desk.trained(SPEC, {4: 9, 7: 5})


def stored(kind: str, seed: int, epochs: int) -> np.ndarray:
    """(recorded epochs, tensors, columns) of a run from epoch 0 on."""
    values: np.ndarray = measured(SPEC, seed, 0, epochs + 1).series[kind]
    return values


@pytest.mark.parametrize(
    ("call", "kind", "statistic", "parameter", "every", "tensors"),
    [
        ("weights", "weights", "l2", "kernel", 2, [0, 2]),
        ("weights?statistic=update_ratio&parameter=bias", "weights", "update_ratio", "bias", 2, [1, 3]),
        ("weights?parameter=all&layer=dense_2", "weights", "l2", "all", 2, [2, 3]),
        ("activations", "activations", "std", "activation", 1, [0, 1]),
        ("activations?statistic=effective_rank", "activations", "effective_rank", "activation", 1, [0, 1]),
        ("signals", "signals", "rms", "pre_activation", 1, [0, 1]),
        ("signals?layer=dense_2&statistic=nonfinite", "signals", "nonfinite", "pre_activation", 1, [1]),
    ],
)
def test_a_statistic_of_a_kind_is_answered_from_epoch_0_on(
    desk: Desk, path: str, call: str, kind: str, statistic: str, parameter: str, every: int, tensors: list[int]
):
    said = desk.http.get(f"{path}/{call}").json()
    names, which = SPEC.layout[kind], SPEC.layout[kind].columns.index(statistic)
    assert (said["statistic"], said["parameter"], said["sampling"]) == (statistic, parameter, None)
    assert said["epochs"] == list(range(0, 10, every))
    for tensor, layer in zip(tensors, said["layers"], strict=True):
        assert Tensor(layer["layer"], layer["parameter"], tuple(layer["shape"])) == names.tensors[tensor]
        for run, seed, epochs in zip(layer["runs"], (4, 7), (9, 5), strict=True):
            values = stored(kind, seed, epochs)[:, tensor, which].tolist()
            assert run == {"seed": seed, "values": values, "first_nonfinite": None}
    rows = list(csv.DictReader(io.StringIO(desk.http.get(f"{path}/{call}", headers=CSV).text)))
    assert {row["statistic"] for row in rows} == {statistic}
    first = [row for row in rows if row["seed"] == "7" and row["layer"] == said["layers"][0]["layer"]]
    first = [row for row in first if row["parameter"] == said["layers"][0]["parameter"]]
    assert [int(row["epoch"]) for row in first] == list(range(0, 6, every))
    assert said["missing"] == ""
    short = said["layers"][0]["runs"][1]["values"]
    assert np.array([row["value"] for row in first], np.float32).tolist() == short
    found = arrays(desk.http.get(f"{path}/{call}", headers=NPZ).content)
    assert found["values"].shape == (2, len(said["epochs"]), len(tensors))
    assert found["lengths"].tolist() == [len(said["epochs"]), len(short)]
    assert found["epochs"].tolist() == said["epochs"]
    np.testing.assert_array_equal(found["values"][0], stored(kind, 4, 9)[:, tensors, which])


@pytest.mark.parametrize(
    ("query", "epochs"),
    [
        ("from_epoch=1", [2, 4, 6, 8]),
        ("from_epoch=3&to_epoch=7", [4, 6]),
        ("from_epoch=5&to_epoch=5", []),
        ("max_points=3", [0, 4, 8]),
        ("from_epoch=2&max_points=2", [2, 8]),
    ],
)
def test_of_what_is_recorded_now_and_then_the_recorded_epochs_are_answered(
    desk: Desk, path: str, query: str, epochs: list[int]
):
    said = desk.http.get(f"{path}/weights?{query}").json()
    assert said["epochs"] == epochs
    assert (said["sampling"] is not None) == ("max_points" in query)
    for run, length in zip(said["layers"][0]["runs"], (9, 5), strict=True):
        rows = stored("weights", run["seed"], length)[:, 0, SPEC.layout["weights"].columns.index("l2")]
        assert run["values"] == [float(rows[epoch // 2]) for epoch in epochs if epoch <= length]


@pytest.mark.parametrize(("of", "kind"), [("gradients", "gradient_histograms"), ("weights", "weight_histograms")])
def test_histograms_are_counts_in_bins_with_named_edges(desk: Desk, path: str, of: str, kind: str):
    query = f"{path}/histograms?of={of}&layer=dense_2"
    said = desk.http.get(query).json()
    assert (said["of"], said["epochs"]) == (of, [0, 3, 6, 9])
    assert said["edges"] == EDGES.tolist()
    assert sorted(said["edges"]) == said["edges"]
    (layer,) = said["layers"]
    assert (layer["layer"], layer["parameter"], layer["shape"]) == ("dense_2", "kernel", [3, 1])
    bins = len(EDGES) + 1
    for run, seed, epochs in zip(layer["runs"], (4, 7), (9, 5), strict=True):
        assert run == {"seed": seed, "counts": stored(kind, seed, epochs)[:, 2].tolist()}
    rows = list(csv.DictReader(io.StringIO(desk.http.get(query, headers=CSV).text)))
    assert list(rows[0]) == ["seed", "epoch", "layer", "parameter", "bin", "from", "below", "count"]
    assert len(rows) == (4 + 2) * bins
    assert (rows[0]["from"], rows[bins - 1]["below"]) == ("-inf", "inf")
    assert [float(row["below"]) for row in rows[: bins - 1]] == [float(row["from"]) for row in rows[1:bins]]
    counts = np.array([row["count"] for row in rows[: 4 * bins]], np.float32)
    np.testing.assert_array_equal(counts.reshape(4, bins), stored(kind, 4, 9)[:, 2])
    found = arrays(desk.http.get(query, headers=NPZ).content)
    assert found["counts"].shape == (2, 4, 1, bins)
    assert (found["of"].item(), found["lengths"].tolist(), found["bin"].tolist()) == (of, [4, 2], list(range(bins)))
    np.testing.assert_array_equal(found["counts"][1, :2, 0], stored(kind, 7, 5)[:, 2])
    assert np.isnan(found["counts"][1, 2:]).all()


def test_histograms_are_of_gradients_and_kernels_unless_asked_otherwise(desk: Desk, path: str):
    said = desk.http.get(f"{path}/histograms").json()
    assert said["of"] == "gradients"
    assert [(each["layer"], each["parameter"]) for each in said["layers"]] == [(layer, "kernel") for layer in LAYERS]
    everything = desk.http.get(f"{path}/histograms?parameter=all&seed=7&from_epoch=1&max_points=2").json()
    assert [each["parameter"] for each in everything["layers"]] == ["kernel", "bias"] * 2
    assert [run["seed"] for run in everything["layers"][0]["runs"]] == [7]
    assert everything["epochs"] == [3]


# Two recurrent layers over four and two time steps: the second one's last two columns are padding.
STEPPED = (Tensor("gru_1", "pre_activation", (4, 3)), Tensor("gru_2", "pre_activation", (2, 3)))
RECURRENT = Layout(("loss",), (SeriesLayout("time_signals", STEPPED, ("1", "2", "3", "4")),))


@pytest.fixture
def recurrent(desk: Desk, monkeypatch) -> tuple[str, np.ndarray]:
    """An experiment on a recurrent network; its signals per step, (epochs, layers, steps)."""
    monkeypatch.setattr(ExperimentSpec, "layout", property(lambda _: RECURRENT))
    spec = a_spec(epochs=3)
    history = measured(spec, 0, 0, 4)
    values = history.series["time_signals"]
    values[:, 1, 2:] = np.nan
    values[2, 0, 1] = -np.inf
    return desk.trained(spec, seed_0=history), values


def test_signals_per_time_step_end_with_a_layers_last_step(desk: Desk, recurrent: tuple[str, np.ndarray]):
    path, values = recurrent
    said = strict(desk.http.get(f"{path}/signals/steps").text)
    assert (said["statistic"], said["epochs"]) == ("rms", [0, 1, 2, 3])
    long, short = said["layers"]
    assert [(each["layer"], each["shape"]) for each in (long, short)] == [("gru_1", [4, 3]), ("gru_2", [2, 3])]
    assert short["runs"] == [{"seed": 0, "values": values[:, 1, :2].tolist(), "first_nonfinite": None}]
    (run,) = long["runs"]
    assert run["first_nonfinite"] == {"epoch": 2, "kind": "-inf"}
    assert run["values"][2] == [float(values[2, 0, 0]), None, *values[2, 0, 2:].tolist()]
    assert [run["values"][i] for i in (0, 1, 3)] == values[[0, 1, 3], 0].tolist()
    one = desk.http.get(f"{path}/signals/steps?layer=gru_2&from_epoch=2&to_epoch=2").json()
    assert one["layers"][0]["runs"][0]["values"] == [values[2, 1, :2].tolist()]


def test_signals_per_time_step_come_as_csv_and_npz_too(desk: Desk, recurrent: tuple[str, np.ndarray]):
    path, values = recurrent
    rows = list(csv.DictReader(io.StringIO(desk.http.get(f"{path}/signals/steps", headers=CSV).text)))
    assert list(rows[0]) == ["seed", "epoch", "layer", "parameter", "step", "value"]
    assert [row["step"] for row in rows[:6]] == ["1", "2", "3", "4", "1", "2"]
    assert len(rows) == 4 * 6
    assert [row["value"] for row in rows if (row["epoch"], row["layer"]) == ("2", "gru_1")][1] == "-inf"
    found = arrays(desk.http.get(f"{path}/signals/steps", headers=NPZ).content)
    assert found["values"][0].tobytes() == values.tobytes()
    assert found["step"].tolist() == [1, 2, 3, 4]
    assert found["layers"].tolist() == ["gru_1", "gru_2"]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ("gradients", "gradients"),
        ("weights", "weights"),
        ("activations", "activations"),
        ("signals", "signals"),
        ("signals/steps", "signals"),
        ("histograms", "histograms"),
        ("histograms?of=weights", "histograms"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/x-npz"])
def test_what_is_not_recorded_is_not_found_and_the_way_to_record_it_is_told(
    desk: Desk, call: str, field: str, accept: str
):
    path = desk.submit(a_spec(record="nothing"))
    detail = refused(desk.http.get(f"{path}/{call}", headers={"Accept": accept}), 404)["detail"]
    assert "does not record" in detail
    assert f'"record": {{"{field}": 1}}' in detail
    assert desk.http.get(f"{path}/history").status_code == 200


def test_what_the_layers_do_not_have_is_not_found_either(desk: Desk, path: str):
    assert "its layers have none" in refused(desk.http.get(f"{path}/signals/steps"), 404)["detail"]
    lone = {"layers": [{"kind": "activation", "activation": "softmax"}]}
    learning = {"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 3}
    alone = desk.submit(a_spec(model=lone, training=learning))
    assert "its layers have none" in refused(desk.http.get(f"{alone}/gradients"), 404)["detail"]


@pytest.mark.parametrize(
    ("call", "field", "listed"),
    [
        ("weights?statistic=mean_abs", "statistic", "l1, l2, mean"),
        ("weights?layer=dens_1", "layer", "dense_1, dense_2 (did you mean dense_1?)"),
        ("weights?parameter=activation", "parameter", "kernel, bias"),
        ("activations?statistic=slop", "statistic", "did you mean slope?"),
        ("signals?statistic=l2", "statistic", "rms, nonfinite"),
        ("signals?seed=5", "seed", "4, 7"),
        ("histograms?of=signals", "of", "gradients"),
        ("histograms?layer=dens_1", "layer", "dense_1, dense_2"),
        ("histograms?from_epoch=4&to_epoch=3", "to_epoch", "from_epoch"),
        ("activations?from_epoch=-1", "from_epoch", "at least 0"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(desk: Desk, path: str, call: str, field: str, listed: str):
    (problem,) = refused(desk.http.get(f"{path}/{call}"))["errors"]
    assert problem["field"] == field
    assert listed in problem["expected"]


def test_each_kind_has_an_etag_of_its_own(desk: Desk, path: str):
    calls = ["weights", "activations", "signals", "histograms", "histograms?of=weights"]
    etags = {call: desk.http.get(f"{path}/{call}").headers["ETag"] for call in calls}
    assert len(set(etags.values())) == len(calls)
    for call, etag in etags.items():
        assert desk.http.get(f"{path}/{call}", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.slow
def test_a_correlation_that_a_layer_does_not_have_is_null_with_its_reason_and_no_failure(desk: Desk):
    history = measured(SPEC, 4, 0, 10)
    column = SPEC.layout["activations"].columns.index("unit_correlation")
    history.series["activations"][3:, 0, column] = np.nan
    path = desk.trained(SPEC, {4: 9}, seed_4=history)
    said = desk.http.get(f"{path}/activations?statistic=unit_correlation").json()
    assert said["missing"] == "with fewer than two units that vary"
    run = said["layers"][0]["runs"][0]
    assert (run["values"][3:], run["first_nonfinite"]) == ([None] * 7, None)
    named = {each["name"]: each["missing"] for each in desk.http.get("/catalogue").json()["statistics"]["activations"]}
    assert named["unit_correlation"] == said["missing"]
    assert named["std"] == ""
