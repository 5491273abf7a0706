"""Charts: the numbers that the figures hold, the same bytes again, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from api.charts import heat_map, history, lines, ridges, scatter, steps
from api.charts.ensemble import Ensemble
from api.charts.figure import LINES, colours, power, printable, render
from api.charts.layered import Layered
from api.charts.views import VIEWS
from gradlab.measurement.history import SeriesLayout, Tensor
from gradlab.measurement.kinds import STATISTICS
from gradlab.measurement.rows import Rows
from gradlab.measurement.statistics import BIN_NAMES, histogram
from gradlab.series.epochs import Span, cut
from gradlab.series.metrics import Metrics
from gradlab.series.vectors import Histograms, Steps
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets.circles import Circles
from tests.builders import a_spec
from tests.unit.desk import Desk
from tests.unit.test_api_submitting import refused

pytestmark = pytest.mark.slow  # figures are drawn

NAN, INF = np.nan, np.inf
WHOLE = Span(0, None, None)


def layered(values: Any, kind: str = "gradients", name: str = "mean_abs", lengths: Any = None) -> Layered:
    """(seeds, epochs, layers) from epoch 1 on, as something to draw."""
    values = np.asarray(values, np.float32)
    seeds, epochs, layers = values.shape
    lengths = np.full(seeds, epochs) if lengths is None else np.array(lengths)
    measured = Ensemble(tuple(range(seeds)), np.arange(1, epochs + 1), values, lengths)
    statistic = next(each for each in STATISTICS[kind] if each.name == name)
    return Layered("an experiment", kind, statistic, tuple(f"dense_{i + 1}" for i in range(layers)), measured)


def words(figure: Figure) -> str:
    """All that is written in a figure."""
    return " ".join(text.strip() for text in ElementTree.fromstring(render(figure, "svg")).itertext() if text.strip())


def curve(figure: Figure, label: str, panel: int = 0) -> Any:
    """The line of that name: its epochs and its values."""
    return next(line for line in figure.axes[panel].lines if line.get_label() == label).get_data()


def test_an_ensemble_leaves_out_what_is_not_finite_and_says_where_that_is():
    values = np.array([[[1.0], [2], [NAN]], [[3], [INF], [NAN]], [[8], [4], [NAN]]])
    ensemble = Ensemble((0, 1, 2), np.array([1, 2, 3]), values, np.array([3, 3, 2]))
    np.testing.assert_array_equal(ensemble.middle[:, 0], [3, 3, NAN])
    np.testing.assert_array_equal(ensemble.low[:, 0], [1, 2, NAN])
    np.testing.assert_array_equal(ensemble.high[:, 0], [8, 4, NAN])
    assert ensemble.lost[:, 0].tolist() == [False, True, True]


def test_a_run_that_is_over_is_missing_and_not_lost():
    ensemble = Ensemble((0,), np.array([1, 2]), np.array([[[1.0], [NAN]]]), np.array([1]))
    assert not ensemble.lost.any()


def test_the_heat_map_holds_the_medians_with_the_input_at_the_bottom():
    values = [[[1e-3, 1], [1e-4, 2]], [[3e-3, 3], [3e-4, 4]]]
    figure = heat_map.draw(layered(values))
    image = figure.axes[0].images[0]
    np.testing.assert_allclose(image.get_array(), [[2e-3, 2e-4], [2, 3]], rtol=1e-6)
    assert image.origin == "lower"
    assert image.get_extent() == [0.5, 2.5, -0.5, 1.5]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["dense_1", "dense_2"]
    assert (image.norm.vmin, image.norm.vmax) == pytest.approx((2e-4, 3))


def test_cells_that_are_zero_or_not_finite_are_no_colour_of_the_scale():
    values = [[[0.0, 1.0], [0.5, NAN], [0.5, INF]]]
    figure = heat_map.draw(layered(values))
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array().mask, [[True, False, False], [False, True, True]])
    assert axes.images[1].get_array()[:, :, 3].tolist() == [[1, 0, 0], [0, 0, 0]]
    (crosses,) = (each for each in axes.collections if isinstance(each, PolyCollection))
    (box,) = crosses.get_paths()  # epochs 2 and 3 of dense_2, together
    assert box.get_extents().extents.tolist() == [1.5, 0.5, 3.5, 1.5]
    assert crosses.get_hatch()
    assert {"exactly 0", "NaN or infinite"} <= {text.get_text() for text in axes.get_legend().get_texts()}


def test_no_lost_cell_of_a_long_experiment_goes_without_a_cross():
    values = np.ones((1, 2_000, 2))
    values[0, 1_234, 1] = NAN
    (crosses,) = (each for each in heat_map.draw(layered(values)).axes[0].collections)
    (box,) = crosses.get_paths()
    left, _, right, _ = box.get_extents().extents
    assert left <= 1_235 <= right <= left + 6


def test_a_share_is_drawn_from_0_to_1_and_a_size_on_a_logarithm():
    share = heat_map.draw(layered([[[0.2, 0.4]]], "activations", "dead_fraction"))
    assert (share.axes[0].images[0].norm.vmin, share.axes[0].images[0].norm.vmax) == (0, 1)
    assert lines.draw(layered([[[0.2, 0.4]]])).axes[0].get_yscale() == "log"
    assert lines.draw(layered([[[0.2, 0.4]]], "activations", "mean")).axes[0].get_yscale() == "linear"


def test_each_layer_is_a_line_in_a_band_from_the_lowest_to_the_highest_seed():
    figure = lines.draw(layered([[[1, 10], [2, 20]], [[3, 30], [4, 40]], [[5, 50], [6, 60]]]))
    np.testing.assert_array_equal(curve(figure, "dense_2"), [[1, 2], [30, 40]])
    heights = figure.axes[0].collections[1].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((10, 60))
    assert "median and range of seeds 0, 1, 2" in words(figure)


def test_zeros_and_lost_values_are_marked_at_the_edges_of_a_logarithmic_axis():
    axes = lines.draw(layered([[[0.0], [1], [NAN]]])).axes[0]
    marks = {line.get_marker(): line.get_data()[0].tolist() for line in axes.lines if line.get_marker() in ("v", "x")}
    assert marks == {"v": [1], "x": [3]}


def test_many_layers_are_told_apart_by_a_ramp_and_few_by_their_names():
    few, many = lines.draw(layered(np.ones((1, 3, 5)))), lines.draw(layered(np.ones((1, 3, 30))))
    assert [text.get_text() for text in few.axes[0].get_legend().get_texts()] == [f"dense_{i}" for i in range(5, 0, -1)]
    assert many.axes[0].get_legend() is None
    assert many.axes[1].get_yticklabels()[-1].get_text() == "dense_30"
    assert len(set(colours(30))) == 30
    assert colours(3) == LINES[:3]


def test_loss_and_accuracy_are_curves_of_training_and_validation_samples():
    names = ("loss", "accuracy", "val_loss", "val_accuracy", "gradient_norm", "clipped_gradient_norm")
    runs = {seed: Rows(np.arange(3), np.full((3, 6), seed + np.arange(6), np.float32)) for seed in (0, 2)}
    figure = history.draw("an experiment", Metrics(names, runs, cut(runs, WHOLE)))
    assert curve(figure, "training samples", 0)[1].tolist() == [1, 1, 1]
    assert curve(figure, "validation samples", 1)[1].tolist() == [4, 4, 4]
    norms = history.draw_norms("an experiment", Metrics(names, runs, cut(runs, WHOLE)))
    assert curve(norms, "after clipping")[1].tolist() == [6, 6, 6]


def test_each_output_has_a_row_with_its_loss_and_its_metric():
    names = ("loss", "price_loss", "sort_loss", "sort_accuracy", "val_loss", "val_price_loss", "val_sort_accuracy")
    runs = {0: Rows(np.arange(3), np.tile(np.arange(7, dtype=np.float32), (3, 1)))}
    figure = history.draw("an experiment", Metrics(names, runs, cut(runs, WHOLE)))
    assert [axes.get_ylabel() for axes in figure.axes] == ["price_loss", "sort_loss", "sort_accuracy"]
    assert curve(figure, "validation samples", 0)[1].tolist() == [5, 5, 5]
    assert figure.axes[2].get_ylim() == pytest.approx((0, 1), abs=0.1)


def test_ridges_hold_the_counts_of_all_seeds_without_the_empty_middle():
    entries = np.array([0.5, 0.5, 0.5, -0.02], np.float32)
    counts = histogram(entries[None, None], np)  # (epochs, tensors, bins)
    tensor = Tensor("dense_1", "kernel", (2, 2))
    layout = SeriesLayout("weight_histograms", (tensor,), BIN_NAMES, 10)
    runs = {seed: Rows(np.array([0]), counts.astype(np.float32)) for seed in (0, 1)}
    figure = ridges.draw("an experiment", Histograms.of_tensors("weights", layout, runs, WHOLE, [0]))
    axes = figure.axes[0]
    places = axes.get_xlim()[1] + 0.5
    assert places < 15  # of 51 bins
    heights = axes.patches[0].get_path().vertices
    tops = sorted({round(float(height), 6) for height in heights[:, 1]})
    assert tops == pytest.approx([0, ridges.OVERLAP / 3, ridges.OVERLAP])
    assert heights[heights[:, 1] > ridges.OVERLAP / 2, 0].min() > places / 2  # what is positive is on the right
    assert "entries of seeds 0, 1" in words(figure)


def test_the_signal_is_drawn_over_the_time_steps_a_line_for_each_epoch():
    tensors = (Tensor("simple_rnn_1", "pre_activation", (3, 8)),)
    layout = SeriesLayout("time_signals", tensors, ("1", "2", "3", "4"))  # a longer layer would have the fourth
    values = np.array([[[1e-4, 1e-3, 1e-2, NAN]], [[1e-6, 1e-4, 1e-2, NAN]]], np.float32)
    figure = steps.draw("an experiment", Steps.of_tensors(layout, {0: Rows(np.array([0, 1]), values)}, WHOLE, [0]))
    first, second = (line.get_data() for line in figure.axes[0].lines)
    np.testing.assert_allclose(first, [[1, 2, 3], [1e-4, 1e-3, 1e-2]])
    np.testing.assert_allclose(second[1], [1e-6, 1e-4, 1e-2])


def test_samples_are_drawn_where_they_lie_and_by_their_class():
    dataset = Circles(samples=40, train_size=30)
    data = dataset.load()
    figure = scatter.draw("an experiment", "circles", data, dataset.target)
    drawn = [line.get_xydata() for line in figure.axes[0].lines]
    assert [len(points) for points in drawn] == [*np.bincount(data.val_y), *np.bincount(data.train_y)]
    np.testing.assert_allclose(drawn[-1], data.train_x[data.train_y == 1])
    assert "30 of 30 training samples" in words(figure)


def test_a_figure_says_experiment_statistic_unit_and_seeds():
    said = words(heat_map.draw(layered(np.ones((6, 2, 2)))))
    for each in ("an experiment", "Σ|gᵢ|/n", "loss per unit of weight", "median of 6 seeds, 0 to 5", "epoch"):
        assert each in said


@pytest.mark.parametrize("form", ["svg", "png"])
def test_equal_series_give_equal_bytes(form: Any):
    values = np.random.default_rng(0).lognormal(size=(2, 5, 3))
    values[0, 2, 1] = NAN
    one, other = (render(heat_map.draw(layered(values)), form) for _ in range(2))
    assert one == other
    assert render(heat_map.draw(layered(values * 2)), form) != one


def test_any_name_of_an_experiment_can_be_drawn():
    assert printable("a\ud800\u200b\tb") == "a   b"
    figure = history.draw("$x_1$ <b> 网 & \ufffe", Metrics(("loss", "val_loss"), {}, cut({}, WHOLE)))
    assert "$x_1$ <b> 网 &" in words(figure)


@pytest.mark.parametrize(
    ("value", "text"), [(1e-6, "10⁻⁶"), (2e-5, "2·10⁻⁵"), (0.05, "0.05"), (1.0, "1"), (500, "500"), (1e12, "10¹²")]
)
def test_powers_of_ten_are_written_as_such(value: float, text: str):
    assert power(value) == text


RECURRENT = ExperimentSpec.model_validate(
    {
        "name": "sums",
        "dataset": {"kind": "adding", "samples": 40, "length": 6},
        "model": {"layers": [{"kind": "simple_rnn", "units": 3}, {"kind": "dense", "units": 1}]},
        "training": {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 4},
        "record": "full",
    }
)


@pytest.mark.slow
def test_every_chart_of_an_experiment_is_listed_and_drawn(desk: Desk):
    seen = set()
    for spec in (a_spec(epochs=4, seeds=(0, 1), record="full"), RECURRENT):
        path = desk.trained(spec)
        listed = desk.http.get(f"{path}/charts").json()["charts"]
        for each in listed:
            if each["name"] not in seen:
                svg = desk.http.get(each["svg"])
                assert svg.headers["Content-Type"] == "image/svg+xml"
                assert spec.name in " ".join(ElementTree.fromstring(svg.content).itertext())
        seen |= {each["name"] for each in listed}
    assert seen == {view.name for view in VIEWS}


def test_a_chart_shows_what_was_asked_for(desk: Desk):
    path = desk.trained(a_spec(epochs=4, seeds=(0, 7), layers=3))
    query = "statistic=l2&layer=dense_2&parameter=bias&seed=7&from_epoch=2&to_epoch=3"
    said = " ".join(ElementTree.fromstring(desk.http.get(f"{path}/charts/gradients.svg?{query}").content).itertext())
    for each in ("l2 = √(Σgᵢ²)", "dense_2", "seed 7"):
        assert each in said
    assert "dense_1" not in said


def test_a_chart_comes_as_png_too(desk: Desk):
    answer = desk.http.get(f"{desk.trained(a_spec())}/charts/gradients-heatmap.png")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


def test_a_layer_that_is_dead_throughout_is_drawn_as_marks():
    axes = lines.draw(layered(np.zeros((1, 3, 1)))).axes[0]
    assert [line.get_data()[0].tolist() for line in axes.lines if line.get_marker() == "v"] == [[1, 2, 3]]


def test_a_chart_is_drawn_again_only_when_something_has_changed(desk: Desk):
    path = f"{desk.trained(a_spec())}/charts/history.svg"
    first = desk.http.get(path)
    assert desk.http.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert desk.http.get(path.replace("svg", "png")).headers["ETag"] != first.headers["ETag"]
    assert desk.http.get(path).content == first.content


def test_before_anything_is_measured_a_chart_says_so(desk: Desk):
    path = desk.submit(a_spec())
    for name in ("history", "gradients-heatmap", "activations", "weight-histograms", "boundary"):
        answer = desk.http.get(f"{path}/charts/{name}.svg")
        assert answer.status_code == 200, answer.text
        assert "Nothing is measured yet." in answer.text


def test_a_chart_that_does_not_exist_is_answered_with_those_that_do(desk: Desk):
    path = desk.trained(a_spec())
    detail = refused(desk.http.get(f"{path}/charts/heatmap.svg"), 404)["detail"]
    assert all(view.name in detail for view in VIEWS)
    assert "svg or png" in refused(desk.http.get(f"{path}/charts/history.gif"), 404)["detail"]
    assert "recurrent" in refused(desk.http.get(f"{path}/charts/signal-steps.svg"), 404)["detail"]
    assert "two inputs" in refused(desk.http.get(f"{desk.trained(RECURRENT)}/charts/data.svg"), 404)["detail"]
    refused(desk.http.get("/experiments/00000000-0000-0000-0000-000000000000/charts/history.svg"), 404)


def test_what_is_not_recorded_has_no_chart(desk: Desk):
    path = desk.trained(a_spec(record="nothing"))
    assert "record" in refused(desk.http.get(f"{path}/charts/gradients.svg"), 404)["detail"]
    assert "record" in refused(desk.http.get(f"{path}/charts/gradient-norm.svg"), 404)["detail"]
    assert [each["name"] for each in desk.http.get(f"{path}/charts").json()["charts"]] == ["history", "data"]
    assert "boundary" in refused(desk.http.get(f"{path}/charts/boundary.svg"), 404)["detail"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("gradients.svg?statistic=median", "statistic"),
        ("gradients.svg?layer=dense_9", "layer"),
        ("gradients.svg?seed=9", "seed"),
        ("gradients.svg?from_epoch=-1", "from_epoch"),
        ("gradients.svg?from_epoch=5&to_epoch=2", "to_epoch"),
        ("history.svg?statistic=l2", "statistic"),
        ("signals.svg?parameter=kernel", "parameter"),
        ("data.svg?seed=0", "seed"),
        ("boundary.svg?layer=dense_1", "layer"),
        ("history.svg?colour=red", "colour"),
    ],
)
def test_a_query_that_a_chart_cannot_answer_is_refused(desk: Desk, query: str, field: str):
    problems = refused(desk.http.get(f"{desk.trained(a_spec())}/charts/{query}"), 422)["errors"]
    assert [each["field"] for each in problems] == [field]


@pytest.mark.slow
def test_charts_drawn_at_the_same_time_are_those_drawn_one_by_one():
    shown = [layered(np.random.default_rng(seed).lognormal(size=(2, 4, 3))) for seed in range(6)]

    def drawn(each: Layered) -> bytes:
        return render(heat_map.draw(each), "svg")

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(drawn, shown)) == [drawn(each) for each in shown]
