"""Charts of a study: pure functions of its table, without a training."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from api.charts.figure import render
from api.charts.studies import lines, maps, parallel
from api.charts.studies.query import StudyChartQuery
from api.charts.studies.views import STUDY_VIEWS, study_view_named
from core.treatment.comparison import rate
from gradlab.errors import Invalid, NotFound
from gradlab.recipes import RECIPES, recipe_named
from gradlab.schemas.studies import AxisResponse, CellResponse, SpreadResponse, StudyTableResponse
from gradlab.spec.study import Point, StudySpec, grid
from tests.unit.test_api_charts import words

pytestmark = pytest.mark.slow  # figures are drawn

SEEDS = 5
Row = dict[str, Any]


def a_query(spec: StudySpec, row: Callable[[Point], Row], points: Any = None, **query: Any) -> StudyChartQuery:
    """The query of a study whose cells have the fields that `row` gives for their point; {} for one that waits."""
    axes = [
        AxisResponse(
            name=axis.label, knob=axis.knob, pointer=axis.pointer, values=axis.listed and list(axis.listed),
            low=axis.bounds and axis.bounds[0], high=axis.bounds and axis.bounds[1],
            scale="log" if axis.is_log else "names" if isinstance((axis.listed or [0])[0], str | dict) else "linear",
        )
        for axis in spec.axes
    ]  # fmt: skip
    names = [axis.name for axis in axes]
    cells = [
        a_cell(i, dict(zip(names, point, strict=True)), row(point)) for i, point in enumerate(points or grid(spec.axes))
    ]
    table = StudyTableResponse(
        study_id=UUID(int=1), name="a study", status="running", revision=1, axes=axes, metric="val_accuracy",
        higher_is_better=True, measures=[each.name for each in spec.measures], rows=cells,
    )  # fmt: skip
    return StudyChartQuery(table, spec, **query)


def a_cell(position: int, values: dict[str, Any], row: Row) -> CellResponse:
    metric, is_done = row.get("metric", 0.5), bool(row)
    spread = SpreadResponse(median=metric, low=metric - 0.1, high=metric + 0.05, count=SEEDS) if metric else None
    return CellResponse(
        position=position, values=values, status="completed" if is_done else "waiting", experiment_ids=[], seeds=SEEDS,
        seeds_done=SEEDS * is_done, metric=spread if is_done else None,
        failing=rate(row.get("failing", 0), SEEDS) if is_done else None, verdict=row.get("verdict", "healthy"),
        root_cause=row.get("root_cause"), measures=row.get("measures", {}), seconds=1.0, error=None,
    )  # fmt: skip


def of_width(width: int, depth: int) -> Row:
    if (width, depth) == (25, 10):
        return {}
    if (width, depth) == (5, 1):
        return {"metric": None, "failing": 5, "verdict": "undecided"}
    illness = "symmetric_units" if depth > 5 else "vanishing_signal"
    row = {"metric": depth / 20, "failing": 3} if depth > 2 else {"metric": 0.9}
    ill = {"verdict": "ill" if depth > 4 else "at risk", "root_cause": illness} if depth > 2 else {}
    return row | ill | {"measures": {"signal arriving, untrained": 0.5**depth, "signal arriving, trained": 1.0}}


@pytest.fixture(scope="module")
def width() -> StudyChartQuery:
    return a_query(recipe_named("width").study(), lambda point: of_width(*point))


def labels(figure: Figure) -> list[str]:
    legend = figure.axes[-1].get_legend() or figure.axes[0].get_legend()
    return [text.get_text() for text in legend.get_texts()]


def line(figure: Figure, label: str, panel: int = 0) -> Line2D:
    return next(each for each in figure.axes[panel].lines if each.get_label() == label)


def test_a_map_has_each_cells_number_at_its_values(width: StudyChartQuery):
    figure = maps.draw(width)
    image = figure.axes[0].images[0].get_array()
    assert image.shape == (10, 5)
    np.testing.assert_allclose(image[2:9], np.repeat(np.arange(3, 10)[:, None], 5, axis=1) / 20)
    assert [bool(image.mask[9, 4]), bool(image.mask[0, 0]), int(image.mask.sum())] == [True, True, 2]
    assert labels(figure) == ["no finite value"]  # of the cell that is trained, not of the one that waits
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["5", "10", "15", "20", "25"]
    assert "49 of 50 cells are trained" in words(figure)
    turned = StudyChartQuery(width.table, width.spec, "failing", ["depth"])
    assert maps.draw(turned).axes[0].images[0].get_array().shape == (5, 10)


def test_the_map_of_illnesses_names_each_and_puts_it_where_it_is(width: StudyChartQuery):
    figure = maps.draw_diagnosis(width)
    names = labels(figure)
    assert names == [
        "healthy", "1 undecided", "2 Units are copies of one another", "3 at risk: The signal vanishes on its way back",
        "4 The signal vanishes on its way back",
    ]  # fmt: skip
    image = figure.axes[0].images[0].get_array()
    assert image[:, 1].tolist() == [0, 0, 3, 3, 4, 2, 2, 2, 2, 2]
    assert image[0, 0] == 1


def test_more_illnesses_than_colours_share_the_last():
    causes = [
        "symmetric_units", "vanishing_signal", "vanishing_gradient", "exploding_growth", "dead_units", "overfitting",
        "born_dead_risk", "plateau", "divergence",
    ]  # fmt: skip
    spec = StudySpec.model_validate(
        recipe_named("width").study().model_dump()
        | {"axes": [{"knob": "width", "values": [1, 2, 3]}, {"knob": "depth", "values": [1, 2, 3]}]}
    )
    query = a_query(spec, lambda point: {"verdict": "ill", "root_cause": causes[3 * (point[0] - 1) + point[1] - 1]})
    names = labels(maps.draw_diagnosis(query))
    assert (len(names), names[-1]) == (7, "6 other illnesses")


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("turned", [False, True])
def test_theorys_border_goes_through_the_values_of_the_axes(activation: str, turned: bool):
    study = recipe_named("phase").study(activation)
    query = a_query(study, lambda _: {"metric": 0.5}, axes=["σ_b"] if turned else [])
    x, y = line(maps.draw(query), "theory: χ = 1").get_data()
    weights, biases = (y, x) if turned else (x, y)
    assert (biases[0], biases[-1]) == (0, 4)  # from σ_b = 0 to the last of its five values
    place = 1.0 if activation == "tanh" else 3.0  # σ_w² = 1 and 2, of 0.5, 1, ... 4
    assert weights[0] == pytest.approx(place, abs=0.001)
    if activation == "tanh":  # σ_b² = 0.175², where a quarter of the line ends
        assert weights[50] == pytest.approx(2 * (1.62 - 0.5), abs=0.05)
    else:
        np.testing.assert_allclose(weights, place)


def test_where_theory_speaks_of_no_axis_there_is_no_border(width: StudyChartQuery):
    assert not any(each.get_label() == "theory: χ = 1" for each in maps.draw(width).axes[0].lines)
    study = recipe_named("phase").study()
    sigmoid = study.model_dump(mode="json")
    sigmoid["base"]["model"]["layers"][0]["activation"] = "sigmoid"
    query = a_query(StudySpec.model_validate(sigmoid), lambda _: {"metric": 0.5})
    assert maps.draw(query).axes[0].get_legend() is None


def test_lines_have_bands_and_failures_have_wilsons_intervals(width: StudyChartQuery):
    query = StudyChartQuery(width.table, width.spec, None, ["depth"])
    figure = lines.draw(query)
    x, y = line(figure, "10").get_data()
    np.testing.assert_allclose(x, np.arange(1, 11))
    np.testing.assert_allclose(y[2:], np.arange(3, 11) / 20)
    band = figure.axes[0].collections[1].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((0.05, 0.95))
    assert "median of the seeds · middle half of them" in words(figure)
    many = lines.draw(width)  # ten lines over the widths
    assert ("middle half" in words(many), len(many.axes[0].collections)) == (False, 0)
    failures = lines.draw_failures(query)
    interval = rate(3, SEEDS)
    band = failures.axes[0].collections[1].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(interval.high)
    assert line(failures, "10").get_data()[1].tolist() == [0, 0, *[0.6] * 8]


def test_values_that_are_names_are_points_with_bars():
    query = a_query(recipe_named("adam").study(), lambda _: {"failing": 2})
    axes = lines.draw_failures(query).axes[0]
    (bars,) = axes.containers
    interval = rate(2, SEEDS)
    ends = [segment[:, 1].tolist() for segment in bars[2][0].get_segments()]
    np.testing.assert_allclose(ends, [[interval.low, interval.high]] * 3)
    assert bars[0].get_linestyle() == "None"


def test_the_share_of_the_signal_that_arrives_falls_with_the_depth(width: StudyChartQuery):
    figure = lines.draw_arriving(StudyChartQuery(width.table, width.spec, None, ["depth"]))
    assert [axes.get_ylabel() for axes in figure.axes] == ["signal arriving, untrained", "signal arriving, trained"]
    np.testing.assert_allclose(line(figure, "10").get_data()[1], 0.5 ** np.arange(1, 11))
    assert figure.axes[0].get_yscale() == "log"
    with pytest.raises(NotFound, match="needs a measure of the signals"):
        lines.draw_arriving(a_query(recipe_named("rate").study(), lambda _: {"metric": 0.5}))


def test_measures_at_several_epochs_are_a_course():
    study = recipe_named("weights").study()
    rows = {"measures": {each.name: 1.0 + each.epoch for each in study.measures}}
    figure = lines.draw_course(a_query(study, lambda _: rows))
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "l1 of the weights, first layer", "l1 of the weights, last layer",
    ]  # fmt: skip
    x, y = line(figure, "relu, he_uniform").get_data()
    assert (x[0], x[-1], len(x)) == (0, 500, 8)
    np.testing.assert_allclose(y, x + 1)
    with pytest.raises(NotFound, match="several epochs"):
        lines.draw_course(a_query(recipe_named("rate").study(), lambda _: {"metric": 0.5}))


def test_a_course_of_many_cells_is_one_collection_within_the_panel():
    fields = recipe_named("weights").study().model_dump(mode="json", exclude_unset=True)
    widths = {"knob": "width", "range": {"first": 1, "last": lines.MAX_NAMED + 1}}
    spec = StudySpec.model_validate(fields | {"axes": [widths]})

    def row(point: Point) -> Row:
        return {"measures": {each.name: None if point == (3,) else point[0] + each.epoch for each in spec.measures}}

    panel = lines.draw_course(a_query(spec, row)).axes[0]
    (drawn,) = panel.collections
    assert not panel.lines
    assert [len(line) for line in drawn.get_segments()] == [0 if width == 3 else 8 for width in range(1, 22)]
    np.testing.assert_allclose(drawn.get_segments()[-1][:, 1], drawn.get_segments()[-1][:, 0] + 21)
    low, high = panel.get_ylim()
    assert low < 1 < 521 < high


def test_a_random_search_is_points_and_lines_across_all_axes():
    axes = [
        {"knob": "learning_rate", "log_uniform": [1e-4, 1]},
        {"knob": "width", "uniform": [5, 25]},
        {"knob": "activation", "values": ["tanh", "relu"]},
    ]
    base = recipe_named("width").study().base.model_dump()
    spec = StudySpec.model_validate({"base": base, "axes": axes, "search": "random", "budget": {"trainings": 3}})
    points = [(1e-4, 5, "tanh"), (1e-2, 15, "relu"), (1.0, 25, "tanh")]
    query = a_query(spec, lambda point: {"metric": 0.9 if point[2] == "relu" else 0.3}, points)
    (drawn,) = maps.draw(query).axes[0].collections
    np.testing.assert_allclose(drawn.get_offsets(), [[point[0], point[1]] for point in points])
    (crossing,) = parallel.draw(query).axes[0].collections
    heights = [path.vertices[:, 1].tolist() for path in crossing.get_paths()]
    np.testing.assert_allclose(heights, [[0, 0, 0, 0.3], [1, 1, 0, 0.3], [0.5, 0.5, 1, 0.9]], atol=1e-6)
    assert line(lines.draw(query), "tanh").get_linestyle() == "None"


def test_a_study_of_which_nothing_is_trained_has_empty_charts():
    for recipe in RECIPES:
        view = study_view_named(recipe.chart)
        assert "Nothing is measured yet" in words(view.draw(a_query(recipe.study(), lambda _: {})))
        assert "Nothing is measured yet" not in words(view.draw(a_query(recipe.study(), lambda _: {"metric": 0.5})))


def test_unknown_names_are_refused(width: StudyChartQuery):
    with pytest.raises(NotFound, match="no chart 'pie' of a study; there are map, diagnosis"):
        study_view_named("pie")
    for query, message in (
        (StudyChartQuery(width.table, width.spec, "loss"), "column: expected one of val_accuracy, failing, signal"),
        (StudyChartQuery(width.table, width.spec, None, ["noise"]), "axis: expected one of width, depth"),
        (StudyChartQuery(width.table, width.spec, None, ["depth", "depth"]), "axis: expected at most 2 different axes"),
    ):
        with pytest.raises(Invalid, match=message):
            maps.draw(query)
    with pytest.raises(NotFound, match="over 2 axes; the study has 1"):
        maps.draw(a_query(recipe_named("adam").study(), lambda _: {}))
    assert len({view.name for view in STUDY_VIEWS}) == len(STUDY_VIEWS)


def test_names_between_dollars_are_no_formulas_and_logarithmic_ticks_are_plain():
    base = recipe_named("adam").study(seeds=1).model_dump(mode="json", exclude_unset=True)
    axes = [
        {"knob": "learning_rate", "name": "rate in $\\no$ \\frac{", "log_uniform": [1e-4, 1]},
        {"knob": "width", "name": "$\\width{$", "uniform": [2, 30]},
    ]
    spec = StudySpec.model_validate(base | {"axes": axes, "search": "random", "budget": {"trainings": 3}})
    measured = {"measures": {each.name: 0.5 for each in spec.measures}}
    query = a_query(spec, lambda _: measured, points=[(0.1, 3), (0.001, 20)])
    for view in STUDY_VIEWS:
        if view.has_needed(spec):
            column = spec.measures[0].name if view.name == "parallel" else None
            drawn = render(view.draw(replace(query, column=column)), "svg").decode()
            assert "$\\no$" in drawn
            assert "mathdefault" not in drawn
