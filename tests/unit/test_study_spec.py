"""Studies: axes over a base spec, points put into it, and grids that are counted before they are made."""

import time
from typing import Any

import pytest
from pydantic import ValidationError

from gradlab.errors import Invalid, Problem
from gradlab.spec import ExperimentSpec
from gradlab.spec.problems import invalid
from gradlab.spec.study import Axis, MedianPruner, PercentilePruner, StudySpec, checked_points, drawn, grid, place
from gradlab.spec.study.axes import Range

DENSE = {"kind": "dense", "units": 5, "activation": "tanh", "kernel_initializer": "he_normal", "repeat": 3}
BASE: dict[str, Any] = {
    "name": "deep",
    "dataset": {"kind": "circles", "samples": 40, "train_size": 20},
    "model": {"layers": [DENSE, {"kind": "dense", "units": 1, "activation": "sigmoid"}]},
    "training": {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 4},
}


def a_study(*axes: dict[str, Any], **fields: Any) -> StudySpec:
    return StudySpec.model_validate({"base": BASE, "axes": axes, **fields})


def placed(study: StudySpec, *point: Any) -> ExperimentSpec:
    return place(study.base.model_dump(mode="json"), study.axes, point, study.run_seeds)


def problem_of(*axes: dict[str, Any], **fields: Any) -> Problem:
    """The one problem of a study, from its own fields or from the first impossible point."""
    body = {"base": BASE, "axes": axes, **fields}

    def check() -> None:
        study = StudySpec.model_validate(body)
        for point in checked_points(study):
            placed(study, *point)

    with pytest.raises((Invalid, ValidationError)) as caught:
        check()
    error = caught.value
    [problem] = (error if isinstance(error, Invalid) else invalid(error, body)).problems
    return problem


def test_each_knob_changes_what_it_names_and_nothing_else():
    values = {
        "depth": 2, "width": 7, "activation": "relu", "initializer": "glorot_uniform", "optimizer": "adam",
        "learning_rate": 0.5, "batch_size": 8, "noise": 0.25,
    }  # fmt: skip
    study = a_study(*({"knob": knob, "values": [value]} for knob, value in values.items()), seeds=[4, 5])
    spec = placed(study, *values.values())
    hidden, output = spec.model.layers  # type: ignore[union-attr]
    assert (hidden.repeat, hidden.units, hidden.activation.kind) == (2, 7, "relu")
    assert (output.repeat, output.units, output.activation.kind) == (1, 1, "sigmoid")
    assert hidden.kernel_initializer.kind == output.kernel_initializer.kind == "glorot_uniform"
    assert (spec.training.optimizer.kind, spec.training.optimizer.learning_rate) == ("adam", 0.5)
    assert (spec.training.batch_size, spec.dataset.noise, spec.seeds) == (8, 0.25, (4, 5))
    assert spec.name.startswith("deep (depth 2, width 7, activation relu")
    assert placed(a_study({"knob": "depth", "values": [3]}), 3).model == study.base.model


def test_depth_takes_hidden_layers_that_are_written_out():
    listed = {**BASE, "model": {"layers": [{**DENSE, "repeat": 1}, {**DENSE, "repeat": 2}, BASE["model"]["layers"][1]]}}
    spec = placed(a_study({"knob": "depth", "values": [5]}, base=listed), 5)
    assert [layer.repeat for layer in spec.model.layers] == [5, 1]  # type: ignore[union-attr]


def test_a_pointer_writes_into_a_kind_that_another_axis_has_chosen():
    axes = (
        {"pointer": "/training/optimizer", "values": ["adam"]},
        {"pointer": "/training/optimizer/beta_1", "values": [0.5]},
    )
    assert placed(a_study(*axes), "adam", 0.5).training.optimizer.beta_1 == 0.5


