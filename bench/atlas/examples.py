"""Examples of the rules, in their order: a network made ill, and a picture that shows it."""

from bench.atlas.example import Example
from bench.atlas.examples_of_outputs import OF_THE_OUTPUT
from bench.atlas.examples_of_samples import OF_THE_SAMPLES
from bench.atlas.examples_of_wiring import OF_THE_WIRING
from bench.atlas.networks import (
    ABSOLUTE,
    ALONE,
    BREAKING,
    BY_HEART,
    CANCER,
    DEEP_TANH,
    DIVERGING,
    ECHOING,
    EMBEDDED,
    FAST,
    FASTER,
    FORGETFUL,
    GAMBLE,
    LARGE,
    NARROW,
    SELDOM,
    SIGMOIDS,
    SLOW,
    SMALL,
    SPIKY,
    TARGETS,
)
from bench.atlas.pictures import as_curves, as_heat_map, as_lines, as_norms, as_ridges, as_steps, of_seeds_with

EXAMPLES: tuple[Example, ...] = (
    *OF_THE_WIRING,
    *OF_THE_SAMPLES,
    *OF_THE_OUTPUT,
    Example(
        "input_range",
        "The features of the breast cancer data as they were measured, some of them around 1,000.",
        "The first updates are as large as the inputs; after them most units are off for every sample.",
        CANCER, as_lines("activations", "dead_fraction"),
    ),
    Example(
        "target_range",
        "A regression whose targets have a standard deviation above 100.",
        "Errors that large make the first updates too large, and the loss jumps by many powers of ten.",
        TARGETS, as_curves,
    ),
    Example(
        "single_value_normalization",
        "Batch normalisation behind a dense layer, and batches of one sample.",
        "From the first epoch on, the dense layer has no gradient; only the layers behind the normalisation have one.",
        ALONE, as_heat_map("gradients", "zero_fraction"),
    ),
    Example(
        "no_gradient",
        "An embedding whose indices are the outputs of a dense layer, truncated to whole numbers.",
        "The output layer learns from the embedding's rows. The first dense layer has no gradient, is not in the "
        "picture, and keeps its initial weights.",
        EMBEDDED, as_heat_map("gradients", "mean_abs"),
    ),
    Example(
        "nonzero_mean_initialization",
        "The tutorial's second network: five tanh layers, weights drawn from U(0, 1).",
        "All weights begin on one side of 0, and hardly any of them crosses to the other.",
        DEEP_TANH, as_ridges("weights", "dense_1", "dense_3", "dense_5"),
    ),
    Example(
        "initial_variance",
        "Ten relu layers whose weights have a tenth of the variance that He et al. advise.",
        "From layer to layer, the differences between samples shrink.",
        SMALL, as_heat_map("activations", "std"),
    ),
    Example(
        "finite_width",
        "Twenty relu layers of ten units, drawn as He et al. advise, eight seeds.",
        "From the lowest to the highest seed the signal of a layer spans many powers of ten: each draw is a gamble. "
        "Five of the layers are shown.",
        GAMBLE, as_lines("signals", "rms", layers=("dense_1", "dense_6", "dense_11", "dense_16", "dense_21")),
    ),
    Example(
        "symmetric_units",
        "The tutorial's second network: five tanh layers, weights drawn from U(0, 1).",
        "From the second layer on, all units of a layer have equal outputs, before the first update and long after.",
        DEEP_TANH, as_heat_map("activations", "unit_correlation"),
    ),
    Example(
        "born_dead_risk",
        "Twenty relu layers of five units, eight seeds.",
        "Already in epoch 0, at the left edge, large shares of the units are off for every sample.",
        NARROW, as_heat_map("activations", "dead_fraction"),
    ),
    Example(
        "predicted_exploding",
        "Six relu layers whose weights have twenty times the variance that He et al. advise.",
        "On its way back from the output, at the top, the signal grows with every layer.",
        LARGE, as_heat_map("signals", "rms"),
    ),
    Example(
        "exploding_through_time",
        "A recurrent relu layer whose recurrent weights enlarge the vectors that they multiply.",
        "On the way back from the last step to the first the signal grows by a constant factor at each step.",
        ECHOING, as_steps,
    ),
    Example(
        "initial_loss",
        "Six relu layers whose weights have twenty times the variance that He et al. advise.",
        "The loss begins far above 0.69, the loss of always predicting one half, and needs most of the training to "
        "come down.",
        LARGE, as_curves,
    ),
    Example(
        "learning_rate",
        "Two relu layers, SGD with a learning rate of 1 and momentum 0.9.",
        "In the first epochs the weights move by more than their own norm; after that they do not move any more.",
        FAST, as_lines("weights", "update_ratio", from_epoch=1),
    ),
    Example(
        "exploding_gradient",
        "Six relu layers whose weights have twenty times the variance that He et al. advise.",
        "The signal of each layer lies above that of the layer behind it.",
        LARGE, as_lines("signals", "rms"),
    ),
    Example(
        "exploding_growth",
        "One linear unit and no hidden layer, SGD with a learning rate of 1 where about 0.5 is the maximum.",
        "Every update overshoots by more than the one before: on a logarithmic axis the gradient climbs and climbs.",
        DIVERGING, as_lines("gradients", "mean_abs"),
    ),
    Example(
        "gradient_spike",
        "A recurrent tanh layer that has to add two numbers out of thirty, SGD with a learning rate of 0.1. The "
        "picture is of the seeds in which the gradient spikes.",
        "In some epochs the gradient's norm is many times that of the epochs before.",
        SPIKY, of_seeds_with("gradient_spike", as_norms),
    ),
    Example(
        "loss_blow_up",
        "Two tanh layers, SGD with a learning rate of 10.",
        "Instead of falling, the loss jumps to a multiple of its first value, and stays there.",
        FASTER, as_curves,
    ),
    Example(
        "nonfinite",
        "One linear unit and no hidden layer, SGD with a learning rate of 1 where about 0.5 is the maximum.",
        "The loss climbs beyond the range of float32; × marks where a seed is NaN or infinite.",
        DIVERGING, as_curves,
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
        "predicted_vanishing",
        "Twelve sigmoid layers, drawn by Glorot's rule, which is made for tanh.",
        "From the output at the top to the input at the bottom the signal loses a factor of about four in each layer.",
        SIGMOIDS, as_heat_map("signals", "rms"),
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
        "In nearly all layers all entries of the gradient are exactly 0 in every batch.",
        NARROW, as_heat_map("gradients", "always_zero_fraction"),
    ),
    Example(
        "zero_gradient",
        "The features of the breast cancer data as they were measured, some of them around 1,000.",
        "At 1 no weight of a layer has had a gradient in any batch of the epoch.",
        CANCER, as_heat_map("gradients", "zero_fraction"),
    ),
    Example(
        "vanishing_through_time",
        "A simple recurrent layer that has to add two numbers out of a sequence of thirty.",
        "The signal shrinks from the last step to the first, in later epochs even more than at the beginning.",
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
        "The gradients of the first layers, at the bottom, are a tiny fraction of the last layer's gradient.",
        SIGMOIDS, as_heat_map("gradients", "l2"),
    ),
    Example(
        "gradient_floor",
        "Ten relu layers whose weights have a tenth of the variance that He et al. advise.",
        "The gradients lie below the threshold, or are exactly 0.",
        SMALL, as_lines("gradients", "mean_abs", rule="gradient_floor"),
    ),
    Example(
        "few_updates",
        "A tanh layer, the whole training set as one batch: an update in each of sixty epochs.",
        "The lines show how far the weights move in an epoch: in all epochs by less than half of their norm.",
        SELDOM, as_lines("weights", "update_ratio", from_epoch=1),
    ),
    Example(
        "still_falling",
        "Two classes, one sigmoid unit, and the mean absolute error. The picture is of seeds on their way.",
        "The loss is going down when the training ends.",
        ABSOLUTE, of_seeds_with("still_falling", as_curves),
    ),
    Example(
        "update_ratio",
        "Two relu layers, SGD with a learning rate of 0.000001.",
        "In an epoch the weights move by less than a ten-thousandth of their norm.",
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
        "The runs lose what they had learnt, once too many units are dead for any signal to pass.",
        BREAKING, of_seeds_with("late_rise", as_curves),
    ),
    Example(
        "single_class",
        "The features of the breast cancer data as they were measured, some of them around 1,000.",
        "Once the units are off, the accuracy stays at the share of the more frequent class.",
        CANCER, as_curves,
    ),
    Example(
        "plateau",
        "Twelve sigmoid layers, drawn by Glorot's rule, which is made for tanh.",
        "The loss stays at 0.69, the loss of the constant prediction one half.",
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
        "While the training loss falls to 0, the validation loss keeps rising.",
        BY_HEART, as_curves,
    ),
)  # fmt: skip
