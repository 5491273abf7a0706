"""An experiment's samples as tensors for the compiled program."""

from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from core.training.task import Task
from gradlab.spec import ExperimentSpec
from gradlab.spec.weights import loss_weights
from gradlab.vocabulary.datasets import Dataset


class Data:
    """The samples of an experiment.

    Attributes:
        samples: the dataset as loaded.
        arrays: tensors of training inputs, training targets, validation inputs, validation targets.
    """

    def __init__(self, spec: ExperimentSpec, samples: Dataset | None = None) -> None:
        self.samples, task = samples or spec.dataset.load(), Task(spec)
        train_weights, val_weights = loss_weights(spec.dataset, spec.training.class_weight, self.samples) or (
            None,
            None,
        )
        train_y = task.encoded(self.samples.train_y, train_weights)
        val_y = task.encoded(self.samples.val_y, val_weights)
        self.arrays = tuple(map(tf.constant, (self.samples.train_x, train_y, self.samples.val_x, val_y)))

    @cached_property
    def plane(self) -> Any:
        """Grid over the plane of the two inputs: (points, 2), row by row; the first input rises along a row."""
        return tf.constant(np.stack(np.meshgrid(*self.samples.plane()), axis=-1).reshape(-1, 2))