@pytest.mark.parametrize(
    ("axis", "field", "expected", "received"),
    [
        ({"knob": "depth", "values": [1, 0]}, "axes[0].values[1]", "of at least 1 (model.layers[0].repeat", "0"),
        ({"knob": "activation", "values": ["tanhh"]}, "axes[0].values[0]", "did you mean tanh?", "'tanhh'"),
        ({"knob": "learning_rate", "range": {"first": -1, "last": 1}}, "axes[0].range", "learning_rate of the", "-1"),
        ({"pointer": "/training/optimizr/momentum", "values": [1]}, "axes[0].pointer", "training has the fields", "zr"),
        ({"pointer": "/training/optimizer/momentun", "values": [1]}, "axes[0].pointer", "no such field", "momentun"),
        ({"pointer": "/model/layers/2/units", "values": [1]}, "axes[0].pointer", "the items 0 to 1", "/model/layers/2"),
        ({"pointer": "/model/layers/00/units", "values": [1]}, "axes[0].pointer", "the items 0 to 1", "/layers/00"),
        ({"pointer": "model/layers", "values": [1]}, "axes[0].pointer", "of the form", "model/layers"),
        ({"pointer": "/seeds", "values": [[1]]}, "axes[0].pointer", "`seeds` of its own", "/seeds"),
        ({"values": [1]}, "axes[0]", "a `pointer` into the base spec, or a `knob`", "neither"),
        ({"knob": "depth"}, "axes[0]", "one of values, range", "none of them"),
        ({"knob": "width", "values": [4, 4]}, "axes[0].values", "each value once", "twice"),
        ({"knob": "width", "uniform": [1, 4]}, "axes[0].uniform", "of which a grid takes each", "a distribution"),
    ],
)  # fmt: skip
def test_an_impossible_axis_is_refused_with_its_value(axis, field, expected, received):
    problem = problem_of(axis)
    assert problem.field == field
    assert expected in problem.expected
    assert received in problem.received


@pytest.mark.parametrize(
    ("pointer", "value", "knob"),
    [
        ("/dataset", 5, "noise"), ("/training", 5, "learning_rate"), ("/training/optimizer", None, "learning_rate"),
        ("/model", None, "depth"), ("/model/layers", 3, "width"), ("/model/layers", [3, 4], "width"),
    ],
)  # fmt: skip
def test_a_knob_of_what_an_axis_before_it_has_replaced_is_refused(pointer, value, knob):
    problem = problem_of({"pointer": pointer, "values": [value]}, {"knob": knob, "values": [1]})
    assert problem.field == "axes[1].knob"
    assert pointer in problem.received


def test_a_knob_passes_over_a_layer_that_another_axis_has_named_by_its_kind():
    layers = [DENSE, DENSE, BASE["model"]["layers"][1]]
    axes = {"pointer": "/model/layers/1", "values": ["flatten"]}, {"knob": "width", "values": [7]}
    study = a_study(*axes, base={**BASE, "model": {"layers": layers}})
    first, second, _ = placed(study, "flatten", 7).model.layers  # type: ignore[union-attr]
    assert (first.units, second.kind) == (7, "flatten")


def test_a_million_cells_are_refused_before_one_is_made():
    begun = time.process_time()
    axes = (
        {"knob": "width", "range": {"first": 1, "last": 1000}},
        {"knob": "depth", "range": {"first": 1, "last": 1000}},
    )
    assert problem_of(*axes) == Problem("axes", "at most 10,000 cells in one study", "1,000,000 cells")
    assert time.process_time() - begun < 0.5


def test_a_budget_below_the_grid_is_refused_and_one_of_a_search_counts_its_cells():
    axis = {"knob": "width", "values": [1, 2, 3]}
    problem = problem_of(axis, seeds=[0, 1], budget={"trainings": 5})
    assert (problem.field, problem.received) == ("budget.trainings", "5")
    assert "at least 6" in problem.expected
    assert problem_of(axis, search="tpe").field == "budget.trainings"
    assert a_study(axis, search="random", seeds=[0, 1], budget={"trainings": 5}).cell_count == 2


