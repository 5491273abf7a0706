"""Each statistic agrees with the same number worked out another way."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradlab.measurement.history import History, Layout, SeriesLayout, Tensor, first_nonfinite
from gradlab.measurement.kinds import STATISTICS
from gradlab.measurement.statistics import (
    BIN_NAMES,
    EDGES,
    MEAN_GRADIENT_STATISTICS,
    UNION_GRADIENT_STATISTICS,
    Flow,
    Statistic,
    bins,
    histogram,
)
from gradlab.measurement.statistics.activations import MAX_UNITS, SATURATED
from gradlab.watch import large_layers

NAN, INF = math.nan, math.inf


def mean_of(numbers):
    return math.fsum(numbers) / len(numbers)


def std_of(numbers):
    mean = mean_of(numbers)
    return math.sqrt(mean_of([(x - mean) ** 2 for x in numbers]))


def length_of(numbers):
    return math.hypot(*numbers)


def broken(numbers):
    return sum(not math.isfinite(x) for x in numbers)


GRADIENTS_BY_HAND = {
    "mean_abs": lambda g: mean_of([abs(x) for x in g]),
    "mean": mean_of,
    "std": std_of,
    "l2": length_of,
    "max_abs": lambda g: max(map(abs, g)),
    "zero_fraction": lambda g: g.count(0.0) / len(g),
    "nonfinite": broken,
    "always_zero_fraction": lambda g: g.count(0.0) / len(g),  # of an epoch of one batch
}

WEIGHTS_BY_HAND = {
    "l1": lambda w, v: math.fsum(map(abs, w)),
    "l2": lambda w, v: length_of(w),
    "mean": lambda w, v: mean_of(w),
    "std": lambda w, v: std_of(w),
    "change_l1": lambda w, v: math.fsum(abs(a - b) for a, b in zip(w, v, strict=True)),
    "update_ratio": lambda w, v: math.dist(w, v) / length_of(w) if any(w) else 0.0,
    "nonfinite": lambda w, v: broken(w),
}

SIGNALS_BY_HAND = {
    "rms": lambda delta: float(np.linalg.norm(delta)) / math.sqrt(delta.size),
    "nonfinite": lambda delta: broken(delta.ravel().tolist()),
}


def mean_correlation(h):
    """Of all pairs of units that vary, by NumPy's own correlation; NaN where there is no pair."""
    vary = [unit for unit in h[:, :MAX_UNITS].T if np.ptp(unit) > 0]
    if len(vary) < 2:
        return NAN
    table = np.abs(np.corrcoef(vary))
    return float(np.mean(table[np.triu_indices(len(vary), 1)]))


def participation_ratio(h):
    """From the eigenvalues of the covariance."""
    units = h[:, :MAX_UNITS]
    eigenvalues = np.linalg.eigvalsh(np.atleast_2d(np.cov(units, rowvar=False, bias=True)))
    if np.ptp(units, axis=0).max() == 0:
        return 0.0
    return float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())


ACTIVATIONS_BY_HAND = {
    "pre_mean": lambda flow: mean_of(flow.z.ravel()),
    "pre_std": lambda flow: std_of(flow.z.ravel()),
    "mean": lambda flow: mean_of(flow.h.ravel()),
    "std": lambda flow: std_of(flow.h.ravel()),
    "saturated_fraction": lambda flow: (
        NAN
        if flow.steepest is None
        else sum(abs(s) < SATURATED * flow.steepest for s in flow.slope.ravel()) / flow.slope.size
    ),
    "dead_fraction": lambda flow: mean_of([not any(unit) for unit in flow.slope.T]),
    "slope": lambda flow: mean_of(flow.slope.ravel()),
    "unit_correlation": lambda flow: mean_correlation(flow.h),
    "effective_rank": lambda flow: participation_ratio(flow.h),
    "nonfinite": lambda flow: broken(flow.h.ravel()),
}

