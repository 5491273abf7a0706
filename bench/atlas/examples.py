"""The examples: for each rule a small network made ill, in the order of the rules. This is the one place for them."""

from typing import Any

from bench.atlas.example import Example
from bench.atlas.pictures import as_curves, as_heat_map, as_lines, as_norms, as_ridges, as_steps, of_seeds_with

# Batches without a smaller last one compile in half the time.
CIRCLES = {"kind": "circles", "samples": 1012, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 512}
FRIEDMAN = {"kind": "friedman", "samples": 1012, "scale": "standard", "train_size": 512}
SUMS = {"kind": "adding", "samples": 600, "length": 30, "train_size": 416}
U01 = {"kind": "random_uniform", "minval": 0, "maxval": 1}


def dense(units: int, activation: str, kernel: Any = "he_uniform", repeat: int = 1) -> dict[str, Any]:
    """Dense layers as a spec has them."""
    return {"kind": "dense", "units": units, "activation": activation, "kernel_initializer": kernel, "repeat": repeat}


def variance(times_fan_in: float) -> dict[str, Any]:
    """Normal weights of this variance, times the number of inputs; relu needs 2, tanh 1."""
    return {"kind": "variance_scaling", "scale": times_fan_in, "distribution": "untruncated_normal"}


SIGMOID, VALUE = dense(1, "sigmoid", "glorot_uniform"), dense(1, "linear", "glorot_uniform")


def network(
    name: str, *layers: dict[str, Any], dataset: dict[str, Any] = CIRCLES, loss: str = "binary_crossentropy",
    rate: float = 0.01, adam: bool = False, epochs: int = 60, seeds: int = 3,
) -> dict[str, Any]:  # fmt: skip
    """A spec; trained by SGD with momentum 0.9, or by Adam."""
    optimizer: dict[str, Any] = {"kind": "adam"} if adam else {"kind": "sgd", "momentum": 0.9}
    training = {"loss": loss, "optimizer": optimizer | {"learning_rate": rate}, "epochs": epochs}
    fields = {"name": name, "dataset": dataset, "model": {"layers": list(layers)}, "training": training}
    return {**fields, "seeds": list(range(seeds))}


SQUARES = "mean_squared_error"
DEEP_TANH = network(
    "five tanh layers, U(0, 1)", dense(5, "tanh", U01, 5), dense(1, "sigmoid", U01), epochs=100, seeds=4
)
NARROW = network("twenty relu layers of five units", dense(5, "relu", repeat=20), SIGMOID, seeds=8)
SIGMOIDS = network("twelve sigmoid layers", dense(8, "sigmoid", "glorot_uniform", 12), SIGMOID, epochs=40)
SMALL = network("ten relu layers, weights too small", dense(16, "relu", variance(0.2), 10), SIGMOID)
LARGE = network("six relu layers, weights too large", dense(32, "relu", variance(200.0), 6), SIGMOID, epochs=30)
FAST = network("two relu layers, learning rate 1", dense(16, "relu", repeat=2), SIGMOID, rate=1.0, epochs=40, seeds=4)
FASTER = network(
    "two tanh layers, learning rate 10", dense(16, "tanh", "glorot_uniform", 2), SIGMOID, rate=10.0, epochs=40, seeds=4
)
SLOW = network("two relu layers, learning rate 1e-6", dense(16, "relu", repeat=2), SIGMOID, rate=1e-6, epochs=40)
SOFTMAX = network("softmax over one unit", dense(16, "relu", repeat=2), dense(1, "softmax"), epochs=40)
CANCER = network(
    "inputs as they were measured", dense(16, "relu", repeat=2), SIGMOID, epochs=40,
    dataset={"kind": "breast_cancer", "train_size": 320},
)  # fmt: skip
LABELS = network(
    "twenty rare labels", dense(16, "relu"), dense(20, "sigmoid", "glorot_uniform"), epochs=30,
    dataset={"kind": "multilabel", "samples": 600, "labels": 20, "labels_per_sample": 1, "train_size": 320},
)  # fmt: skip
TARGETS = network(
    "targets as they come", dense(16, "relu", repeat=2), VALUE, loss=SQUARES, epochs=40,
    dataset={"kind": "regression", "samples": 640, "train_size": 320},
)  # fmt: skip
FORGETFUL = network(
    "a simple recurrent layer", {"kind": "simple_rnn", "units": 8}, VALUE, dataset=SUMS, loss=SQUARES, adam=True,
    rate=0.001, epochs=30,
)  # fmt: skip
ECHOING = network(
    "a recurrent relu layer, recurrent weights too large",
    {"kind": "simple_rnn", "units": 8, "activation": "relu", "recurrent_initializer": variance(4.0)}, VALUE,
    dataset=SUMS, loss=SQUARES, epochs=20,
)  # fmt: skip
SPIKY = network(
    "a recurrent layer, learning rate 0.1", {"kind": "simple_rnn", "units": 16}, VALUE, dataset=SUMS, loss=SQUARES,
    rate=0.1, epochs=60, seeds=8,
)  # fmt: skip
BREAKING = network("three relu layers, learning rate 0.4", dense(16, "relu", repeat=3), SIGMOID, rate=0.4, seeds=8)
BY_HEART = network(
    "two layers of 128 units for 64 samples", dense(128, "relu", repeat=2), SIGMOID, adam=True, rate=0.01, epochs=100,
    dataset={"kind": "moons", "samples": 400, "noise": 0.3, "seed": 1, "scale": "standard", "train_size": 64},
)  # fmt: skip

