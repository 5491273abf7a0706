"""Translation of PyTorch modules to the service's vocabulary; None where it has no word for one."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from torch import nn

from gradlab.torch.trace import TracedLayer
from gradlab.vocabulary.activations import ActivationFunction, Linear, Relu, Tanh
from gradlab.vocabulary.initializers import WeightInitializer
from gradlab.vocabulary.layers import LayerSpec, pooling
from gradlab.vocabulary.layers.attention import Embedding
from gradlab.vocabulary.layers.convolution import Conv1D, Conv2D
from gradlab.vocabulary.layers.dense import ActivationLayer, Dense
from gradlab.vocabulary.layers.normalization import BatchNormalization, LayerNormalization
from gradlab.vocabulary.layers.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from gradlab.vocabulary.layers.regularization import Dropout

Initializers = Mapping[str, WeightInitializer]
Sizes = int | tuple[int, int]
# The place of the forget gate among the four of an LSTM of PyTorch.
FORGET_GATE = 1


def configuration_of(layer: TracedLayer, initializers: Initializers) -> LayerSpec | None:
    """Return a layer as a spec of the service has it; None if its configuration has anything that a spec cannot say.

    Args:
        layer: the layer.
        initializers: the distributions of its initial weights by parameter, as far as they are known.
    """
    if layer.function is not None and layer.activation is None:
        return None
    translate = next((each for kind, each in TRANSLATIONS if isinstance(layer.module, kind)), None)
    try:
        if translate is not None:
            return translate(layer.module, initializers, layer.activation or Linear())
        if layer.activation is None or initializers:
            return None
        return ActivationLayer(activation=layer.activation)
    except (ValidationError, KeyError, TypeError):
        return None


def _linear(module: nn.Linear, initializers: Initializers, activation: ActivationFunction) -> LayerSpec:
    return Dense(units=module.out_features, activation=activation, **_weights(module, initializers))


def _weights(module: Any, initializers: Initializers) -> dict[str, Any]:
    has_bias = module.bias is not None
    fields = {"kernel_initializer": initializers["weight"], "use_bias": has_bias}
    return fields | {"bias_initializer": initializers["bias"]} if has_bias else fields


def _convolution(module: Any, initializers: Initializers, activation: ActivationFunction) -> LayerSpec | None:
    """A convolution; None with groups, with padding at some of the borders, or in three dimensions."""
    if module.groups != 1 or module.padding_mode != "zeros" or len(module.kernel_size) > 2:
        return None
    padding = _padding(module)
    if padding is None:
        return None
    fields = {"filters": module.out_channels, "padding": padding, "activation": activation}
    fields |= _weights(module, initializers)
    if len(module.kernel_size) == 1:
        (kernel,), (stride,), (dilation,) = module.kernel_size, module.stride, module.dilation
        return Conv1D(kernel_size=kernel, strides=stride, dilation_rate=dilation, **fields)
    if set(module.dilation) != {1}:
        return None
    return Conv2D(kernel_size=_pair(module.kernel_size), strides=_pair(module.stride), **fields)


def _padding(module: Any) -> str | None:
    if isinstance(module.padding, str):
        return module.padding if set(module.stride) == {1} else None
    if not any(module.padding):
        return "valid"
    reach = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
    same = [2 * p == r for p, r in zip(module.padding, reach, strict=True)]
    # With strides, Keras pads the borders differently.
    return "same" if all(same) and set(module.stride) == {1} else None


def _pair(sizes: Any) -> Sizes:
    first, second = (sizes, sizes) if isinstance(sizes, int) else sizes
    return first if first == second else (first, second)


def _batch_normalization(module: Any, initializers: Initializers, _: ActivationFunction) -> LayerSpec | None:
    if module.momentum is None:
        return None
    fields = _normalization(module, initializers)
    return BatchNormalization(momentum=1 - module.momentum, **fields)


def _layer_normalization(module: nn.LayerNorm, initializers: Initializers, _: ActivationFunction) -> LayerSpec | None:
    return LayerNormalization(**_normalization(module, initializers)) if len(module.normalized_shape) == 1 else None


def _normalization(module: Any, initializers: Initializers) -> dict[str, Any]:
    fields: dict[str, Any] = {"epsilon": module.eps}
    for name, field, learnt in (("weight", "gamma", "scale"), ("bias", "beta", "center")):
        has_one = getattr(module, name, None) is not None
        fields |= {learnt: has_one} | ({f"{field}_initializer": initializers[name]} if has_one else {})
    return fields


def _embedding(module: nn.Embedding, initializers: Initializers, _: ActivationFunction) -> LayerSpec:
    initializer = initializers["weight"]
    return Embedding(
        input_dim=module.num_embeddings, output_dim=module.embedding_dim, embeddings_initializer=initializer
    )


def _recurrent(module: nn.RNNBase, initializers: Initializers, _: ActivationFunction) -> LayerSpec | None:
    """A recurrent layer of one level. Both biases count as one, the one of the input."""
    if module.num_layers != 1 or module.proj_size:
        return None
    fields: dict[str, Any] = {
        "units": module.hidden_size,
        "return_sequences": True,
        "use_bias": module.bias,
        "kernel_initializer": initializers["weight_ih_l0"],
        "recurrent_initializer": initializers["weight_hh_l0"],
    }
    if module.bias:
        fields["bias_initializer"] = initializers["bias_ih_l0"]
    if module.mode == "LSTM":
        cell: Any = LSTM(unit_forget_bias=forget_bias_is_1(module), **fields)
    elif module.mode == "GRU":
        cell = GRU(reset_after=True, **fields)
    else:
        cell = SimpleRNN(activation=Relu() if module.mode == "RNN_RELU" else Tanh(), **fields)
    return Bidirectional(layer=cell) if module.bidirectional else cell


def forget_bias_is_1(module: nn.Module | None) -> bool:
    """True for an LSTM of one direction whose forget gates begin with a bias of 1, and the other gates do not."""
    if not isinstance(module, nn.LSTM) or not module.bias or module.bidirectional:
        return False
    gates = module.bias_ih_l0.detach().chunk(4)
    return [bool((gate == 1).all()) for gate in gates] == [gate == FORGET_GATE for gate in range(4)]


def _pooling(kind: str) -> Callable[..., LayerSpec | None]:
    def pool(module: Any, _: Initializers, __: ActivationFunction) -> LayerSpec | None:
        if module.padding not in (0, (0, 0), (0,)) or module.ceil_mode:
            return None
        member: Any = getattr(pooling, kind)
        return member(pool_size=_one(module.kernel_size), strides=_one(module.stride))

    return pool


def _global_pooling(kind: str) -> Callable[..., LayerSpec | None]:
    def pool(module: Any, _: Initializers, __: ActivationFunction) -> LayerSpec | None:
        return getattr(pooling, kind)() if module.output_size in (1, (1, 1), (1,)) else None

    return pool


def _one(sizes: Any) -> Sizes:
    return int(sizes[0]) if isinstance(sizes, tuple) and len(sizes) == 1 else _pair(sizes)


# Modules of a class, first match first -> the function that translates one with its initialisers and its activation.
TRANSLATIONS: tuple[tuple[Any, Callable[..., LayerSpec | None]], ...] = (
    (nn.Linear, _linear),
    ((nn.Conv1d, nn.Conv2d), _convolution),
    (nn.modules.batchnorm._BatchNorm, _batch_normalization),
    (nn.LayerNorm, _layer_normalization),
    (nn.Embedding, _embedding),
    (nn.RNNBase, _recurrent),
    (nn.Dropout, lambda module, *_: Dropout(rate=module.p)),
    (nn.Flatten, lambda module, *_: pooling.Flatten() if (module.start_dim, module.end_dim) == (1, -1) else None),
    (nn.MaxPool1d, _pooling("MaxPooling1D")),
    (nn.MaxPool2d, _pooling("MaxPooling2D")),
    (nn.AvgPool1d, _pooling("AveragePooling1D")),
    (nn.AvgPool2d, _pooling("AveragePooling2D")),
    (nn.AdaptiveAvgPool1d, _global_pooling("GlobalAveragePooling1D")),
    (nn.AdaptiveAvgPool2d, _global_pooling("GlobalAveragePooling2D")),
    (nn.AdaptiveMaxPool1d, _global_pooling("GlobalMaxPooling1D")),
    (nn.AdaptiveMaxPool2d, _global_pooling("GlobalMaxPooling2D")),
)