BY_HAND = {
    "gradients": GRADIENTS_BY_HAND,
    "weights": WEIGHTS_BY_HAND,
    "activations": ACTIVATIONS_BY_HAND,
    "signals": SIGNALS_BY_HAND,
}
# The statistics that have files of their own; those of a kind that brings its own are tested beside it.
SHELVES = {kind: STATISTICS[kind] for kind in BY_HAND}
NAMED = {kind: {each.name: each for each in shelf} for kind, shelf in SHELVES.items()}


def by_name(statistic: Statistic) -> str:
    return statistic.name


def of(kind: str, name: str, *arguments: object) -> np.ndarray:
    return NAMED[kind][name].compute(*arguments, np)


def test_every_statistic_of_every_shelf_has_a_twin():
    assert {kind: set(twins) for kind, twins in BY_HAND.items()} == {kind: set(shelf) for kind, shelf in NAMED.items()}


def test_every_statistic_says_what_it_is():
    for statistic in [each for shelf in STATISTICS.values() for each in shelf]:
        assert all([statistic.formula, statistic.unit, statistic.meaning])
        assert statistic.range[0] in "([", statistic.range


def test_the_range_is_told_from_the_values():
    ranges = {f"{kind} {each.name}": each for kind, shelf in SHELVES.items() for each in shelf}
    texts = {
        "gradients mean_abs": ("log", "[0, ∞)"),
        "gradients mean": ("linear", "(−∞, ∞)"),
        "gradients l2": ("log", "[0, ∞); infinite in float32 from about 1.8e19"),
        "gradients nonfinite": ("linear", "[0, n]"),
        "activations saturated_fraction": ("share", "[0, 1]"),
        "activations slope": ("linear", "(−∞, ∞); [0, 1] for tanh and relu"),
        "activations unit_correlation": ("share", "[0, 1]; NaN with fewer than two units that vary"),
        "activations effective_rank": ("linear", "[1, m]; 0 where no unit varies"),
        "signals nonfinite": ("linear", "[0, samples·m]"),
    }
    assert {name: (ranges[name].scale, ranges[name].range) for name in texts} == texts
    assert [name for name, each in ranges.items() if each.may_be_missing] == ["activations unit_correlation"]


# What is smaller has a square that is no float64.
ENTRIES = st.floats(-1e6, 1e6).map(lambda x: x if abs(x) > 1e-100 else 0.0)
FLAT = hnp.arrays(np.float64, st.integers(1, 30), elements=ENTRIES)


@pytest.mark.parametrize("statistic", SHELVES["gradients"], ids=by_name)
@given(gradient=FLAT)
def test_a_statistic_of_gradients_is_what_its_formula_says(statistic, gradient):
    expected = GRADIENTS_BY_HAND[statistic.name](gradient.tolist())
    rounding = 1e-12 * max(float(np.max(np.abs(gradient))), 1)
    assert statistic.compute(gradient, np) == pytest.approx(expected, rel=1e-9, abs=rounding)


def test_means_over_batches_stand_before_what_is_said_of_their_union():
    assert SHELVES["gradients"] == (*MEAN_GRADIENT_STATISTICS, *UNION_GRADIENT_STATISTICS)
    assert [each.name for each in UNION_GRADIENT_STATISTICS] == ["always_zero_fraction"]


@pytest.mark.parametrize("statistic", SHELVES["weights"], ids=by_name)
@given(pair=hnp.arrays(np.float64, st.tuples(st.just(2), st.integers(1, 30)), elements=ENTRIES))
def test_a_statistic_of_weights_is_what_its_formula_says(statistic, pair):
    expected = WEIGHTS_BY_HAND[statistic.name](*pair.tolist())
    rounding = 1e-12 * max(float(np.max(np.abs(pair))), 1)
    assert statistic.compute(*pair, np) == pytest.approx(expected, rel=1e-9, abs=rounding)


@pytest.mark.parametrize("statistic", SHELVES["signals"], ids=by_name)
@given(delta=hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=ENTRIES))
def test_a_statistic_of_signals_is_what_its_formula_says(statistic, delta):
    assert statistic.compute(delta, np) == pytest.approx(SIGNALS_BY_HAND[statistic.name](delta), rel=1e-9)


