"""An experiment's samples as the compiled program takes them."""

import tensorflow as tf

from core.spec import ExperimentSpec
from core.training.task import Task


class Data:
    """The samples.

    Attributes:
        arrays: training inputs and targets, validation inputs and targets.
    """

    def __init__(self, spec: ExperimentSpec) -> None:
        dataset, task = spec.dataset.load(), Task(spec)
        encoded = task.encoded(dataset.train_y), task.encoded(dataset.val_y)
        self.arrays = tuple(map(tf.constant, (dataset.train_x, encoded[0], dataset.val_x, encoded[1])))
