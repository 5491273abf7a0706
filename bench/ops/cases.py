"""Layers of every kind, at small, usual and large shapes, with the shapes of their inputs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradlab.frozen import kind_of
from gradlab.spec.experiment import ModelSpec
from gradlab.vocabulary.layers import LAYERS, LayerSpec, Shape

Fields = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One layer and the shapes of its inputs.

    Attributes:
        name: its kind, what is special of it, and its size.
        layer: the spec.
        shapes: of its inputs, without the batch axis.
        whole_below: the bound of whole numbers, for layers that take those; 0 for real numbers.
    """

    name: str
    layer: LayerSpec
    shapes: tuple[Shape, ...]
    whole_below: int = 0


@dataclass(frozen=True)
class Size:
    """Sizes of inputs.

    Attributes:
        units: numbers of a vector.
        steps, features: of a sequence.
        side, channels: of an image.
        edge, depths: of a volume: positions along each axis, and channels.
    """

    units: int
    steps: int
    features: int
    side: int
    channels: int
    edge: int
    depths: int

    @property
    def vector(self) -> Shape:
        """The shape of a vector."""
        return (self.units,)

    @property
    def sequence(self) -> Shape:
        """The shape of a sequence."""
        return self.steps, self.features

    def positions(self, axes: int) -> Shape:
        """Return the shape of an input with so many axes of positions."""
        if axes == 1:
            return self.sequence
        return (self.side,) * 2 + (self.channels,) if axes == 2 else (self.edge,) * 3 + (self.depths,)


SIZES = {
    "small": Size(units=16, steps=20, features=8, side=8, channels=8, edge=4, depths=4),
    "usual": Size(units=128, steps=100, features=32, side=16, channels=32, edge=8, depths=8),
    "large": Size(units=512, steps=200, features=64, side=32, channels=64, edge=8, depths=32),
}


def cases(size: str) -> dict[str, Case]:
    """Return a case of every kind of layer, or several, by name.

    Raises:
        LookupError: a kind of the vocabulary has no case.
    """
    made: dict[str, Case] = {}
    for what, fields, shapes, whole_below in _all(SIZES[size]):
        (layer,) = ModelSpec.model_validate({"layers": [fields]}).layers
        name = f"{layer.kind}{what and f' {what}'}, {size}"
        made[name] = Case(name, layer, shapes, whole_below)
    missing = {kind_of(member) for member in LAYERS} - {each.layer.kind for each in made.values()}
    if missing:
        raise LookupError(f"bench.ops: expected a case of every kind of layer; there is none of {sorted(missing)}")
    return made


def _all(size: Size) -> Iterator[tuple[str, Fields, tuple[Shape, ...], int]]:
    """Yield what is special of a case, the layer's fields, the shapes of its inputs, the bound of whole numbers."""
    for what, fields, shape in (*_dense(size), *_over_time(size), *_plain(size)):
        yield what, fields, (shape,), 0
    for axes in (1, 2, 3):
        shape = size.positions(axes)
        for what, fields in (*_convolutions(axes, shape[-1]), *_shapes(axes)):
            yield what, fields, (shape,), 0
    for fields, shapes in _of_several(size):
        yield "", fields, shapes, 0
    tokens = size.units * 10
    yield "", {"kind": "embedding", "input_dim": tokens, "output_dim": size.features}, ((size.steps,),), tokens
    yield "", {"kind": "category_encoding", "num_tokens": size.units}, ((size.steps,),), size.units


def _dense(size: Size) -> Iterator[tuple[str, Fields, Shape]]:
    yield "", {"kind": "dense", "units": size.units, "activation": "relu"}, size.vector
    yield "of steps", {"kind": "dense", "units": size.features}, size.sequence
    of_axes: Fields = {"equation": "abc,cd->abd", "output_shape": (None, size.features), "bias_axes": "d"}
    yield "", {"kind": "einsum_dense", **of_axes}, size.sequence
    for kind in ("batch_normalization", "layer_normalization", "rms_normalization", "unit_normalization"):
        yield "", {"kind": kind}, size.vector
    yield "of images", {"kind": "batch_normalization"}, size.positions(2)
    yield "of steps", {"kind": "layer_normalization"}, size.sequence
    yield "", {"kind": "group_normalization", "groups": 2}, size.positions(2)