def a_flow(function: str, samples: int, units: int, seed: int = 0, leading: tuple[int, ...] = ()) -> Flow:
    """The flow through a layer with independent normal pre-activations."""
    z = 1.5 * np.random.default_rng(seed).standard_normal((*leading, samples, units)) + 0.3
    if function == "tanh":
        return Flow(z, np.tanh(z), 1 / np.cosh(z) ** 2, 1.0)
    if function == "relu":
        return Flow(z, np.maximum(z, 0), (z > 0).astype(float), 1.0)
    if function == "sigmoid":
        h = 1 / (1 + np.exp(-z))
        return Flow(z, h, h - h**2, 0.25)
    exponentials = np.exp(z)
    return Flow(z, exponentials, exponentials, None)  # no slope is the steepest


@pytest.mark.parametrize("function", ["tanh", "relu", "sigmoid", "exponential"])
@pytest.mark.parametrize(("samples", "units"), [(40, 5), (7, 3), (200, MAX_UNITS + 9), (2, 1)])
def test_a_statistic_of_activations_is_what_its_formula_says(function, samples, units):
    flow = a_flow(function, samples, units)
    for statistic in SHELVES["activations"]:
        expected = ACTIVATIONS_BY_HAND[statistic.name](flow)
        found = statistic.compute(flow, np)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True), statistic.name


@pytest.mark.parametrize(("poison", "place"), [(None, 0), (NAN, 130), (INF, 0), (0.0, 700)])
@pytest.mark.parametrize("function", ["tanh", "relu", "exponential"])
def test_statistics_in_blocks_are_those_of_the_whole(monkeypatch, function, poison, place):
    monkeypatch.setattr(large_layers, "BLOCK", 64 * 5)  # 64 samples of five units
    flow = a_flow(function, 150, 5, leading=(2,))
    z, slope = (np.concatenate([each, each - 1], axis=-1) for each in (flow.z, flow.slope))  # as of gates
    if poison is not None:
        for each in (z, flow.h, slope):
            each.reshape(-1)[place] = poison
    arrays = (z, flow.h, slope, flow.steepest)
    with np.errstate(invalid="ignore"):
        whole, parts = Flow(*arrays), large_layers.flow_in_blocks(*arrays)
        for statistic in SHELVES["activations"]:
            found, expected = statistic.compute(parts, np), statistic.compute(whole, np)
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True), statistic.name
        found = large_layers.signals_in_blocks(z)
        for statistic in SHELVES["signals"]:
            expected = statistic.compute(z, np)
            assert found[statistic.name] == pytest.approx(expected, rel=1e-12, nan_ok=True), statistic.name


@pytest.mark.parametrize("kind", SHELVES)
def test_axes_in_front_are_left_alone(kind):
    """Seeds and tensors: each is measured as if it stood alone."""
    leading = (2, 3)
    random = np.random.default_rng(0)
    whole = {
        "gradients": (random.standard_normal((*leading, 8)),),
        "weights": (random.standard_normal((*leading, 8)), random.standard_normal((*leading, 8))),
        "signals": (random.standard_normal((*leading, 6, 4)),),
        "activations": (a_flow("tanh", 6, 4, leading=leading),),
    }[kind]
    for statistic in SHELVES[kind]:
        found = statistic.compute(*whole, np)
        assert found.shape == leading, statistic.name
        for place in np.ndindex(leading):
            alone = [
                Flow(each.z[place], each.h[place], each.slope[place], each.steepest)
                if isinstance(each, Flow)
                else each[place]
                for each in whole
            ]
            assert found[place] == pytest.approx(statistic.compute(*alone, np), rel=1e-12), statistic.name


@pytest.mark.parametrize("poison", [NAN, INF, -INF])
@pytest.mark.parametrize("kind", ["gradients", "weights", "signals"])
def test_one_value_that_is_not_finite_shows_in_every_statistic_that_has_a_size(kind, poison):
    bad, good = np.array([[1.0, poison, 2.0]]), np.ones((1, 3))
    arguments = {"gradients": (bad[0],), "weights": (bad[0], good[0]), "signals": (bad,)}[kind]
    with np.errstate(invalid="ignore"):
        found = {statistic.name: float(statistic.compute(*arguments, np)) for statistic in SHELVES[kind]}
    assert found.pop("nonfinite") == 1
    if kind == "gradients":
        assert found.pop("zero_fraction") == found.pop("always_zero_fraction") == 0
    assert not any(math.isfinite(value) for value in found.values()), found


