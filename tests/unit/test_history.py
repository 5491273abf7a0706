"""A history is read epoch by epoch, with every number under its name."""

import numpy as np

from gradlab.measurement.history import History, Layout, SeriesLayout, Tensor

KERNEL, BIAS = Tensor("dense_1", "kernel", (2, 1)), Tensor("dense_1", "bias", (1,))


def test_each_epoch_is_a_record_of_its_metrics_and_of_the_series_recorded_in_it():
    layout = Layout(
        metrics=("loss", "accuracy"),
        series=(
            SeriesLayout("gradients", (KERNEL, BIAS), ("mean_abs",), every=1),
            SeriesLayout("weights", (KERNEL,), ("mean", "std"), every=2),
        ),
    )
    gradients, weights = np.arange(6, dtype=np.float32).reshape(3, 2, 1), np.ones((2, 1, 2), np.float32)
    metrics = np.array([[0.5, 0.25], [0.5, 0.5], [0.25, 1.0]], np.float32)
    history = History(layout, 2, metrics, {"gradients": gradients, "weights": weights})
    records = list(history)
    assert [record.epoch for record in records] == [2, 3, 4]
    assert records[2].metrics == {"loss": 0.25, "accuracy": 1.0}
    assert [set(record.series) for record in records] == [
        {"gradients", "weights"},
        {"gradients"},
        {"gradients", "weights"},
    ]
    np.testing.assert_array_equal(records[1].series["gradients"], gradients[1])
    np.testing.assert_array_equal(records[2].series["weights"], weights[1])
