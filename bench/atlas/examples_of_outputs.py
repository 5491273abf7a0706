"""Examples of the first rules, on outputs, losses and predictions."""

from functools import partial

from bench.atlas.elsewhere import logistic_regression, minus_one_and_one
from bench.atlas.example import Example
from bench.atlas.networks import ABSOLUTE, LABELS, SIGNS, SOFTMAX, STRAIGHT, SURE
from bench.atlas.pictures import as_curves

OF_THE_OUTPUT: tuple[Example, ...] = (
    Example(
        "output_mismatch",
        "One output unit with softmax, whose output is 1 for every input.",
        "Keras computes the loss from the logits, so the loss falls. The prediction is always 1, and the accuracy "
        "stays that of a constant prediction.",
        SOFTMAX, as_curves,
    ),
    Example(
        "negative_crossentropy",
        "One sigmoid unit, trained without this service, whose labels are -1 and 1 instead of 0 and 1.",
        "The loss falls below 0 and continues to fall: it has no lower bound.",
        SIGNS, as_curves, partial(logistic_regression, labels=minus_one_and_one),
    ),
    Example(
        "contradicting_accuracy",
        "One output unit with softmax, whose output is 1 for every input.",
        "The loss falls far below the minimum for so many wrong predictions; the accuracy does not change.",
        SURE, as_curves,
    ),
    Example(
        "frozen_accuracy",
        "One output unit with softmax, whose output is 1 for every input.",
        "The loss falls, and the accuracy is a straight line.",
        SOFTMAX, as_curves,
    ),
    Example(
        "unsuited_loss",
        "Two classes, one sigmoid unit, and the mean absolute error.",
        "The loss begins at one half, and leaves it only slowly.",
        ABSOLUTE, as_curves,
    ),
    Example(
        "linear_network",
        "Three layers of sixteen units without an activation, on two circles.",
        "No straight line separates the circles: the accuracy stays near one half.",
        STRAIGHT, as_curves,
    ),
    Example(
        "class_imbalance",
        "Twenty labels, of which each sample has about one.",
        "The accuracy is above 0.9 from the first epochs on although nothing is learnt: predicting no label is nearly "
        "always right.",
        LABELS, as_curves,
    ),
)  # fmt: skip