def _over_time(size: Size) -> Iterator[tuple[str, Fields, Shape]]:
    units = size.features
    for kind in ("simple_rnn", "gru", "lstm"):
        yield "", {"kind": kind, "units": units}, size.sequence
        yield "of sequences", {"kind": kind, "units": units, "return_sequences": True}, size.sequence
    yield "", {"kind": "bidirectional", "layer": {"kind": "gru", "units": units}}, size.sequence
    yield "", {"kind": "multi_head_attention", "num_heads": 4, "key_dim": units // 4}, size.sequence
    groups = {"num_query_heads": 4, "num_key_value_heads": 2}
    yield "", {"kind": "group_query_attention", "head_dim": units // 4, **groups}, size.sequence
    yield "", {"kind": "time_distributed", "layer": {"kind": "dense", "units": units}}, size.sequence
    steps = 4  # images of a film: few, as each is a convolution
    small = {"filters": size.depths, "kernel_size": 3, "padding": "same"}
    yield "", {"kind": "conv_lstm1d", **small}, (steps, size.side, size.depths)
    yield "", {"kind": "conv_lstm2d", **small}, (steps, size.edge, size.edge, size.depths)
    yield "", {"kind": "masking"}, size.sequence
    yield "", {"kind": "spatial_dropout1d", "rate": 0.2}, size.sequence


def _plain(size: Size) -> Iterator[tuple[str, Fields, Shape]]:
    """Yield layers without weights that take any shape, on images."""
    image = size.positions(2)
    own: tuple[Fields, ...] = (
        {"kind": "activation", "activation": "gelu"},
        {"kind": "relu"},
        {"kind": "leaky_relu"},
        {"kind": "prelu", "shared_axes": (1, 2)},
        {"kind": "elu"},
        {"kind": "softmax"},
        {"kind": "dropout", "rate": 0.2},
        {"kind": "gaussian_noise", "stddev": 0.1},
        {"kind": "alpha_dropout", "rate": 0.2},
        {"kind": "gaussian_dropout", "rate": 0.2},
        {"kind": "spatial_dropout2d", "rate": 0.2},
        {"kind": "flatten"},
        {"kind": "reshape", "target_shape": (image[0] * image[1], image[2])},
        {"kind": "permute", "dims": (2, 1, 3)},
        {"kind": "identity"},
        {"kind": "rescaling", "scale": 0.5},
        {"kind": "normalization", "mean": 0.5, "variance": 2.0},
    )
    for fields in own:
        yield "", fields, image
    yield "", {"kind": "repeat_vector", "n": 8}, size.vector
    yield "", {"kind": "spatial_dropout3d", "rate": 0.2}, size.positions(3)


def _convolutions(axes: int, channels: int) -> Iterator[tuple[str, Fields]]:
    plain: Fields = {"filters": channels, "kernel_size": 3, "padding": "same"}
    yield "", {"kind": f"conv{axes}d", **plain}
    yield "of strides 2", {"kind": f"conv{axes}d", **plain, "strides": 2}
    yield "of 2 groups", {"kind": f"conv{axes}d", **plain, "groups": 2}
    yield "", {"kind": f"conv{axes}d_transpose", **plain, "strides": 2}
    if axes < 3:
        yield "of 1", {"kind": f"conv{axes}d", **plain, "kernel_size": 1}
        yield "of dilation 2", {"kind": f"conv{axes}d", **plain, "dilation_rate": 2}
        yield "", {"kind": f"depthwise_conv{axes}d", "kernel_size": 3, "padding": "same"}
        yield "of strides 2", {"kind": f"depthwise_conv{axes}d", "kernel_size": 3, "padding": "same", "strides": 2}
        yield "", {"kind": f"separable_conv{axes}d", **plain}


def _shapes(axes: int) -> Iterator[tuple[str, Fields]]:
    for way in ("max", "average"):
        yield "", {"kind": f"{way}_pooling{axes}d"}
        yield "overlapping", {"kind": f"{way}_pooling{axes}d", "pool_size": 3, "strides": 2, "padding": "same"}
        yield "", {"kind": f"global_{way}_pooling{axes}d"}
    for kind in ("up_sampling", "zero_padding", "cropping"):
        yield "", {"kind": f"{kind}{axes}d"}


def _of_several(size: Size) -> Iterator[tuple[Fields, tuple[Shape, ...]]]:
    """Yield layers of several inputs."""
    image, sequence = size.positions(2), size.sequence
    for kind in ("add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate"):
        yield {"kind": kind}, (image, image)
    yield {"kind": "residual", "layers": [{"kind": "identity"}]}, (image, image)
    yield {"kind": "dot", "axes": 1}, (size.vector, size.vector)
    yield {"kind": "attention"}, (sequence, sequence)
    yield {"kind": "additive_attention"}, (sequence, sequence)
