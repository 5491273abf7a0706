"""The record of a training in its own process: its history, its diagnosis, and what it refuses."""

import numpy as np
import pytest

from gradlab.measurement.kinds import STATISTICS
from gradlab.spec import ExternalSpec
from gradlab.watch import IllTraining, Recorder, Reporting, Sampling, describe, intervals, samples_batches
from gradlab.watch.pending import MAX_ENTRIES, MAX_WAIT_SECONDS, Pending
from gradlab.watch.sampling import stride_of
from gradlab.watch.series import Probed, activation_series, histograms, signal_series, weight_series
from gradlab.watch.transmission import Transmission

LAYER = {
    "name": "dense",
    "class_name": "Dense",
    "output_shape": [1],
    "parameters": [{"name": "kernel", "shape": [2, 1]}],
}


def spec(**more):
    return ExternalSpec.model_validate(
        {"source": "external", "layers": [LAYER], "epochs": 30, "loss": {"kind": "binary_crossentropy"}} | more
    )


def recorded(losses, **more):
    recorder = Recorder(report_at_end=False)
    recorder.begin(spec(**more))
    for epoch, loss in enumerate(losses):
        recorder.record(epoch, {"loss": loss}, {})
    return recorder


def test_records_make_a_history_and_what_was_not_measured_is_nan():
    recorder = recorded([0.7, 0.6])
    recorder.record(2, {"loss": 0.5, "accuracy": 0.8}, {"gradients": np.ones((1, len(STATISTICS["gradients"])))})
    (run,) = recorder.runs()
    assert run.history.layout.metrics == ("loss", "accuracy")
    np.testing.assert_allclose(run.history.metrics, [[0.7, np.nan], [0.6, np.nan], [0.5, 0.8]])
    assert np.isnan(run.history.series["gradients"][:2]).all()
    assert (run.history.series["gradients"][2] == 1).all()
    assert list(run.history.epochs_of("gradients")) == [0, 1, 2]


def test_a_loss_that_stands_still_is_ill_and_the_check_says_so():
    recorder = recorded([0.6931] * 31)
    recorder.end()
    diagnosis = recorder.diagnosis()
    assert str(diagnosis.verdict) == "ill"
    assert isinstance(diagnosis.unjudged, list)
    with pytest.raises(IllTraining, match="ill"):
        recorder.check()


def test_a_training_that_ends_early_or_without_finite_numbers_says_why():
    recorder = recorded([0.7, 0.6])
    recorder.end()
    assert recorder.runs()[0].stopped_by == "early_stopping"
    recorder = recorded([0.7, 0.6, float("nan")])
    recorder.end()
    assert recorder.runs()[0].stopped_by == "nonfinite"
    assert recorder.diagnosis().outcomes[0].outcome == "diverged"


@pytest.mark.parametrize(
    ("validations", "is_lost"),
    [
        ([0.7, None, None, None, None, None], False),  # a Watch alone has validation samples
        ([0.7, None, 0.6, None, 0.5, None], False),
        ([0.7, 0.6, 0.5, 0.5, np.nan, np.nan], True),
        ([np.nan] * 6, True),
        ([0.7, 0.6, np.inf, 0.5, 0.4, 0.4], True),
    ],
)
def test_a_validation_that_is_missing_in_some_records_is_not_taken_for_nan(validations, is_lost):
    recorder = Recorder(report_at_end=False)
    recorder.begin(spec(epochs=5))
    for epoch, loss in enumerate(validations):
        recorder.record(epoch, {"loss": 0.7 - 0.1 * epoch} | ({} if loss is None else {"val_loss": loss}), {})
    recorder.end()
    assert ("nonfinite" in [each.rule for each in recorder.diagnosis().findings]) is is_lost


def test_the_diagnosis_is_printed_at_the_end_if_that_is_wanted(capsys):
    recorder = Recorder()
    recorder.begin(spec())
    recorder.record(0, {"loss": 0.7}, {})
    recorder.end()
    assert capsys.readouterr().out.startswith("Gradient Lab: ")
    recorded([0.7]).end()
    assert not capsys.readouterr().out


def test_the_text_at_the_end_says_what_to_pass_and_has_15_lines_at_most():
    text = describe(recorded([0.6931] * 31).diagnosis(), spec())
    assert len(text.splitlines()) <= 15
    assert "Not judged: " in text
    assert "; pass " in text


def test_a_report_has_the_status_of_its_training():
    class Plain(Reporting):
        """A Watch that measures nothing."""

        def __init__(self, recorder: Recorder) -> None:
            self.recorder = recorder

    for error, status in ((None, "completed"), ("ValueError: no", "failed")):
        recorder = recorded([0.7, 0.6])
        assert Plain(recorder)._report().experiment.status == "running"
        recorder.end(error)
        experiment = Plain(recorder)._report().experiment
        assert (experiment.status, experiment.error) == (status, error)
        assert experiment.stopped_by == (None if error else "early_stopping")


def test_what_became_known_later_is_added_to_the_description():
    recorder = recorded([0.7])
    recorder.update(batch_size=32)
    assert recorder.spec.batch_size == 32
    assert recorder.spec.layout.metrics == ("loss",)


