"""The plane of two inputs: boundaries and samples as they are answered, and as they are drawn."""

import csv
import io
from uuid import UUID

import numpy as np
import pytest
from matplotlib.figure import Figure

from api.charts import boundary
from api.charts.figure import render
from api.export.arrays import arrays as exported
from api.export.source import Source
from api.series.boundary import Boundary
from gradlab.measurement.rows import Rows
from gradlab.series.epochs import Span
from gradlab.spec import ExperimentSpec
from tests.builders import a_spec, measured
from tests.unit.desk import Desk
from tests.unit.test_api_charts import words
from tests.unit.test_api_series import CSV, NPZ, arrays
from tests.unit.test_api_submitting import refused

SPEC = a_spec(epochs=9, seeds=(4, 7), record={"boundary": 3})
THREE = a_spec(
    epochs=2,
    dataset={"kind": "blobs", "samples": 60, "centers": 3, "train_size": 40},
    model={"layers": [{"kind": "dense", "units": 3, "activation": "softmax"}]},
    training={"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 2},
)
WHOLE = Span(0, None, None)


@pytest.fixture(scope="module")
def desk(shared_desk: Desk) -> Desk:
    """One desk for all: what is measured does not change by being looked at."""
    return shared_desk


@pytest.fixture(scope="module")
def path(desk: Desk) -> str:
    """An experiment of two runs; the second one stopped after five of nine epochs."""
    return desk.trained(SPEC, {4: 9, 7: 5})


@pytest.mark.slow
def test_a_boundary_is_answered_on_the_axes_that_the_spec_decides(desk: Desk, path: str):
    said = desk.http.get(f"{path}/boundary").json()
    assert (said["layer"], said["classes"], said["threshold"]) == ("dense_2", [1], 0.5)
    assert said["epochs"] == [0, 3, 6, 9]
    assert [said["x"], said["y"]] == [axis.tolist() for axis in SPEC.dataset.load().plane()]
    for run, seed, epochs in zip(said["runs"], (4, 7), (9, 5), strict=True):
        stored = measured(SPEC, seed, 0, epochs + 1).series["boundary"]
        assert run == {"seed": seed, "values": stored.reshape(-1, 1, 32, 32).tolist(), "first_nonfinite": None}
    found = arrays(desk.http.get(f"{path}/boundary", headers=NPZ).content)
    assert (found["values"].shape, found["lengths"].tolist()) == ((2, 4, 1, 32, 32), [4, 2])
    assert np.isnan(found["values"][1, 2:]).all()
    rows = list(csv.DictReader(io.StringIO(desk.http.get(f"{path}/boundary?seed=7", headers=CSV).text)))
    assert len(rows) == 2 * 1024
    first, last = rows[33], rows[-1]
    assert (first["seed"], first["epoch"], first["class"]) == ("7", "0", "1")
    assert [float(first[axis]) for axis in "xy"] == [said["x"][1], said["y"][1]]
    assert np.float32(first["value"]) == np.float32(said["runs"][1]["values"][0][0][1][1])
    assert (last["epoch"], float(last["x"]), float(last["y"])) == ("3", said["x"][-1], said["y"][-1])


@pytest.mark.parametrize(
    ("query", "seeds", "epochs"),
    [("seed=7", [7], [0, 3]), ("from_epoch=1&to_epoch=7", [4, 7], [3, 6]), ("max_points=2", [4, 7], [0, 9])],
)
def test_boundaries_of_some_seeds_and_epochs_are_answered(desk: Desk, path: str, query: str, seeds, epochs):
    said = desk.http.get(f"{path}/boundary?{query}").json()
    assert ([run["seed"] for run in said["runs"]], said["epochs"]) == (seeds, epochs)


def test_of_several_classes_each_has_its_output_and_the_largest_decides(desk: Desk):
    said = desk.http.get(f"{desk.trained(THREE)}/boundary").json()
    assert (said["classes"], said["threshold"]) == ([0, 1, 2], None)
    assert np.shape(said["runs"][0]["values"]) == (3, 3, 32, 32)


def test_scores_are_split_at_zero(desk: Desk):
    spec = a_spec(training={"loss": "hinge", "optimizer": "sgd", "epochs": 2})
    assert desk.http.get(f"{desk.trained(spec)}/boundary").json()["threshold"] == 0.0


def test_what_is_not_finite_is_null_and_said(desk: Desk):
    spec = a_spec(epochs=2)
    history = measured(spec, 0, 0, 3)
    history.series["boundary"][2, 0, 5] = np.inf
    (run,) = desk.http.get(f"{desk.trained(spec, seed_0=history)}/boundary").json()["runs"]
    assert run["values"][2][0][0][5] is None
    assert run["first_nonfinite"] == {"epoch": 2, "kind": "inf"}


def test_where_there_is_no_boundary_it_is_said_why(desk: Desk):
    never = desk.submit(a_spec(record={"boundary": 0}))
    assert '"record": {"boundary": 1}' in refused(desk.http.get(f"{never}/boundary"), 404)["detail"]
    iris = {"kind": "iris"}
    model = {"layers": [{"kind": "dense", "units": 3, "activation": "softmax"}]}
    learning = {"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 2}
    flowers = desk.submit(a_spec(dataset=iris, model=model, training=learning))
    for series in ("boundary", "samples"):
        assert "two inputs" in refused(desk.http.get(f"{flowers}/{series}"), 404)["detail"]
    names = [each["name"] for each in desk.http.get(f"{flowers}/charts").json()["charts"]]
    assert "boundary" not in names


def test_samples_are_those_that_the_network_is_trained_on(desk: Desk, path: str):
    said, data = desk.http.get(f"{path}/samples?max_samples=10").json(), SPEC.dataset.load()
    assert (said["dataset"], said["target"]) == ("circles", "classes")
    for part, x, y in (("training", data.train_x, data.train_y), ("validation", data.val_x, data.val_y)):
        assert said[part]["total"] == 32
        assert [said[part]["x"], said[part]["y"]] == x[:10].T.tolist()
        assert said[part]["answers"] == y[:10].tolist()
    rows = list(csv.DictReader(io.StringIO(desk.http.get(f"{path}/samples", headers=CSV).text)))
    assert [row["part"] for row in rows] == ["training"] * 32 + ["validation"] * 32
    assert np.array([row["x"] for row in rows[32:]], np.float32).tolist() == data.val_x[:, 0].tolist()
    assert [int(row["answer"]) for row in rows[:32]] == data.train_y.tolist()
    first = desk.http.get(f"{path}/samples")
    assert desk.http.get(f"{path}/samples", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    for wrong in ("0", "20001", "many"):
        ((problem),) = refused(desk.http.get(f"{path}/samples?max_samples={wrong}"), 422)["errors"]
        assert problem["field"] == "max_samples"


def test_values_to_be_predicted_stay_numbers(desk: Desk):
    spec = a_spec(
        dataset={"kind": "regression", "features": 2, "samples": 20, "train_size": 10},
        model={"layers": [{"kind": "dense", "units": 1}]},
        training={"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 2},
    )
    said = desk.http.get(f"{desk.submit(spec)}/samples").json()
    assert said["training"]["answers"] == spec.dataset.load().train_y[:, 0].tolist()


def test_the_npz_export_holds_the_axes(desk: Desk, path: str):
    experiment = desk.store.get(UUID(path.rpartition("/")[2]))
    files = dict(exported(Source.of(desk.store, experiment)))
    for name, axis in zip(("x_boundary", "y_boundary"), SPEC.dataset.load().plane(), strict=True):
        np.testing.assert_array_equal(np.load(io.BytesIO(b"".join(files[f"{name}.npy"]))), axis)


def drawn(values: np.ndarray, spec: ExperimentSpec = SPEC, lengths: tuple[int, ...] = ()) -> Figure:
    """(seeds, epochs, units, points) of as many seeds, every third epoch, as a figure."""
    epochs = np.arange(0, 3 * values.shape[1], 3)
    lengths = lengths or (values.shape[1],) * len(values)
    runs = {seed: Rows(epochs[:n], of_seed[:n]) for seed, (of_seed, n) in enumerate(zip(values, lengths, strict=True))}
    found = Boundary.of(spec, spec.layout["boundary"], runs, WHOLE)
    return boundary.draw(spec.name, found, spec.dataset.load())


def sloping(*shape: int) -> np.ndarray:
    """Outputs that rise from 0 to 1 along the first input."""
    return np.broadcast_to(np.tile(np.linspace(0, 1, 32, dtype=np.float32), 32), (*shape, 1, 1024)).copy()


def lines_of(figure: Figure, panel: int = 0) -> list[np.ndarray]:
    """The black lines of a panel, as points."""
    contours = [each for each in figure.axes[panel].collections if each.get_linewidth()[0] > 1]
    return [path.vertices for each in contours for path in each.get_paths() if len(path.vertices)]


@pytest.mark.slow
def test_the_line_lies_where_the_output_is_a_half_and_the_samples_are_all_there():
    figure = drawn(sloping(1, 2))
    (line,) = lines_of(figure)
    x, _ = SPEC.dataset.load().plane()
    np.testing.assert_allclose(line[:, 0], x.mean(), atol=1e-4)
    points = [len(line.get_data()[0]) for line in figure.axes[0].lines]
    assert sum(points) == SPEC.dataset.train_count
    said = words(figure)
    for each in ("small", "output for class 1 of dense_2, line at 0.5", "seed 0", "epoch 3", "first input", "class 1"):
        assert each in said
    again = [render(drawn(sloping(1, 2)), "svg") for _ in range(2)]
    assert again[0] == again[1]


@pytest.mark.slow
def test_seeds_are_rows_and_epochs_columns_and_what_is_left_out_is_said():
    figure = drawn(sloping(5, 9))
    titles = [axes.get_title() for axes in figure.axes[:12]]
    assert titles[:4] == ["seed 0, epoch 0", "seed 0, epoch 9", "seed 0, epoch 15", "seed 0, epoch 24"]
    assert titles[8].startswith("seed 2")
    assert "seeds 0, 1, 2 of 5" in words(figure)
    assert "4 of 9 recorded epochs" in words(figure)


@pytest.mark.slow
def test_a_run_that_has_ended_and_outputs_that_are_not_finite_are_no_colour():
    assert "ended before" in words(drawn(sloping(2, 3), lengths=(3, 1)))
    values = sloping(1, 3)
    values[0, 1, 0, :100], values[0, 2] = np.nan, np.inf
    figure = drawn(values)
    assert [axes.patch.get_hatch() for axes in figure.axes[:3]] == [None, "xxx", "xxx"]
    assert render(figure, "png").startswith(b"\x89PNG")


@pytest.mark.slow
def test_between_several_classes_a_line_lies_where_two_outputs_are_equal():
    values = np.concatenate([sloping(1, 1), 1 - sloping(1, 1), np.zeros((1, 1, 1, 1024), np.float32)], axis=2)
    figure = drawn(values, THREE)
    x, _ = THREE.dataset.load().plane()
    for line in lines_of(figure):
        np.testing.assert_allclose(line[:, 0], x.mean(), atol=0.01 * np.ptp(x))
    assert len(lines_of(figure)) == 2
    assert "the class of the largest output" in words(figure)


def test_outputs_all_on_one_side_have_no_line():
    assert lines_of(drawn(0.2 * sloping(1, 1))) == []