EXAMPLES: tuple[Example, ...] = (
    Example(
        "output_mismatch",
        "One output unit with softmax, which puts out 1 whatever comes in.",
        "Keras takes the loss from what comes before the softmax, so it falls; the answer is 1 all the same, and the "
        "accuracy stays that of always giving the same answer.",
        SOFTMAX, as_curves,
    ),
    Example(
        "class_imbalance",
        "Twenty labels, of which each sample has about one.",
        "The accuracy is above 0.9 from the first epochs on, without anything having been learnt: no is nearly always "
        "right.",
        LABELS, as_curves,
    ),
    Example(
        "input_range",
        "The features of the breast cancer data as they were measured, some of them around 1,000.",
        "After the first updates, thrown far by gradients as large as the inputs, most units are off for every sample.",
        CANCER, as_lines("activations", "dead_fraction"),
    ),
    Example(
        "target_range",
        "A regression whose targets have a standard deviation above 100.",
        "The first updates follow errors that large, and the loss leaves the finite numbers.",
        TARGETS, as_curves,
    ),
    Example(
        "nonzero_mean_initialization",
        "The tutorial's second network: five tanh layers, weights drawn from U(0, 1).",
        "All weights begin on one side of 0, and hardly any of them gets to the other.",
        DEEP_TANH, as_ridges("weights", "dense_1", "dense_3", "dense_5"),
    ),
    Example(
        "initial_variance",
        "Ten relu layers whose weights have a tenth of the variance that He et al. advise.",
        "From layer to layer less is left of what tells the samples apart.",
        SMALL, as_heat_map("activations", "std"),
    ),
    Example(
        "finite_width",
        "Twenty relu layers of five units, drawn as He et al. advise, eight seeds.",
        "From the lowest to the highest seed the signal of a layer spans many powers of ten: each draw is a gamble. "
        "Five of the layers are shown.",
        NARROW, as_lines("signals", "rms", layers=("dense_1", "dense_6", "dense_11", "dense_16", "dense_21")),
    ),
    Example(
        "symmetric_units",
        "The tutorial's second network: five tanh layers, weights drawn from U(0, 1).",
        "From the second layer on the units of a layer say the same, before the first update and long after.",
        DEEP_TANH, as_heat_map("activations", "unit_correlation"),
    ),
    Example(
        "born_dead_risk",
        "Twenty relu layers of five units, eight seeds.",
        "Already in epoch 0, at the left edge, large shares of the units are off for every sample.",
        NARROW, as_heat_map("activations", "dead_fraction"),
    ),
    Example(
        "predicted_vanishing",
        "Twelve sigmoid layers, drawn by Glorot's rule, which is made for tanh.",
        "From the output at the top to the input at the bottom the signal loses a factor of about four in each layer.",
        SIGMOIDS, as_heat_map("signals", "rms"),
    ),
    Example(
        "predicted_exploding",
        "Six relu layers whose weights have a hundred times the variance that He et al. advise.",
        "In epoch 0 the signal at the input is many thousand times as large as at the output; soon nothing is finite.",
        LARGE, as_heat_map("signals", "rms"),
    ),
    Example(
        "exploding_through_time",
        "A recurrent relu layer whose recurrent weights stretch what they multiply.",
        "On the way back from the last step to the first the signal grows by a constant factor at each step.",
        ECHOING, as_steps,
    ),
    Example(
        "initial_loss",
        "Six relu layers whose weights have a hundred times the variance that He et al. advise.",
        "The loss begins far above 0.69, which is what always answering one half costs.",
        LARGE, as_curves,
    ),
    Example(
        "learning_rate",
        "Two relu layers, SGD with a learning rate of 1 and momentum 0.9.",
        "In the first epochs the weights are moved by more than their own length, then nothing moves them any more.",
        FAST, as_lines("weights", "update_ratio", from_epoch=1),
    ),
    Example(
        "exploding_gradient",
        "Six relu layers whose weights have a hundred times the variance that He et al. advise.",
        "The signal of the first layers lies powers of ten above that of the last one.",
        LARGE, as_lines("signals", "rms"),
    ),
    Example(
        "exploding_growth",
        "Six relu layers whose weights have a hundred times the variance that He et al. advise.",
        "The gradients are larger than any learning rate could follow.",
        LARGE, as_lines("gradients", "mean_abs", rule="exploding_growth"),
    ),
    Example(
        "gradient_spike",
        "A recurrent tanh layer that is to add two numbers out of thirty, SGD with a learning rate of 0.1. The picture "
        "is of the seeds in which the gradient spikes.",
        "In some epochs it is many times as long as in those before.",
        SPIKY, of_seeds_with("gradient_spike", as_norms),
    ),
    Example(
        "loss_blow_up",
        "Two tanh layers, SGD with a learning rate of 10.",
        "Instead of falling the loss jumps to many times what it was, and stays there.",
        FASTER, as_curves,
    ),
    Example(
        "nonfinite",
        "A regression whose targets have a standard deviation above 100.",
        "The crossed cells are NaN or infinite.",
        TARGETS, as_heat_map("gradients", "mean_abs"),
    ),
    Example(
        "saturation",
        "The tutorial's second network: five tanh layers, weights drawn from U(0, 1).",
        "The later layers work below the threshold, where tanh is nearly flat.",
        DEEP_TANH, as_lines("activations", "slope", rule="saturation"),
    ),
    Example(
        "saturation_range",
        "The tutorial's second network: five tanh layers, weights drawn from U(0, 1).",
        "In the later layers most pre-activations lie where tanh has lost nine tenths of its slope.",
        DEEP_TANH, as_heat_map("activations", "saturated_fraction"),
    ),
    Example(
        "dead_units",
        "Two relu layers, SGD with a learning rate of 1 and momentum 0.9.",
        "Within a few epochs nearly all units are off for every sample, and none comes back.",
        FAST, as_lines("activations", "dead_fraction", rule="dead_units"),
    ),
    Example(
        "dead_layer",
        "The features of the breast cancer data as they were measured, some of them around 1,000.",
        "At 1 a layer has no living unit left.",
        CANCER, as_heat_map("activations", "dead_fraction"),
    ),
    Example(
        "dead_network",
        "Twenty relu layers of five units, eight seeds.",
        "In nearly all layers all entries of the gradient are exactly 0.",
        NARROW, as_heat_map("gradients", "zero_fraction"),
    ),
    Example(
        "vanishing_through_time",
        "A simple recurrent layer is to add two numbers out of a sequence of thirty.",
        "Of the signal at the last step less and less reaches the first one, in later epochs even less than at the "
        "beginning.",
        FORGETFUL, as_steps,
    ),
    Example(
        "vanishing_signal",
        "Twelve sigmoid layers, drawn by Glorot's rule, which is made for tanh.",
        "On a logarithmic axis the layers' signals lie one below the other at equal distances.",
        SIGMOIDS, as_lines("signals", "rms"),
    ),
    Example(
        "vanishing_gradient",
        "Twelve sigmoid layers, drawn by Glorot's rule, which is made for tanh.",
        "The gradients of the first layers, at the bottom, are a vanishing share of the last one's.",
        SIGMOIDS, as_heat_map("gradients", "l2"),
    ),
    Example(
        "gradient_floor",
        "Ten relu layers whose weights have a tenth of the variance that He et al. advise.",
        "The gradients lie below the threshold, or are exactly 0.",
        SMALL, as_lines("gradients", "mean_abs", rule="gradient_floor"),
    ),
    Example(
        "update_ratio",
        "Two relu layers, SGD with a learning rate of 0.000001.",
        "In an epoch no kernel moves by more than a millionth or so of its length.",
        SLOW, as_lines("weights", "update_ratio", rule="update_ratio", from_epoch=1),
    ),
    Example(
        "oscillation",
        "Two tanh layers, SGD with a learning rate of 10.",
        "The loss turns around in nearly every epoch.",
        FASTER, as_curves,
    ),
    Example(
        "late_rise",
        "Three relu layers, SGD with a learning rate of 0.4. The picture is of the seeds that had begun to learn.",
        "What had been learnt is lost again, once so many units are dead that nothing gets through any more.",
        BREAKING, of_seeds_with("late_rise", as_curves),
    ),
    Example(
        "plateau",
        "Twelve sigmoid layers, drawn by Glorot's rule, which is made for tanh.",
        "The loss stands still at 0.69, which is what always answering one half costs.",
        SIGMOIDS, as_curves,
    ),
    Example(
        "not_learning",
        "The tutorial's second network: five tanh layers, weights drawn from U(0, 1).",
        "After a hundred epochs the accuracy is hardly above one half.",
        DEEP_TANH, as_curves,
    ),
    Example(
        "overfitting",
        "Two layers of 128 units, trained by Adam on 64 noisy samples.",
        "While the training loss goes to 0, the validation loss rises and rises.",
        BY_HEART, as_curves,
    ),
)  # fmt: skip
