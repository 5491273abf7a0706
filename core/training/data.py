"""An experiment's samples as tensors for the compiled program."""

from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from core.training.task import Task
from gradlab.spec import ExperimentSpec
from gradlab.spec.weights import loss_weights
from gradlab.vocabulary.datasets import Dataset

# What TensorFlow requires of the memory of a tensor, in bytes.
ALIGNMENT = 64


class Data:
    """The samples of an experiment.

    Attributes:
        samples: the dataset as loaded.
        arrays: tensors of training inputs, training targets, validation inputs, validation targets; tuples of tensors,
            where the network has several inputs or outputs. Those of an uploaded dataset are its samples' own memory,
            where TensorFlow can use that.
    """

    def __init__(self, spec: ExperimentSpec, samples: Dataset | None = None) -> None:
        self.samples, task = samples or spec.dataset.load(), Task(spec)
        weights = loss_weights(spec.dataset, spec.training.class_weight, self.samples) or (None, None)
        train_y, val_y = map(task.encoded, (self.samples.train_y, self.samples.val_y), weights)
        tensor = tf.constant if spec.dataset.is_drawn else _tensor
        arrays = (self.samples.train_x, train_y, self.samples.val_x, val_y)
        self.arrays: tuple[Any, ...] = tf.nest.map_structure(tensor, arrays)

    @cached_property
    def plane(self) -> Any:
        """Grid over the plane of the two inputs: (points, 2), row by row; the first input rises along a row."""
        return tf.constant(np.stack(np.meshgrid(*self.samples.plane()), axis=-1).reshape(-1, 2))


def _tensor(array: np.ndarray) -> Any:
    """Return a tensor of the array's memory; of a copy, where TensorFlow could not use that."""
    flags = array.flags
    if array.size and flags.c_contiguous and flags.writeable and array.ctypes.data % ALIGNMENT == 0:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.constant(array)
