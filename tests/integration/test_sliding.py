"""Convolutions and poolings in the engine's own words: Keras's numbers, in forms that are fast inside a loop."""

import re
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.training import convolutions, poolings
from core.training.data import Data
from core.training.depthwise import depthwise
from core.training.program import Program
from core.training.recorder import Recorder
from core.training.sliding import MAX_PARTS, Axis, axes_of
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import ModelSpec
from gradlab.vocabulary.layers.layer import ShapeMismatch
from tests.campaigns import one_in

SLOWLY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much]}


def sizes(rank: int, largest: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, largest), min_size=rank, max_size=rank)


@st.composite
def sliding_layers(draw: st.DrawFn, kinds: tuple[str, ...]) -> tuple[dict[str, Any], tuple[int, ...]]:
    """A layer of the vocabulary and the shape of a batch for it."""
    kind = draw(st.sampled_from(kinds))
    rank = int(kind[-2])
    fields: dict[str, Any] = {"kind": kind, "padding": draw(st.sampled_from(["valid", "same"]))}
    size, strides = draw(sizes(rank, 6)), draw(sizes(rank, 4))
    if kind.startswith("conv"):
        fields |= {"filters": draw(st.integers(1, 5)), "kernel_size": size, "use_bias": draw(st.booleans())}
    else:
        fields["pool_size"] = size
    if kind == "conv1d":
        fields["padding"] = draw(st.sampled_from(["valid", "same", "causal"]))
        if draw(st.booleans()):
            strides, fields["dilation_rate"] = [1], draw(st.integers(1, 4))
    fields["strides"] = strides
    if rank == 1:
        fields = {name: value[0] if isinstance(value, list) else value for name, value in fields.items()}
    # On both sides of the number of channels up to which a convolution is one product.
    channels = draw(st.sampled_from([1, 2, convolutions.MAX_UNFOLDED_CHANNELS, convolutions.MAX_UNFOLDED_CHANNELS + 1]))
    return fields, (draw(st.integers(1, 4)), *draw(sizes(rank, 12)), channels)


def made(fields: dict[str, Any], shape: tuple[int, ...]) -> tuple[Any, tuple[Axis, ...]]:
    """Keras's layer, and how it slides."""
    spec = ModelSpec.model_validate({"layers": [fields]}).layers[0]
    try:
        spec.output_shape(shape[1:])
    except ShapeMismatch:
        assume(False)
    layer = spec.build(keras, name="any", seeds=iter(range(9)))
    layer.build(shape)
    kernel = layer.kernel_size if hasattr(layer, "kernel_size") else layer.pool_size
    dilations = getattr(layer, "dilation_rate", (1,) * len(kernel))
    ways = zip(shape[1:-1], kernel, layer.strides, dilations, strict=True)
    return layer, tuple(Axis(*way, layer.padding) for way in ways)


def forth_and_back(compute: Any, *tensors: Any) -> list[np.ndarray]:
    """The output, and the gradient of a weighted sum of it by each tensor."""
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        out = compute(*tensors)
        weights = np.random.default_rng(1).normal(size=out.shape).astype(np.float32)
        total = tf.reduce_sum(out * weights)
    return [each.numpy() for each in (out, *tape.gradient(total, tensors))]


