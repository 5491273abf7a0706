"""The decision boundary of a training elsewhere, as the service answers that of its own."""

import numpy as np

from gradlab.measurement.plane import Plane
from gradlab.spec import ExternalSpec
from gradlab.spec.output import answer_threshold_elsewhere


def boundary_arrays(spec: ExternalSpec, seed: int, epoch: int, plane: Plane) -> dict[str, np.ndarray] | None:
    """Return the named arrays of a boundary with one epoch; None if a single output's threshold is unknown.

    Args:
        spec: of the training.
        seed: of the run.
        epoch: the record after which the plane was measured.
        plane: the outputs on the grid.
    """
    units = len(plane.outputs)
    threshold = answer_threshold_elsewhere(spec) if units == 1 else np.nan
    if threshold is None:
        return None
    return {
        "layer": np.array(spec.layers[-1].name),
        "classes": np.array([1] if units == 1 else range(units), np.int64),
        "threshold": np.array(threshold, np.float32),
        "x": plane.x,
        "y": plane.y,
        "seeds": np.array([seed], np.int64),
        "epochs": np.array([epoch], np.int64),
        "lengths": np.array([1], np.int64),
        "values": plane.outputs[None, None],
    }
