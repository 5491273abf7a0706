"""Many tensors measured at once, in a program or after the fact, are measured as if each stood alone."""

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import tensorflow as tf
from numba.core.dispatcher import Dispatcher

from core.training import flow_sums, sums
from core.training.gradient_series import GradientSeries
from core.training.measurers import FROM_GRADIENTS, GradientRows, WeightRows, of_weights
from core.training.probe import ProbedLayer
from core.training.segments import Segments
from gradlab.keras import measure
from gradlab.keras.sums import GradientSums
from gradlab.measurement.history import SeriesLayout, Tensor
from gradlab.measurement.kinds import STATISTICS
from gradlab.measurement.statistics import (
    ACTIVATION_STATISTICS,
    EDGES,
    GRADIENT_STATISTICS,
    MEAN_GRADIENT_STATISTICS,
    SIGNAL_STATISTICS,
    Flow,
    histogram,
)
from gradlab.measurement.statistics.histograms import BIN_NAMES
from gradlab.vocabulary.optimizers import Sgd
from tests.integration.test_recording import statistics_of

SIZES = [(1,), (7,), (3, 5), (16, 16), (256,), (20, 20), (400,), (2, 150)]


def random_tensors(seed: int, poisoned: bool = False, sizes: Sequence[tuple[int, ...]] = SIZES) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    tensors = [random.standard_normal((2, *size)).astype(np.float32) for size in sizes]
    if poisoned:
        for tensor, poison in zip(tensors, [np.nan, np.inf, -np.inf, 0, np.nan], strict=False):
            tensor.reshape(2, -1)[1, -1] = poison
    return tensors


def each_alone(kind: str, *columns: list[np.ndarray]) -> np.ndarray:
    """(seeds, tensors, statistics), each tensor measured by itself."""
    with np.errstate(invalid="ignore"):
        return np.array(
            [statistics_of(kind, *([each[seed] for each in tensors] for tensors in columns)) for seed in (0, 1)]
        )


@cache
def measuring(*, compiled: bool) -> Any:
    """A program for tensors of one list of shapes: the statistics of gradients, and the histograms."""

    def in_program(tensors):
        return measure.gradients(tensors), measure.histograms(tensors)

    return tf.function(in_program, jit_compile=compiled, autograph=False)


