"""Every statistic is the same in PyTorch as in NumPy, on the same arrays."""

import math

import numpy as np
import pytest
import torch

from gradlab.measurement.statistics import (
    ACTIVATION_STATISTICS,
    GRADIENT_STATISTICS,
    MEAN_GRADIENT_STATISTICS,
    SIGNAL_STATISTICS,
    WEIGHT_STATISTICS,
    Flow,
    histogram,
)
from gradlab.measurement.statistics.gradients import MIN_LARGE
from gradlab.torch import measure
from gradlab.torch.namespace import Namespace

# Relative difference that the precision allows, and its share of the largest entry.
TOLERANCES = {np.float64: (1e-9, 1e-12), np.float32: (1e-4, 1e-6)}
SHAPES = [(3, 7), (7,), (300, 20), (21,), (1,), (2, 3, 5, 2)]
# Small, ordinary, huge; with zeros; with what is not finite.
SCALES = {"tiny": 1e-12, "ordinary": 1.0, "huge": 1e12}


@pytest.fixture(params=[np.float64, np.float32], ids=["float64", "float32"])
def dtype(request):
    return request.param


@pytest.fixture(params=[*SCALES, "zeros", "nonfinite"])
def content(request):
    return request.param


def array(shape, content, dtype, seed=0):
    """An array of some content, with exact zeros among its entries."""
    random = np.random.default_rng(seed)
    values = random.normal(0.3, 1.0, shape) * SCALES.get(content, 1.0) * (random.uniform(size=shape) > 0.2)
    if content == "zeros":
        values[:] = 0.0
    if content == "nonfinite":
        values.flat[0], values.flat[-1] = math.nan, math.inf
    return values.astype(dtype)


def check(actual, expected, dtype):
    relative, share = TOLERANCES[dtype]
    with np.errstate(invalid="ignore"):
        finite = np.abs(expected)[np.isfinite(expected)]
    largest = finite.max(initial=0.0)
    np.testing.assert_allclose(actual, expected, rtol=relative, atol=share * largest, equal_nan=True)


def flow_of(content, dtype):
    z = array((40, 9), content, dtype, seed=1)
    z[:, 3] = dtype(0.25)  # a constant unit
    with np.errstate(all="ignore"):
        return z, np.tanh(z), 1 - np.tanh(z) ** 2


@pytest.mark.parametrize("statistic", GRADIENT_STATISTICS, ids=lambda each: each.name)
def test_every_statistic_of_gradients(statistic, content, dtype):
    for shape in SHAPES:
        g = array((4, math.prod(shape)), content, dtype)
        with np.errstate(all="ignore"):
            expected = statistic.compute(g, np)
        x = torch.tensor(g)
        check(statistic.compute(x, Namespace(x)).numpy(), expected, dtype)


@pytest.mark.parametrize("statistic", WEIGHT_STATISTICS, ids=lambda each: each.name)
def test_every_statistic_of_weights(statistic, content, dtype):
    w, v = array((3, 50), content, dtype), array((3, 50), content, dtype, seed=5)
    with np.errstate(all="ignore"):
        expected = statistic.compute(w, v, np)
    x = torch.tensor(w)
    check(statistic.compute(x, torch.tensor(v), Namespace(x)).numpy(), expected, dtype)


@pytest.mark.parametrize("statistic", ACTIVATION_STATISTICS, ids=lambda each: each.name)
def test_every_statistic_of_activations(statistic, content, dtype):
    arrays = flow_of(content, dtype)
    for steepest in (1.0, None):
        with np.errstate(all="ignore"):
            expected = statistic.compute(Flow(*arrays, steepest), np)
        z, h, slope = map(torch.tensor, arrays)
        check(statistic.compute(Flow(z, h, slope, steepest), Namespace(h)).numpy(), expected, dtype)


@pytest.mark.parametrize("statistic", SIGNAL_STATISTICS, ids=lambda each: each.name)
def test_every_statistic_of_signals(statistic, content, dtype):
    delta = array((40, 9), content, dtype)
    with np.errstate(all="ignore"):
        expected = statistic.compute(delta, np)
    x = torch.tensor(delta)
    check(statistic.compute(x, Namespace(x)).numpy(), expected, dtype)