def test_measures_and_metric_are_what_the_base_records():
    axis = {"knob": "width", "values": [1]}
    measure = {"name": "growth", "series": "signals", "statistic": "rms", "epoch": 0, "reduce": "growth"}
    assert a_study(axis, metric="val_accuracy", measures=[measure]).measures[0].epoch == 0
    assert problem_of(axis, metric="accurracy").expected.endswith("(did you mean accuracy?)")
    assert problem_of(axis, measures=[{**measure, "statistic": "l1"}]).field == "measures[0].statistic"
    silent = {**BASE, "record": "lean"}
    assert problem_of(axis, base=silent, measures=[measure]).field == "measures[0].series"


def test_ranges_are_even_and_exact_at_their_ends():
    assert Range(first=1, last=4).values == (1, 2, 3, 4)
    assert [repr(each) for each in Range(first=5, last=25, count=5).values] == ["5", "10", "15", "20", "25"]
    assert Range(first=1, last=2, count=3).values == (1, 1.5, 2)
    assert Range(first=0.0, last=1.0, count=3).values == (0.0, 0.5, 1.0)
    assert Range(first=1e-3, last=10.0, count=5, spacing="log").values == pytest.approx((1e-3, 1e-2, 0.1, 1, 10))
    study = a_study({"knob": "depth", "values": [1, 2]}, {"knob": "width", "values": [3, 4]})
    assert list(grid(study.axes)) == [(1, 3), (1, 4), (2, 3), (2, 4)]
    assert study.cell_count == 4


def test_random_points_are_new_and_repeatable():
    axes = [
        Axis(knob="learning_rate", log_uniform=(1e-4, 1)),
        Axis(knob="depth", log_uniform=(1, 3)),
        Axis(knob="width", values=(5, 6)),
    ]
    points: list[tuple[Any, ...]] = []
    for _ in range(100):
        points.append(drawn(axes, 7, points) or ())
    rates, depths, widths = zip(*points, strict=True)
    assert all(1e-4 <= rate <= 1 for rate in rates)
    assert 0.35 < sum(rate < 1e-2 for rate in rates) / 100 < 0.65  # half of the logarithms
    assert {*depths} == {1, 2, 3}
    assert {*widths} == {5, 6}
    assert drawn(axes, 7, points[:5]) == points[5]
    assert drawn([Axis(knob="width", values=(5, 6))], 0, [(5,), (6,)]) is None


def test_a_pruner_compares_a_metric_before_the_training_ends():
    axis, search = {"knob": "width", "values": [1, 2]}, {"kind": "tpe", "pruner": {"kind": "median"}}
    fields = {"search": search, "budget": {"trainings": 40}}
    assert a_study(axis, **fields).pruner == MedianPruner()
    without = a_study(axis, **{**fields, "search": "tpe"}).model_dump_json()
    assert '"startup":10' in without
    assert "pruner" not in without, "as earlier versions wrote and read it"
    assert a_study(axis, **{**fields, "search": {"kind": "tpe", "pruner": "percentile"}}).pruner == PercentilePruner()
    assert problem_of(axis, **fields, objective="failing_share").field == "objective"
    late = {**search, "pruner": {"kind": "median", "warmup_epochs": 10_000_000}}
    problem = problem_of(axis, **{**fields, "search": late})
    assert (problem.field, problem.received) == ("search.pruner.warmup_epochs", "10,000,000")
    rare = problem_of(axis, **{**fields, "search": {"kind": "tpe", "pruner": {"kind": "median", "interval": 9_999}}})
    assert (rare.field, rare.received) == ("search.pruner.interval", "9,999")
    epochs = {"pointer": "/training/epochs", "values": [5, 20_000_000]}
    assert a_study(epochs, **{**fields, "search": late}).pruner is not None, "an axis decides when it ends"
    assert problem_of(axis, search={"kind": "grid", "pruner": "median"}).field == "search.pruner"
    assert list(MedianPruner(warmup_epochs=20, interval=10).epochs(45)) == [20, 30, 40]
    assert list(MedianPruner(interval=10).epochs(25)) == [10, 20], "epoch 0 is not trained"
