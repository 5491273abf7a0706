"""Expectations of a Watch that records `lean`, the same with every framework: 3 epochs of 12 batches each."""

import numpy as np

from gradlab.diagnosis import ExternalRun
from gradlab.measurement.history import History
from gradlab.measurement.statistics import MEAN_GRADIENT_STATISTICS
from gradlab.watch import Recorder

EPOCHS, BATCHES, EVERY = 3, 12, 6


def metric_of_steps(steps: History, name: str) -> np.ndarray:
    """(epochs, batches) a metric, from records of single steps."""
    values: np.ndarray = steps.metrics[1:, steps.layout.metrics.index(name)].reshape(EPOCHS, BATCHES)
    return values


def check_means_over_sampled_batches(lean: Recorder, steps: History) -> ExternalRun:
    """Expect the means over every sixth batch, the norms of all first steps; return the only run."""
    assert lean.spec.gradients_every == EVERY
    (run,) = lean.runs()
    statistics = len(MEAN_GRADIENT_STATISTICS)
    singly = steps.series["gradients"][1:, :, :statistics].reshape(EPOCHS, BATCHES, -1, statistics)
    expected = singly[:, ::EVERY].mean(axis=1)
    np.testing.assert_allclose(run.history.series["gradients"][1:, :, :statistics], expected, rtol=2e-5, atol=1e-7)
    for name in ("gradient_norm", "clipped_gradient_norm", "clipped_fraction"):
        found = run.history.metrics[1:, run.history.layout.metrics.index(name)]
        alone = metric_of_steps(steps, name)
        np.testing.assert_allclose(found, alone[:, ::EVERY].mean(axis=1), rtol=2e-5)
    norms = steps.metrics[1:21, steps.layout.metrics.index("gradient_norm")]
    np.testing.assert_allclose(run.wiring.first_steps.gradient_norm, norms, rtol=1e-5)
    return run


def check_counts(run: ExternalRun, measured: int) -> None:
    """Expect of each of four tensors so many measured batches, with a gradient that is not 0."""
    assert [(each.batches, each.missing, each.zero) for each in run.wiring.tensors.values()] == [(measured, 0, 0)] * 4