def test_a_gap_a_wrong_shape_and_a_record_before_the_beginning_are_refused():
    recorder = recorded([0.7])
    with pytest.raises(ValueError, match="expected number 1"):
        recorder.record(3, {"loss": 0.6}, {})
    with pytest.raises(ValueError, match=r"series\.gradients: expected an array of shape \(1, 8\)"):
        recorder.record(1, {"loss": 0.6}, {"gradients": np.ones((2, 8))})
    with pytest.raises(RuntimeError, match="has not begun"):
        Recorder().diagnosis()


def test_intervals_are_those_of_the_bundles_or_of_each_kind():
    assert intervals("lean") == {"gradients": 1, "weights": 0, "activations": 0, "signals": 0, "histograms": 0}
    assert intervals("standard")["histograms"] == 10
    assert set(intervals("full").values()) == {1}
    assert intervals({"signals": 5, "weight_histograms": 2})["histograms"] == 2
    for wrong in ("everything", {"nothing": 1}, {"signals": -1}, {"signals": True}):
        with pytest.raises(ValueError, match="record"):
            intervals(wrong)


@pytest.mark.parametrize(
    ("batches", "count"),
    [(1, 1), (2, 2), (3, 3), (4, 2), (10, 2), (15, 3), (16, 2), (60, 8), (64, 8), (118, 12), (10_000, 100)],
)
def test_sampling_measures_the_root_of_the_number_of_batches_and_one_in_eight_of_few(batches, count):
    sampling = Sampling(batches)
    measured = [place for place in range(batches) if sampling.measures(place)]
    assert measured[0] == 0
    assert set(np.diff(measured).tolist()) <= {sampling.every}
    assert len(measured) == count


@pytest.mark.parametrize(("rows", "columns"), [(1024, 1024), (2048, 512), (300, 40), (7, 1), (1, 1)])
def test_the_entries_that_a_histogram_counts_lie_in_all_columns(rows, columns):
    counted = np.arange(0, rows * columns, stride_of(rows * columns, 8_192))
    assert 1 <= len(counted) <= 8_192
    assert len(np.unique(counted % columns)) == columns


def test_all_batches_of_a_record_are_measured_where_their_number_is_unknown():
    assert all(Sampling().measures(place) for place in range(10))
    assert [samples_batches(each) for each in ("lean", "standard", {"gradients": 1})] == [True, False, False]


class Numbers:
    """A record that holds so many numbers."""

    def __init__(self, entries: int) -> None:
        self.entries = entries


def test_records_wait_for_as_many_as_were_measured_before_unless_they_are_large_or_awaited(monkeypatch):
    pending, measured = Pending[Numbers](), list[int]()
    monkeypatch.setattr("gradlab.watch.pending.time.monotonic", lambda: now)
    now = 0.0

    def add(entries: int = 1, *, is_awaited: bool = False) -> None:
        pending.add(Numbers(entries))
        if pending.are_due(is_awaited):
            pending.give(lambda kept: measured.append(len(kept)))

    for _ in range(1 + 1 + 2 + 4 + 8 + 16 + 32 + 64 + 128 + 128):
        add()
    assert measured == [1, 1, 2, 4, 8, 16, 32, 64, 128, 128]
    add(MAX_ENTRIES)
    assert measured[10:] == [1]
    now = 2 * MAX_WAIT_SECONDS
    add()
    add(is_awaited=True)
    pending.give(lambda kept: measured.append(len(kept)))
    assert measured[11:] == [2]


def test_the_end_of_the_process_has_pending_records_measured_before_it_sends_the_rest():
    calls: list[str] = []
    sending = {"api_key": None, "seed": 0, "continued": None, "warn": calls.append}
    Transmission("http://127.0.0.1:9", **sending, before_closing=lambda: calls.append("measured")).close()
    assert calls == ["measured"]


class Layer(Probed):
    """A probed layer with given arrays."""

    def __init__(self, z: np.ndarray, delta: np.ndarray) -> None:
        self._z, self._delta = z, delta

    z = property(lambda self: self._z)
    h = property(lambda self: np.tanh(self._z))
    slope = property(lambda self: 1 - np.tanh(self._z) ** 2)
    delta = property(lambda self: self._delta)
    steepest = property(lambda self: 1.0)
    steps = property(lambda self: 0)


def test_series_are_the_statistics_of_their_arrays():
    random = np.random.default_rng(0)
    z, delta = random.normal(size=(2, 2, 16, 3)).astype(np.float32)
    probed = {"dense": Layer(z, delta)}
    activations = activation_series(["dense", "other"], probed, 2)
    names = [each.name for each in STATISTICS["activations"]]
    rows = z.reshape(2, -1), delta.reshape(2, -1)
    weights, signals = weight_series([rows[0]], [rows[1]]), signal_series(["dense"], probed, 2)
    change = [each.name for each in STATISTICS["weights"]].index("change_l1")
    for record in (0, 1):
        z_of, delta_of = z[record], delta[record]
        assert activations[record, 0, names.index("pre_mean")] == pytest.approx(z_of.mean(), rel=1e-4)
        assert activations[record, 0, names.index("std")] == pytest.approx(np.tanh(z_of).std(), rel=1e-4)
        assert np.isnan(activations[record, 1]).all()
        assert signals[record, 0, 0] == pytest.approx(np.sqrt((delta_of**2).mean()), rel=1e-4)
        assert weights[record, 0, change] == pytest.approx(np.abs(z_of - delta_of).sum(), rel=1e-4)
        assert histograms(rows)[record].sum(axis=-1).tolist() == [z_of.size] * 2
