"""The table from names of Keras's classes to the vocabulary, made from the vocabulary; what follows no rule is listed.

A layer's class is its kind without underscores, whatever the capitals: `Conv2DTranspose` is ``conv2d_transpose``.
`arguments.json` holds the arguments of Keras's classes with their defaults. `scripts/keras_arguments` writes it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from gradlab.frozen import Frozen, kind_of
from gradlab.vocabulary.activations import ACTIVATIONS
from gradlab.vocabulary.layers import LAYERS, LayerSpec
from gradlab.vocabulary.losses import BY_KIND as LOSSES
from gradlab.vocabulary.metrics import BY_KIND as METRICS

# Layers of Keras that are activations of the vocabulary: class -> kind of the activation.
ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "Softmax": "softmax",
    "ThresholdedReLU": "threshold",
}
# Other names of activations, losses and metrics.
ACTIVATION_ALIASES = {"swish": "silu", "hard_swish": "hard_silu", "log-softmax": "log_softmax"}
LOSS_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "bce": "binary_crossentropy",
    "logcosh": "log_cosh",
}
METRIC_ALIASES = {
    "acc": "accuracy",
    "binary_accuracy": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "rmse": "root_mean_squared_error",
    "r2": "r2_score",
}
# Arguments by another name in Keras 2.
RENAMED = {
    ("LeakyReLU", "alpha"): "negative_slope",
    ("ThresholdedReLU", "theta"): "threshold",
}
# Kinds that are no layer of Keras.
OWN_KINDS = ("residual",)
# What configurations hold beside the arguments of Keras 3's classes, with the value that changes nothing.
UNLISTED_DEFAULTS: Mapping[str, Any] = {
    "rms_scaling": False,
    "time_major": False,
    "ragged": False,
    "sparse": False,
    "interpolation": "nearest",
    "decay": 0.0,
    "is_legacy_optimizer": False,
    "fn": None,
    "virtual_batch_size": None,
    "adjustment": None,
}
# Defaults that Keras works out, as they stand in the configuration of a layer that it has made.
RESOLVED_DEFAULTS: Mapping[str, Any] = {"data_format": "channels_last"}
# Arguments that change nothing of what is computed, or that Keras works out.
WITHOUT_EFFECT = frozenset({
    "name", "batch_input_shape", "batch_shape", "input_shape", "input_length", "unroll", "implementation",
    "jit_compile", "autocast", "flash_attention", "value_shape", "query_shape", "key_shape",
    "batch_size", "force_generator", "use_cudnn",
})  # fmt: skip
# Reasons why layers of Keras have no counterpart, with what to do instead.
REASONS = {
    "Lambda": "layers of Keras: a Lambda holds code, which is never loaded. Write Rescaling, Activation or another "
    "layer of Keras in its place",
    "TFSMLayer": "layers of Keras: a TFSMLayer holds a compiled program. Write its layers out",
    "TorchModuleWrapper": "layers of Keras: a wrapped PyTorch module is code. Write its layers in Keras",
    "JaxLayer": "layers of Keras: a wrapped JAX function is code. Write its layers in Keras",
    "FlaxLayer": "layers of Keras: a wrapped Flax module is code. Write its layers in Keras",
    "TFOpLambda": "layers of Keras: write the layer that computes it, such as Add, Multiply or Rescaling",
    "SlicingOpLambda": "layers of Keras: write Cropping1D, Cropping2D or Reshape in place of a slice",
    "RNN": "SimpleRNN, GRU or LSTM: a recurrent layer around cells of its own cannot be measured",
    "StackedRNNCells": "SimpleRNN, GRU or LSTM layers, one after another",
}
PREPROCESSING = re.compile(r"Text|StringLookup|IntegerLookup|Hash|Discretization|MelSpectrogram|STFT|FeatureSpace")
AUGMENTATION = re.compile(r"Random|CutMix|MixUp|AugMix|AutoContrast|Equalization|Solarization|Erasing|CenterCrop|Resiz")


@cache
def layer_kinds() -> Mapping[str, type[LayerSpec]]:
    """Return the kinds of layers by the names of Keras's classes in lower case."""
    return {kind_of(member).replace("_", ""): member for member in LAYERS if kind_of(member) not in OWN_KINDS}


def by_class(members: Iterable[type[Any]], class_name: str) -> type[Frozen] | None:
    """Return the first member of a registry with a class's name; None if there is none."""
    return next((member for member in members if member.keras_name == class_name), None)


@cache
def activation_kinds() -> frozenset[str]:
    """Return the names of all activations."""
    return frozenset(kind_of(member) for member in ACTIVATIONS)


@cache
def keras_classes() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Return Keras's classes: sort, such as ``layers`` -> class -> optional argument -> its default."""
    text = files(__package__).joinpath("arguments.json").read_text(encoding="utf-8")
    classes: dict[str, dict[str, dict[str, Any]]] = json.loads(text)
    return classes


def defaults_of(sort: str, class_name: str) -> Mapping[str, Any]:
    """Return the optional arguments of a class of Keras with their defaults; empty for other classes."""
    return keras_classes()[sort].get(class_name, {})


def loss_kind(name: str) -> str | None:
    """Return the kind of a loss by the name of Keras's function or class; None if there is none."""
    kind = snake_case(name)
    kind = LOSS_ALIASES.get(kind, kind)
    if kind not in LOSSES and kind.startswith("sparse_"):
        kind = kind.removeprefix("sparse_")
    return kind if kind in LOSSES else None


def metric_kind(name: str) -> str | None:
    """Return the kind of a metric by the name of Keras's function or class; None if there is none."""
    kind = snake_case(name)
    kind = kind if kind in METRICS else METRIC_ALIASES.get(kind, kind)
    return kind if kind in METRICS else None


def reason_against(class_name: str) -> str:
    """Return what is expected in place of a layer without a counterpart."""
    if class_name in REASONS:
        return REASONS[class_name]
    if PREPROCESSING.match(class_name):
        return "layers that are trained: prepare the data before, and leave this layer out"
    if AUGMENTATION.match(class_name):
        return "layers without augmentation: leave this one out, or train with GaussianNoise"
    if class_name in keras_classes()["layers"]:
        return "a layer of the vocabulary (GET /catalogue lists them); this one is not among them"
    return "layers of Keras: a class of your own is code, which is never loaded. Write the layers that it is made of"


def snake_case(name: str) -> str:
    """Return a class's name in the form of Keras's functions: ``mean_squared_error``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
