"""Outputs of a trained Keras model over the plane of its two inputs."""

from typing import Any

import keras
import numpy as np
from keras import ops

from gradlab.facts import Facts
from gradlab.keras.arrays import array
from gradlab.keras.guard import unnoticed
from gradlab.keras.samples import Samples
from gradlab.measurement.plane import Plane
from gradlab.watch.plane import in_plane, plane_of


def plane_of_model(model: Any, facts: Facts | None, *samples: Samples | None) -> Plane | None:
    """Return a model's outputs around its samples, as in inference; None where there is no plane. It changes nothing.

    Args:
        model: a built model.
        facts: of its samples; None if they are unknown.
        samples: the training and the validation samples; None if they are unknown.
    """

    def outputs_of(points: np.ndarray) -> np.ndarray:
        with unnoticed(), keras.StatelessScope():  # what a layer assigns is dropped
            return array(model(ops.convert_to_tensor(points), training=False))

    return plane_of([each.x for each in samples if each is not None], outputs_of) if in_plane(facts) else None