@pytest.mark.parametrize("poisoned", [False, True], ids=["finite", "with NaN and infinities"])
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_tensors_measured_together_are_measured_as_if_each_stood_alone(poisoned, compiled):
    """Small ones are filled up to one length, of which nothing may show, as of a neighbour."""
    tensors = random_tensors(0, poisoned, [(769,), (40, 40), *SIZES])
    found, counted = measuring(compiled=compiled)(tensors)
    alone = each_alone("gradients", tensors)[..., : len(MEAN_GRADIENT_STATISTICS)]
    np.testing.assert_allclose(found, alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(counted, [[histogram(each[seed].ravel(), np) for each in tensors] for seed in (0, 1)])


@pytest.mark.parametrize("poisoned", [False, True], ids=["finite", "with NaN and infinities"])
@pytest.mark.parametrize("sizes", [SIZES, [*SIZES, (2000,), (1,)]], ids=["small", "some large"])
def test_tensors_in_one_row_are_measured_as_if_each_stood_alone(poisoned, sizes):
    """By their formulas, as a new statistic is, and by the sums that the others share."""
    after, before = random_tensors(0, poisoned, sizes), random_tensors(1, sizes=sizes)
    segments = Segments([int(np.prod(size)) for size in sizes])
    rows = [np.concatenate([each.reshape(2, -1) for each in tensors], axis=1) for tensors in (after, before)]
    batches, layout = rows[0][None, None], SeriesLayout("", (), ())  # one epoch of one batch
    with np.errstate(invalid="ignore"):
        missing = np.zeros(len(sizes), bool)
        seen = np.zeros((1, *rows[0].shape), np.int32)
        totals = np.zeros((1, 2, len(sizes), len(GRADIENT_STATISTICS)))
        FROM_GRADIENTS["gradients"].piece(
            GradientRows(layout, batches, segments.sums(batches), missing, segments, seen, totals)
        )
        by_sums = {
            "gradients": FROM_GRADIENTS["gradients"].joined(totals, 1),
            "weights": of_weights(WeightRows(layout, rows[0][None], rows[1][None], segments)),
        }
        for kind, columns in (("gradients", (after,)), ("weights", (after, before))):
            by_formula = [each.compute(*rows[: len(columns)], segments) for each in STATISTICS[kind]]
            alone = each_alone(kind, *columns)
            np.testing.assert_allclose(np.stack(by_formula, axis=-1), alone, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(by_sums[kind][0], alone, rtol=1e-6, atol=1e-7)
    counted = segments.histograms(rows[0][None, None])[0]
    np.testing.assert_array_equal(counted, [[histogram(each[seed].ravel(), np) for each in after] for seed in (0, 1)])
    together = segments.histograms(rows[0][None, :, None])
    np.testing.assert_array_equal(together[0, 0], counted.sum(axis=0))


@pytest.mark.parametrize("repeats", [1, 41], ids=["one by one", "in pairs"])
def test_entries_at_the_edges_of_bins_are_counted_as_the_formula_counts_them(repeats):
    beside = [np.nextafter(EDGES, np.float32(side)) for side in (-np.inf, np.inf)]
    tiny = np.array([0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38, np.inf, -np.inf, np.nan, -np.nan], np.float32)
    entries = np.tile(np.concatenate([EDGES, *beside, tiny]), repeats)
    counted = Segments([len(entries)]).histograms(entries[None, None, None])
    np.testing.assert_array_equal(counted[0, 0, 0], histogram(entries, np))


@pytest.mark.parametrize("steepest", [None, 1.0, "by unit"])
@pytest.mark.parametrize(("units", "samples"), [(1, 128), (5, 128), (6, 1), (70, 300)])
def test_layers_are_measured_as_their_formulas_say(units: int, samples: int, steepest: Any):
    random = np.random.default_rng(units)
    z, delta = random.standard_normal((2, 4, samples, units)).astype(np.float32)
    h = np.maximum(z, 0.0)
    h[0] = 0.3  # constant units
    h[1, :, 1:] = h[1, :, :1]  # copies of one
    slope = (z > 0.0).astype(np.float32)
    slope[2] = np.nan  # as softmax has it
    for each in (z, h, delta):
        each[3, -1, -1] = np.inf
    limits = np.linspace(0.1, 20.0, units, dtype=np.float32) if steepest == "by unit" else steepest
    layer = ProbedLayer(z, h, slope, delta, limits, 0)
    flow, measured = (
        Flow(z, h, slope, limits),
        flow_sums.of_activations(layer) | {"rms": flow_sums.of_signals(layer)["rms"]},
    )
    with np.errstate(all="ignore"):
        wanted = {each.name: each.compute(flow, np) for each in ACTIVATION_STATISTICS}
        wanted["rms"] = SIGNAL_STATISTICS[0].compute(delta, np)
    assert measured.keys() == wanted.keys()
    for name, values in measured.items():
        np.testing.assert_allclose(values[:3], wanted[name][:3], rtol=1e-5, atol=1e-6, err_msg=name)
        # Of an infinite entry a formula may make NaN, and a sum infinity.
        np.testing.assert_equal(np.isfinite(values[3]), np.isfinite(wanted[name][3]), err_msg=name)
    assert wanted["nonfinite"].tolist() == [0, 0, 0, 1] == flow_sums.of_signals(layer)["nonfinite"].tolist()


DOUBLING = """
import sys
from core.training import flow_sums, sums
double = sums.compiled("f8(f8)")(lambda x: 2 * x)
assert double(4.0) == 8.0
from core.training.segments import Segments
import numpy as np
assert Segments([2]).sums(np.array([[1, 2]], np.float32)).total.tolist() == [[3.0]]
"""


def test_sums_are_compiled_where_what_was_kept_is_damaged(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", DOUBLING], check=True, env=environment)
    kept = [*tmp_path.rglob("*.nb?")]
    assert kept
    for each in kept:
        each.write_bytes(b"")
    subprocess.run([sys.executable, "-c", DOUBLING], check=True, env=environment)


@pytest.mark.parametrize("error", [RuntimeError("no locator"), OSError("No space left on device")])
def test_sums_are_compiled_where_nothing_can_be_kept(error):
    with patch.object(Dispatcher, "enable_caching", side_effect=error):
        double = sums.compiled("f8(f8)")(lambda x: 2 * x)
    assert double(4.0) == 8.0


def test_zeros_of_an_epoch_are_those_of_every_batch_in_pieces_too():
    rows = np.array([[0, 0, 1, -0.0, np.inf], [0, 2, 0, -0.0, 0], [0, 0, np.nan, 0, 1e-45]], np.float32)
    batches, seen = rows[None, :, None], np.zeros((1, 1, 5), np.int32)  # tensors of 2 and 3 entries
    segments = Segments([2, 3])
    assert segments.zeros_of_all(batches, seen.copy()).tolist() == [[[1, 1]]]
    assert segments.zeros_of_all(batches[:, :1], seen).tolist() == [[[2, 1]]]
    assert segments.zeros_of_all(batches[:, 1:], seen).tolist() == [[[1, 1]]]


def test_gradients_in_pieces_have_the_digits_of_whole_epochs():
    random = np.random.default_rng(0)
    rows = (random.standard_normal((2, 6, 3, 40)) * 10.0 ** random.integers(-20, 10, (2, 6, 3, 1))).astype(np.float32)
    rows[random.random(rows.shape) < 0.5] = 0
    rows[1, 4, 2, 7] = np.inf
    names = tuple(each.name for each in GRADIENT_STATISTICS)
    places = tuple(Tensor("dense", name, ()) for name in "abc")
    layouts = [SeriesLayout("gradients", places, names), SeriesLayout("gradient_histograms", places, BIN_NAMES)]
    measured = []
    for ends in ([6], [1, 6], [1, 2, 3, 4, 5, 6]):
        series = GradientSeries([(each, [0, 1]) for each in layouts], Segments([1, 9, 30]), Sgd())
        for begin, end in pairwise([0, *ends]):
            series.add(np.ascontiguousarray(rows[:, begin:end]), np.array([False, False, True]))
        measured.append(series.series())
    for found, norms in measured[1:]:
        np.testing.assert_array_equal(norms, measured[0][1])
        for kind, values in found.items():
            np.testing.assert_array_equal(values, measured[0][0][kind], err_msg=kind)
    expected = np.mean([[GRADIENT_STATISTICS[0].compute(rows[0, i, :, 1:10], np)] for i in range(6)], axis=0)
    np.testing.assert_allclose(measured[0][0]["gradients"][0, :, 1, 0], expected[0], rtol=1e-6)


def test_a_tensor_without_a_gradient_is_nan_and_disturbs_no_other():
    tensors = random_tensors(0)
    some = [None if place in (1, 5) else tensor for place, tensor in enumerate(tensors)]
    found, whole = (measure.gradients(each).numpy() for each in (some, tensors))
    assert np.isnan(found[:, [1, 5]]).all()
    kept = [0, 2, 3, 4, 6, 7]
    np.testing.assert_allclose(found[:, kept], whole[:, kept], rtol=1e-6, atol=1e-7)
    counted = measure.histograms(some).numpy()
    assert (counted[:, [1, 5]] == 0).all()
    assert counted[0, kept].sum(axis=-1).tolist() == [np.prod(SIZES[place]) for place in kept]


def test_a_gradient_of_zero_counts_as_zero_whatever_the_size_of_its_tensor():
    """In a graph of TensorFlow n/n is not always 1, if n is one of eight constants or more."""
    shapes = [(size,) for size in range(1, 40)]
    summed = GradientSums([Tensor(f"layer_{size}", "kernel", shape) for size, shape in enumerate(shapes)], full=True)
    add = tf.function(summed.add, autograph=False)
    for _ in range(13):
        add([tf.zeros((1, *shape)) for shape in shapes])
    readings = summed.readings()
    means = readings.mean_statistics()
    assert means is not None
    assert (means[:, [each.name for each in MEAN_GRADIENT_STATISTICS].index("zero_fraction")] == 1).all()
    assert (readings.zero == 13).all()