def assert_close(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    for mine, expected in zip(ours, theirs, strict=True):
        # A sum of some hundred products of numbers around 1, in another order: some units of float32's last place.
        scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
        np.testing.assert_allclose(mine, expected, rtol=0, atol=2e-6 * scale)


def is_undefined_in_onednn(layer: Any, shape: tuple[int, ...]) -> bool:
    """TensorFlow 2.21 with oneDNN leaves undefined what it should return: one column of a map with one channel.

    Met where the kernel moves by more than one column and by one row; TF_ENABLE_ONEDNN_OPTS=0 is right there.
    """
    *_, columns, _ = layer.compute_output_shape(shape)
    return len(shape) == 4 and shape[-1] == 1 and columns == 1 and layer.strides[0] == 1 and layer.strides[1] > 1


@given(sliding_layers(("conv1d", "conv2d")))
@settings(**SLOWLY)
def test_convolutions_are_kerass_forward_and_in_both_gradients(case):
    fields, shape = case
    layer, axes = made({**fields, "use_bias": False}, shape)
    assume(not is_undefined_in_onednn(layer, shape))
    forms = [convolutions.convolve]
    if len(axes) == 2:
        strided = [convolutions.strided] if max(axis.dilation for axis in axes) == 1 else []
        forms += [convolutions.unfolded, convolutions.ordered, *strided]
    assert_kerass(layer, shape, layer.kernel, *(lambda *each, form=form: form(*each, axes) for form in forms))


def assert_kerass(layer: Any, shape: tuple[int, ...], weights: Any, *forms: Any) -> None:
    """Each form computes what Keras's layer does, from the inputs and the kernel, and both gradients."""
    x = tf.constant(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    kernel = tf.convert_to_tensor(weights.value)

    def theirs(x, kernel):
        with keras.StatelessScope([(weights, kernel)]):
            return layer(x)

    expected = forth_and_back(theirs, x, kernel)
    for form in forms:
        assert_close(forth_and_back(form, x, kernel), expected)


@given(rank=st.integers(1, 3), data=st.data(), padding=st.sampled_from(["valid", "same"]))
@settings(**SLOWLY)
def test_transposed_convolutions_are_kerass_also_with_strides_beyond_the_kernel(rank, data, padding):
    kernel_size, strides, places = (data.draw(sizes(rank, largest)) for largest in (4, 3, 4))
    shape = (data.draw(st.integers(1, 3)), *places, data.draw(st.integers(1, 3)))
    layer = getattr(keras.layers, f"Conv{rank}DTranspose")(2, kernel_size, strides, padding, use_bias=False)
    layer.build(shape)
    axes = axes_of(layer.compute_output_shape(shape)[1:-1], kernel_size, strides, padding)
    assert_kerass(layer, shape, layer.kernel, lambda *each: convolutions.convolve_transposed(*each, axes))


@given(rank=st.integers(1, 2), data=st.data(), padding=st.sampled_from(["valid", "same"]))
@settings(**SLOWLY)
def test_depthwise_convolutions_are_kerass_also_with_strides_beyond_the_kernel(rank, data, padding):
    kernel_size, positions, stride = data.draw(sizes(rank, 3)), data.draw(sizes(rank, 6)), data.draw(st.integers(1, 4))
    assume(padding == "same" or all(size >= least for size, least in zip(positions, kernel_size, strict=True)))
    shape = (data.draw(st.integers(1, 3)), *positions, data.draw(st.integers(1, 3)))
    kerass = getattr(keras.layers, f"DepthwiseConv{rank}D")
    layer = kerass(tuple(kernel_size), stride, padding, depth_multiplier=data.draw(st.integers(1, 2)), use_bias=False)
    layer.build(shape)
    axes = axes_of(positions, kernel_size, [stride] * rank, padding)
    assert_kerass(layer, shape, layer.kernel, lambda *each: depthwise(*each, axes))


# Kernel, strides and places or positions of transposed and depthwise layers: strides beyond the kernel, beyond the map,
# and so many parts of the kernel that all positions are computed at once.
FAR = {
    "beyond the kernel": ((3, 2), (8, 5), (1, 2)),
    "beyond the kernel, odd": ((3, 3), (8, 8), (13, 3)),
    "as wide as the kernel": ((8, 8), (8, 8), (9, 3)),
    "within the kernel": ((9, 7), (5, 5), (11, 2)),
    "beyond the map": ((3, 3), (1000, 1000), (8, 8)),
    "sequences": ((19,), (18,), (37,)),
}


def far_layers(case: str) -> list[tuple[Any, tuple[int, ...], Any]]:
    """Keras's layers, transposed, depthwise and plain, the shape of a batch, and the form that computes the same."""
    kernel, strides, positions = FAR[case]
    # What a transposed layer makes of strides of 1,000 has a thousand positions a place.
    places, apart = [max(1, size // 8) for size in positions], [min(stride, 32) for stride in strides]
    made_layers: list[tuple[Any, tuple[int, ...], Any]] = []
    for padding in ("valid", "same"):
        options = {"padding": padding, "use_bias": False}
        layer = getattr(keras.layers, f"Conv{len(kernel)}DTranspose")(2, kernel, apart, **options)
        sizes = layer.compute_output_shape((2, *places, 3))[1:-1]
        axes = axes_of(sizes, kernel, apart, padding)
        made_layers.append((layer, (2, *places, 3), partial(convolutions.convolve_transposed, axes=axes)))
        if any(size < width for size, width in zip(positions, kernel, strict=True)) and padding == "valid":
            continue
        axes = axes_of(positions, kernel, strides, padding)
        if len(set(strides)) == 1:  # TensorFlow's own takes no others
            layer = getattr(keras.layers, f"DepthwiseConv{len(kernel)}D")(kernel, strides[0], **options)
            made_layers.append((layer, (2, *positions, 3), partial(depthwise, axes=axes)))
        if len(kernel) == 2:
            layer = keras.layers.Conv2D(2, kernel, strides, **options)
            made_layers.append((layer, (2, *positions, 3), partial(convolutions.ordered, axes=axes)))
    return made_layers


@pytest.mark.parametrize("case", FAR)
def test_strides_beyond_the_kernel_and_the_map_are_kerass(case):
    for layer, shape, form in far_layers(case):
        layer.build(shape)
        assert_kerass(layer, shape, layer.kernel, form)


def test_volumes_with_strides_beyond_the_kernel_are_kerass():
    shape = (2, 2, 1, 1, 2)
    layer = keras.layers.Conv3DTranspose(2, (2, 3, 1), (17, 5, 2), "same", use_bias=False)
    layer.build(shape)
    axes = axes_of(layer.compute_output_shape(shape)[1:-1], layer.kernel_size, layer.strides, "same")
    assert_kerass(layer, shape, layer.kernel, partial(convolutions.convolve_transposed, axes=axes))


def operations(form: Any, *shapes: tuple[int, ...]) -> list[str]:
    """Types of the operations that a form and its gradients are traced to."""

    @tf.function
    def traced(*tensors):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            out = form(*tensors)
        return tape.gradient(out, tensors)

    return [each.type for each in traced.get_concrete_function(*map(tf.TensorSpec, shapes)).graph.get_operations()]


@pytest.mark.parametrize("width", [3, 32])
def test_large_strides_are_traced_to_few_operations(width):
    kernel = (width, width, 2, 3)
    axes = axes_of((64, 64), (width, width), (32, 32), "same")
    made = operations(partial(convolutions.convolve_transposed, axes=axes), (2, 2, 2, 3), kernel)
    # One for each part of the kernel, one forward, one by the kernel.
    assert made.count("Conv2D") <= MAX_PARTS + 2
    assert len(made) < 1000
    # A sum of shifted inputs is an operation for each position of a kernel, whatever the strides.
    axes = axes_of((8, 8), (3, 3), (1000, 1000), "same")
    assert len(operations(partial(depthwise, axes=axes), (2, 8, 8, 3), (3, 3, 3, 1))) < 1000


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_positions_that_no_kernel_reaches_are_zero_whatever_comes_upstream(bad):
    kernel, upstream = tf.ones((3, 3, 2, 2)), tf.fill((1, 2, 2, 2), np.float32(bad))
    x = tf.zeros((1, 16, 16, 2))
    axes = axes_of((16, 16), (3, 3), (8, 8), "valid")
    made = [convolutions.convolve_transposed(upstream, kernel, axes)]
    for form, weights in ((convolutions.ordered, kernel), (depthwise, kernel[..., :1])):
        with tf.GradientTape() as tape:
            tape.watch(x)
            out = form(x, weights, axes)
        made.append(tape.gradient(out, x, upstream))
    reached = np.arange(16) % 8 < 3
    for each in made:
        finite = np.isfinite(each.numpy())[0]
        assert not finite[np.ix_(reached, reached)].any()
        assert (each.numpy()[0][~np.outer(reached, reached)] == 0).all()


@given(sliding_layers(tuple(poolings.POOLS)), st.booleans())
@settings(**SLOWLY)
def test_poolings_are_kerass_forward_and_in_the_gradient_also_where_several_are_largest(case, ties):
    fields, shape = case
    # TensorFlow's own kernel for volumes gives the gradient to all that are largest, XLA's to the first as elsewhere.
    assume(not (ties and fields["kind"] == "max_pooling3d"))
    layer, axes = made(fields, shape)
    draws = np.random.default_rng(0)
    values = draws.integers(0, 3, size=shape) if ties else draws.normal(size=shape)
    x = tf.constant(values.astype(np.float32))
    pool = poolings.POOLS[fields["kind"]]
    assert_close(forth_and_back(lambda x: poolings.pooled(pool, x, axes), x), forth_and_back(layer, x))


def a_spec(*layers: dict[str, Any], series: bool = False) -> ExperimentSpec:
    digits = {"kind": "digits", "form": "image", "scale": [0, 1], "train_size": 70}
    sine = {"kind": "sine", "samples": 60, "length": 12, "train_size": 40}
    output = {"kind": "dense", "units": 1 if series else 10, "activation": "linear" if series else "softmax"}
    loss = "mean_squared_error" if series else "categorical_crossentropy"
    return ExperimentSpec.model_validate(
        {
            "dataset": sine if series else digits,
            "model": {"layers": [*layers, {"kind": "flatten"}, output]},
            "training": {"loss": loss, "optimizer": "adam", "epochs": 1, "batch_size": 32},
        }
    )


WIDE = {"filters": 20, "kernel_size": 3, "activation": "relu"}
IMAGES = a_spec(
    {"kind": "conv2d", **WIDE, "padding": "same"},
    {"kind": "max_pooling2d"},
    {"kind": "residual", "layers": [{"kind": "conv2d", **WIDE, "padding": "same"}]},
    {"kind": "conv2d", **WIDE, "strides": 2},
)
SERIES = a_spec(
    {"kind": "conv1d", **WIDE, "padding": "causal"},
    {"kind": "conv1d", **WIDE, "dilation_rate": 2},
    {"kind": "average_pooling1d", "pool_size": 3, "strides": 1, "padding": "same"},
    {"kind": "conv1d", **WIDE, "strides": 2, "padding": "same"},
    series=True,
)
# The order of axes that XLA hands to a library, input, kernel and output; any other becomes nested loops.
ORDER = "b01f_01io->b01f"


def slow_operations(function: Any, *arguments: Any) -> list[str]:
    """A function's convolutions in another order once XLA has compiled it, and its sliding windows."""
    ir = tf.function(function, jit_compile=True, autograph=False).experimental_get_compiler_ir(*arguments)
    orders = re.findall(r" convolution\(.*?dim_labels=([\w>-]+)", ir(stage="optimized_hlo"))
    windows = re.findall(r" (reduce-window|select-and-scatter)\(", ir(stage="hlo"))
    return [each for each in orders if each != ORDER] + windows


def program_and_arguments(spec: ExperimentSpec) -> tuple[Program, tuple[Any, ...]]:
    program = Program(spec, 1, "sliding")
    orders = np.arange(spec.dataset.train_count, dtype=np.int32)[None, None]
    return program, program._arguments(Data(spec), orders, 1)


COMPILED = {"series": SERIES, "images": IMAGES}


@pytest.mark.parametrize("case", one_in(2, COMPILED))
def test_a_compiled_training_has_no_convolution_that_xla_makes_nested_loops_of(case):
    program, arguments = program_and_arguments(COMPILED[case])
    assert slow_operations(program._epochs.whole, *arguments) == []


def test_kerass_own_forms_would_be_nested_loops(monkeypatch):
    monkeypatch.setattr("core.training.program.training_forms", lambda network, _: network)
    program, arguments = program_and_arguments(IMAGES)
    slow = set(slow_operations(program._epochs.whole, *arguments))
    assert {"reduce-window", "select-and-scatter"} < slow
    assert any("->" in each for each in slow)


def test_a_large_batch_is_not_copied_for_every_position_of_the_kernel():
    axes = (Axis(64, 5), Axis(64, 5))
    assert convolutions.unfolds((32, 8, 8, 1), (Axis(8, 3), Axis(8, 3)))
    assert not convolutions.unfolds((5000, 64, 64, 3), axes)
    assert not convolutions.unfolds((None, 64, 64, 3), axes)


IN_GROUPS = {"kind": "conv2d", "filters": 4, "kernel_size": 3, "groups": 2}
HELD = {"kind": "time_distributed", "layer": IN_GROUPS}
GROUPED = {
    "alone": [IN_GROUPS],
    "at each time step": [{"kind": "reshape", "target_shape": [2, 4, 4, 2]}, HELD],
}


def functions_for_xla(spec: ExperimentSpec) -> list[str]:
    """Names of the functions that the graphs of epoch 0 and of a probe leave to XLA."""
    recorder, data = Recorder(spec, 1), Data(spec)
    initial, probe = recorder._initial, recorder._probe
    arrays = {initial._measured: data.arrays, initial._probed: data.arrays[:2], probe.run: data.arrays[:2]}
    graphs = [
        tf.function(each, autograph=False).get_concrete_function(*arguments).graph for each, arguments in arrays.items()
    ]
    library = [each for graph in graphs for each in graph.as_graph_def().library.function]
    return [each.signature.name for each in library if each.attr["_XlaMustCompile"].b]


@pytest.mark.parametrize("case", GROUPED)
def test_no_convolution_in_groups_is_left_to_xla_in_a_plain_graph(monkeypatch: pytest.MonkeyPatch, case: str):
    layers = GROUPED[case]
    spec = a_spec({"kind": "reshape", "target_shape": [4, 8, 2]}, *layers)
    assert functions_for_xla(spec) == []
    monkeypatch.setattr("core.training.recorder.measuring_forms", lambda network, _: network)
    assert functions_for_xla(spec), "Keras's own layer is"