@pytest.mark.parametrize("poison", [NAN, INF, -INF])
def test_one_value_that_is_not_finite_shows_in_a_layers_statistics(poison):
    flow = a_flow("tanh", 6, 3)
    z, h, slope = (np.where(np.arange(18).reshape(6, 3) == 4, poison, each) for each in (flow.z, flow.h, flow.slope))
    with np.errstate(invalid="ignore"):
        found = {each.name: float(each.compute(Flow(z, h, slope, 1.0), np)) for each in SHELVES["activations"]}
    assert found.pop("nonfinite") == 1
    assert not any(math.isfinite(value) for value in found.values()), found


def test_values_that_are_all_finite_are_never_called_broken():
    numbers = np.array([[0.0, -0.0, 1e-45, 3.4e38, -3.4e38]], np.float32)
    assert of("gradients", "nonfinite", numbers[0]) == 0
    assert of("weights", "nonfinite", numbers[0], numbers[0]) == 0
    assert of("signals", "nonfinite", numbers) == 0


def test_weights_that_stay_at_zero_have_moved_by_no_share():
    nothing = np.zeros(4)
    assert of("weights", "update_ratio", nothing, nothing) == 0
    assert of("weights", "update_ratio", nothing + 2, nothing) == 1  # fresh biases: they are all that they moved


def test_a_signal_far_below_the_square_root_of_float32_still_has_its_size():
    delta = np.full((3, 2), 1e-30, np.float32)  # its square is no float32
    assert of("signals", "rms", delta) == pytest.approx(1e-30, rel=1e-6)
    assert of("signals", "rms", np.zeros((3, 2), np.float32)) == 0


