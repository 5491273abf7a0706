"""The plane of a training whose samples have two inputs. No sample is in it: only the range that they span."""

from collections.abc import Callable, Sequence

import numpy as np

from gradlab.facts import Facts
from gradlab.measurement.kinds.boundary import MAX_PLANES
from gradlab.measurement.plane import Plane, plane_around

BOUNDARY = "the decision boundary is not drawn"


def in_plane(facts: Facts | None) -> bool:
    """True if a sample has two inputs and its answer is one of few classes."""
    if facts is None or facts.target is None or facts.feature_shape != (2,):
        return False
    return facts.target.kind == "classes" and not facts.target.steps and facts.target.count <= MAX_PLANES


def plane_of(inputs: Sequence[np.ndarray], outputs_of: Callable[[np.ndarray], np.ndarray]) -> Plane | None:
    """Return a network's outputs around its samples; None if there are no samples or too many outputs.

    Args:
        inputs: of the training and of the validation samples, (samples, 2) each.
        outputs_of: (points, 2) float32 -> (points, units), the network's outputs outside training.
    """
    if not inputs:
        return None
    plane = plane_around(np.concatenate([np.asarray(each) for each in inputs]), outputs_of)
    return plane if len(plane.outputs) <= MAX_PLANES else None
