"""The plane of a network's two inputs, as a training elsewhere measures it, and as its report holds it."""

import numpy as np
import pytest

from gradlab.diagnosis import ExternalRun, diagnose
from gradlab.facts import Facts
from gradlab.measurement.plane import plane_around
from gradlab.report import report_of
from gradlab.spec.external import ExternalLoss
from gradlab.spec.external_layer import ExternalTarget
from gradlab.watch.plane import in_plane, plane_of
from tests.builders import an_external_spec, measured

CORNERS = np.array([[-1.0, 0.0], [1.0, 4.0]])


def test_the_first_input_rises_along_a_row_and_the_second_from_row_to_row():
    plane = plane_around(CORNERS, lambda points: points)
    assert plane.x[[0, -1]].tolist() == pytest.approx([-1.2, 1.2])
    assert plane.y[[0, -1]].tolist() == pytest.approx([-0.4, 4.4])
    np.testing.assert_array_equal(plane.outputs[0], np.tile(plane.x, (32, 1)))
    np.testing.assert_array_equal(plane.outputs[1], np.tile(plane.y[:, None], (1, 32)))


@pytest.mark.parametrize(
    ("shape", "kind", "count", "steps", "expected"),
    [
        ((2,), "classes", 2, (), True),
        ((2,), "classes", 10, (), True),
        ((2,), "classes", 11, (), False),
        ((2,), "classes", 2, (3,), False),
        ((2,), "values", 1, (), False),
        ((3,), "classes", 2, (), False),
        ((2, 1), "classes", 2, (), False),
    ],
)
def test_two_inputs_and_one_of_few_classes_have_a_plane(shape, kind, count, steps, expected):
    target = ExternalTarget(kind=kind, count=count, steps=steps)
    assert in_plane(Facts(feature_shape=shape, target=target)) is expected
    assert not in_plane(None)


def test_without_samples_and_with_many_outputs_there_is_no_plane():
    assert plane_of([], lambda points: points) is None
    assert plane_of([CORNERS], lambda points: np.zeros((len(points), 11))) is None


def answers(loss: ExternalLoss | None, units: int) -> dict[str, dict]:
    spec = an_external_spec(epochs=2, loss=loss)
    runs = [ExternalRun(spec, 0, measured(spec, 0, 0, 3))]
    plane = plane_around(CORNERS, lambda points: np.ones((len(points), units)))
    report = report_of(spec, runs, diagnose(spec, runs), planes={0: plane})
    held = {each["path"].rpartition("/")[2]: each for each in report._answers()}
    return {**held, "arrays": report.boundaries.get(0, {})}


@pytest.mark.parametrize(
    ("loss", "units", "threshold"),
    [
        (ExternalLoss(kind="binary_crossentropy"), 1, 0.5),
        (ExternalLoss(kind="binary_crossentropy", from_logits=True), 1, 0.0),
        (ExternalLoss(kind="hinge"), 1, 0.0),
        (ExternalLoss(kind="a loss of one's own"), 3, None),
    ],
)
def test_a_report_holds_the_plane_without_samples(loss, units, threshold):
    held = answers(loss, units)
    assert held["charts"]["body"] == {"charts": [{"name": "boundary"}]}
    assert held["boundary"]["query"] == {"seed": "0"}
    arrays = held["arrays"]
    assert arrays["values"].shape == (1, 1, units, 32, 32)
    assert arrays["epochs"].tolist() == [2]
    assert arrays["threshold"] == pytest.approx(np.nan if threshold is None else threshold, nan_ok=True)
    assert "samples" not in held


def test_a_single_output_whose_threshold_is_unknown_has_no_boundary():
    held = answers(None, 1)
    assert held["charts"]["body"] == {"charts": []}
    assert "boundary" not in held