def layer_of(h: np.ndarray) -> Flow:
    return Flow(h, h, np.ones_like(h), 1.0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_copies_of_one_unit_are_one_dimension(dtype):
    unit = np.random.default_rng(0).standard_normal((50, 1))
    copies = (unit * [1.0, -2.0, 0.5, 100.0] + [0.0, 3.0, -1.0, 5.0]).astype(dtype)
    assert of("activations", "unit_correlation", layer_of(copies)) == pytest.approx(1.0, abs=1e-4)
    assert of("activations", "unit_correlation", layer_of(copies)) <= 1.0
    assert of("activations", "effective_rank", layer_of(copies)) == pytest.approx(1.0, abs=1e-4)


def test_units_that_say_different_things_are_as_many_dimensions():
    apart = np.eye(6) - 1 / 6  # six samples, each unit on for one of them
    assert of("activations", "effective_rank", layer_of(apart)) == pytest.approx(5.0)  # the sum is always 0
    drawn = np.random.default_rng(0).standard_normal((40, 4))
    centred = np.linalg.qr(drawn - drawn.mean(axis=0))[0]
    assert of("activations", "effective_rank", layer_of(centred)) == pytest.approx(4.0)
    assert of("activations", "unit_correlation", layer_of(centred)) == pytest.approx(0.0, abs=1e-12)


def test_constant_units_are_left_out_of_the_correlation():
    random = np.random.default_rng(0).standard_normal((30, 2))
    with_constants = np.concatenate([random, np.zeros((30, 3)), np.full((30, 1), 0.1)], axis=1)
    alone, among = (of("activations", "unit_correlation", layer_of(h)) for h in (random, with_constants))
    assert among == pytest.approx(alone)
    assert of("activations", "effective_rank", layer_of(with_constants)) == pytest.approx(
        of("activations", "effective_rank", layer_of(random))
    )


@pytest.mark.parametrize("constant", [0.0, 0.1, -0.7, 1 / 3, 1e-8, 12345.678])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("samples", [128, 100])
def test_a_layer_that_says_the_same_to_every_sample_has_no_dimension_and_no_correlation(constant, dtype, samples):
    """Rounding in the mean must not pass for something that varies."""
    still = np.full((samples, 4), constant, dtype) * np.array([1, 2, 3, 7], dtype)
    assert of("activations", "effective_rank", layer_of(still)) == 0
    assert math.isnan(of("activations", "unit_correlation", layer_of(still)))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_unit_alone_correlates_with_nothing(seed, dtype):
    unit = np.random.default_rng(seed).standard_normal((100, 1)).astype(dtype)
    beside = np.concatenate([unit, np.zeros((100, 2), dtype)], axis=1)
    for h in (unit, beside):
        assert math.isnan(of("activations", "unit_correlation", layer_of(h)))
        assert of("activations", "effective_rank", layer_of(h)) == pytest.approx(1.0, rel=1e-5)


def test_dead_and_saturated_relus_are_counted():
    z = np.array([[-1.0, 2.0, -3.0, 0.0], [-2.0, -1.0, 4.0, -1.0]])
    flow = Flow(z, np.maximum(z, 0), (z > 0).astype(float), 1.0)
    assert of("activations", "dead_fraction", flow) == 0.5  # the first and the last unit, for every sample
    assert of("activations", "saturated_fraction", flow) == 0.75  # six of eight are off
    assert of("activations", "slope", flow) == 0.25


def test_a_tanh_is_saturated_where_nine_tenths_of_its_slope_are_gone():
    edge = math.acosh(math.sqrt(1 / SATURATED))  # 1.82
    z = np.array([[-edge - 0.01, -edge + 0.01, 0.0, edge - 0.01, edge + 0.01]])
    flow = Flow(z, np.tanh(z), 1 - np.tanh(z) ** 2, 1.0)
    assert of("activations", "saturated_fraction", flow) == pytest.approx(0.4)
    assert of("activations", "dead_fraction", flow) == 0


def test_each_unit_may_have_a_steepest_slope_of_its_own():
    """As the gates of a recurrent layer have: sigmoids beside tanhs."""
    slope = np.array([[0.02, 0.2, 0.2], [0.03, 0.09, 0.2]])
    flow = Flow(slope, slope, slope, np.array([0.25, 1.0, NAN]))
    assert of("activations", "saturated_fraction", Flow(slope, slope, slope, np.array([0.25, 1.0, 1.0]))) == 2 / 6
    assert math.isnan(of("activations", "saturated_fraction", flow))  # what has no steepest slope has no share of it


def test_what_has_no_slope_per_unit_has_no_statistic_of_it():
    flow = layer_of(np.random.default_rng(0).standard_normal((10, 3)))
    softmax = Flow(flow.z, flow.h, flow.slope * NAN, None)
    missing = {each.name for each in SHELVES["activations"] if math.isnan(each.compute(softmax, np))}
    assert missing == {"slope", "saturated_fraction", "dead_fraction"}


def test_the_bins_are_half_a_decade_each_and_have_names():
    assert len(BIN_NAMES) == len(EDGES) + 1 == 51
    np.testing.assert_allclose(EDGES, -EDGES[::-1])
    np.testing.assert_allclose(np.diff(np.log10(EDGES[25:].astype(float))), 0.5, rtol=1e-5)
    assert EDGES[[25, -1]].tolist() == [np.float32(1e-9), 1000.0]


@given(x=hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(-1e4, 1e4, width=32) | st.sampled_from(EDGES)))
def test_a_histogram_counts_every_entry_once(x):
    edges = [-INF, *EDGES.tolist(), INF]
    expected = [sum(low <= value < high for value in x.tolist()) for low, high in itertools.pairwise(edges)]
    assert histogram(x, np).tolist() == expected
    assert sum(expected) == len(x)


def test_a_histogram_agrees_with_numpys():
    x = np.random.default_rng(0).standard_normal((2, 3, 500)) * 10.0 ** np.random.default_rng(1).uniform(-9, 3, 500)
    expected = [[np.histogram(row, bins=[-1e30, *EDGES, 1e30])[0] for row in rows] for rows in x]
    np.testing.assert_array_equal(histogram(x, np), expected)