def rows_of(content, dtype, count=5):
    """Rows of the tensors of SHAPES, as a list of arrays and as a flat buffer."""
    tensors = [array((count, *shape), content, dtype, seed) for seed, shape in enumerate(SHAPES)]
    layout = measure.FlatLayout(SHAPES)
    like = torch.zeros((), dtype=torch.float64 if dtype is np.float64 else torch.float32)
    rows = [layout.flat([torch.tensor(each[row]) for each in tensors], like) for row in range(count)]
    return tensors, layout, torch.stack(rows)


@pytest.mark.parametrize("min_large", [1, MIN_LARGE], ids=["piece by piece", "by the formulas"])
def test_all_tensors_of_a_flat_buffer_have_their_own_statistics(content, dtype, min_large, monkeypatch):
    monkeypatch.setattr(measure, "MIN_LARGE", min_large)
    monkeypatch.setattr(measure, "MAX_PIECE", 12)  # of two or three entries of the five rows, the last one shorter
    tensors, layout, rows = rows_of(content, dtype)
    actual = measure.gradients(rows, layout).numpy()
    for place, tensor in enumerate(tensors):
        flat = tensor.reshape(len(tensor), -1)
        with np.errstate(all="ignore"):
            expected = np.stack([each.compute(flat, np) for each in MEAN_GRADIENT_STATISTICS], axis=-1)
        check(actual[:, place], expected, dtype)


def test_histograms_count_every_tensor_over_the_rows_of_a_record(content, dtype):
    tensors, layout, rows = rows_of(content, dtype)
    of_record = np.array([0, 0, 1, 1, 1])
    actual = measure.histograms(rows, layout, torch.tensor(of_record), 2).numpy()
    for place, tensor in enumerate(tensors):
        for record in (0, 1):
            expected = histogram(tensor[of_record == record].reshape(1, -1), np)[0]
            np.testing.assert_array_equal(actual[record, place], expected)


@pytest.mark.parametrize("mean", [3.0, 1e4, 1e-15, 1e15])
def test_the_deviation_of_a_large_tensor_survives_a_mean_beside_it(mean):
    values = (mean + np.random.default_rng(0).normal(0.0, abs(mean) / 10, 100_000)).astype(np.float32)
    layout = measure.FlatLayout([values.shape])
    std = [each.name for each in MEAN_GRADIENT_STATISTICS].index("std")
    actual = measure.gradients(torch.as_tensor(values)[None], layout)[0, 0, std]
    np.testing.assert_allclose(actual, values.astype(np.float64).std(), rtol=1e-4)


def test_a_flat_buffer_gives_back_its_tensors():
    tensors, layout, rows = rows_of("ordinary", np.float32)
    for actual, tensor in zip(layout.tensors(rows[2]), tensors, strict=True):
        np.testing.assert_array_equal(actual.numpy(), tensor[2].reshape(-1))


def test_a_flat_buffer_takes_missing_sparse_and_half_precision_tensors():
    layout = measure.FlatLayout([(2, 3), (4,), (5,)])
    sparse = torch.sparse_coo_tensor([[1, 1]], [[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]], (2, 3), check_invariants=True)
    row = layout.flat([sparse, None, torch.full((5,), 0.5, dtype=torch.bfloat16)], torch.zeros(()))
    rows, zeros, half = layout.tensors(row)
    assert rows.tolist() == [0, 0, 0, 2, 3, 4]
    assert zeros.tolist() == [0, 0, 0, 0]
    assert half.tolist() == [0.5] * 5


def test_histograms_of_large_tensors_count_some_entries_for_all():
    layout = measure.FlatLayout([(1000,)])
    row = torch.where(torch.arange(1000) % 4 == 0, 2.0, -2.0)[None]
    counts = measure.histograms(row, layout, torch.zeros(1, dtype=torch.int64), 1, max_counted=143)[0, 0]
    assert counts.sum() == 1000  # every seventh entry, each for 1000/143
    assert sorted(counts[counts > 0].tolist()) == pytest.approx([250, 750], rel=0.02)