def test_infinities_are_in_the_outermost_bins_and_nan_in_none():
    found = histogram(np.array([INF, INF, -INF, NAN, 0.0]), np)
    assert (found[0], found[25], found[-1], found.sum()) == (1, 1, 2, 4)


NEAR_EDGES = [np.nextafter(edge, towards, dtype=np.float32) for edge in EDGES for towards in (-INF, edge, INF)]


@given(x=hnp.arrays(np.float32, 20, elements=st.floats(width=32, allow_nan=False) | st.sampled_from(NEAR_EDGES)))
def test_the_quick_way_to_a_bin_leads_to_the_same_one(x):
    np.testing.assert_array_equal(bins(x), np.searchsorted(EDGES, x, side="right"))


def test_the_quick_way_is_right_at_every_edge_and_octave():
    octaves = 2.0 ** np.arange(-149, 128)
    x = np.array([0, -0.0, INF, -INF, *NEAR_EDGES, *octaves, *-octaves], np.float32)
    np.testing.assert_array_equal(bins(x), np.searchsorted(EDGES, x, side="right"))


@pytest.mark.parametrize(
    ("values", "first"),
    [([1, 2], None), ([1, NAN, INF], (1, "nan")), ([INF], (0, "inf")), ([0, -INF], (1, "-inf")), ([], None)],
)
def test_the_first_value_that_is_not_finite_is_found_and_named(values, first):
    assert first_nonfinite(np.array(values, np.float32)) == first


KERNEL = Tensor("dense_1", "kernel", (2, 3))


def a_layout(**every: int) -> Layout:
    return Layout(
        ("loss",), tuple(SeriesLayout(kind, (KERNEL,), ("mean", "std"), each) for kind, each in every.items())
    )


@pytest.mark.parametrize("every", [1, 2, 3, 7])
@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 20), (1, 1), (3, 9), (5, 4), (6, 6), (7, 13)])
def test_a_kind_is_recorded_at_every_multiple_of_its_interval(every, first, last):
    layout = a_layout(weights=every)["weights"]
    assert list(layout.recorded(first, last)) == [epoch for epoch in range(first, last + 1) if epoch % every == 0]


def test_a_layout_knows_its_kinds():
    layout = a_layout(weights=2, gradients=1)
    assert layout["weights"].shape == (1, 2)
    assert "gradients" in layout
    assert "signals" not in layout
    with pytest.raises(KeyError):
        layout["signals"]


def test_a_history_gives_its_epochs_one_by_one_each_with_the_series_that_it_records():
    layout = a_layout(gradients=1, weights=3)
    gradients = np.arange(10, dtype=np.float32).reshape(5, 1, 2)
    weights = np.arange(4, dtype=np.float32).reshape(2, 1, 2)
    metrics = np.array([[0.5], [NAN], [0.1], [0.2], [0.3]], np.float32)
    history = History(layout, 5, metrics, {"gradients": gradients, "weights": weights})
    records = list(history)
    assert (len(history), history.last_epoch) == (5, 9)
    assert (list(history.epochs_of("gradients")), list(history.epochs_of("weights"))) == ([5, 6, 7, 8, 9], [6, 9])
    assert [record.epoch for record in records] == [5, 6, 7, 8, 9]
    assert records[0].metrics == {"loss": 0.5}
    assert math.isnan(records[1].metrics["loss"])
    assert [sorted(record.series) for record in records] == [
        ["gradients"],
        ["gradients", "weights"],
        ["gradients"],
        ["gradients"],
        ["gradients", "weights"],
    ]
    np.testing.assert_array_equal(records[4].series["weights"], weights[1])
    np.testing.assert_array_equal(records[4].series["gradients"], gradients[4])


def test_a_history_without_epochs_has_no_records():
    history = History(
        a_layout(weights=1), 4, np.zeros((0, 1), np.float32), {"weights": np.zeros((0, 1, 2), np.float32)}
    )
    assert (list(history), len(history), history.last_epoch) == ([], 0, 3)
