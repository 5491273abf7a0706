"""Layers in the engine's compiled loop against Keras's own in a plain graph.

    python -m bench.forms [--rounds 3] [--kinds conv3d depthwise_conv2d ...] [--batch 32]

Milliseconds of a forward pass and of both gradients, on one thread, at a small and at a usual shape. The engine's forms
run inside a loop that XLA compiles, as every update does; Keras's own run in a loop of a plain graph, as `model.fit`
without XLA runs them.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.processes import conditions
from bench.turns import Round, arguments, compare, report, take_turns

CHANNELS = {"small": 4, "usual": 32}
SIDES = {1: {"small": 20, "usual": 100}, 2: {"small": 8, "usual": 16}, 3: {"small": 4, "usual": 8}}
STEPS = 10


def cases() -> dict[str, tuple[dict[str, Any], tuple[int, ...]]]:
    """Return the layer and the shape of an input, by the kind and the size."""
    layers = {}
    for size, channels in CHANNELS.items():
        for axes, sides in SIDES.items():
            shape = (*(sides[size],) * axes, channels)
            for kind, fields in _kinds(axes, channels).items():
                layers[f"{kind}, {size}"] = {"kind": kind.partition(" ")[0], **fields}, shape
    return layers


def _kinds(axes: int, channels: int) -> dict[str, dict[str, Any]]:
    plain = {"filters": channels, "kernel_size": 3, "padding": "same"}
    kinds: dict[str, dict[str, Any]] = {
        f"conv{axes}d": plain,
        f"conv{axes}d of 2 groups": {**plain, "groups": 2},
        f"conv{axes}d_transpose": {**plain, "strides": 2},
        f"max_pooling{axes}d": {},
        f"average_pooling{axes}d": {},
        f"up_sampling{axes}d": {},
        f"zero_padding{axes}d": {},
    }
    if axes < 3:
        kinds[f"conv{axes}d of dilation 2"] = {**plain, "dilation_rate": 2}
        kinds[f"depthwise_conv{axes}d"] = {"kernel_size": 3, "padding": "same"}
        kinds[f"separable_conv{axes}d"] = plain
    if axes == 2:
        kinds["group_normalization"] = {"groups": 2}
    return kinds


def main() -> None:
    """Print milliseconds and ratios."""
    parser = arguments("layers in the compiled loop")
    parser.add_argument("--kinds", nargs="+", default=())
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    chosen = {name: case for name, case in cases().items() if not options.kinds or case[0]["kind"] in options.kinds}
    with conditions():
        rounds = take_turns(options.rounds, lambda: measure(chosen, options.batch))
    report(rounds, "milliseconds of a forward and backward pass")
    compare(rounds, [(f"{name}, loop", f"{name}, graph") for name in chosen])


def measure(chosen: dict[str, tuple[dict[str, Any], tuple[int, ...]]], batch: int) -> Round:
    """Measure each of them once."""
    import tensorflow as tf  # after the arguments are read, as it takes seconds

    if not tf.config.threading.get_intra_op_parallelism_threads():
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    measured: Round = {}
    for name, (fields, shape) in chosen.items():
        measured[f"{name}, loop"] = _milliseconds(fields, (batch, *shape), compiled=True)
        measured[f"{name}, graph"] = _milliseconds(fields, (batch, *shape), compiled=False)
    return measured


def _milliseconds(fields: dict[str, Any], shape: tuple[int, ...], *, compiled: bool) -> float:
    """Return the milliseconds of a step: the layer's output, and the gradients of its squares."""
    import keras

    from core.training.forms import rewrite_layers
    from core.training.network import BuiltLayer
    from gradlab.spec.experiment import ModelSpec
    from gradlab.spec.network import walk

    spec = ModelSpec.model_validate({"layers": [fields]}).layers[0]
    (named,) = walk([spec], shape[1:])
    layer = spec.build(keras, name="layer", seeds=iter(range(100)))
    layer.build(shape)
    if compiled:
        rewrite_layers([BuiltLayer(named, layer)])
    return _timed(layer, shape, compiled=compiled)


def _timed(layer: Any, shape: tuple[int, ...], *, compiled: bool) -> float:
    import keras
    import tensorflow as tf

    variables = layer.trainable_variables
    x = tf.constant(np.random.default_rng(0).normal(size=shape).astype(np.float32))

    def step(number: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
        with tf.GradientTape() as tape:
            tape.watch([x, *weights])
            with keras.StatelessScope(list(zip(variables, weights, strict=True))):
                total = tf.reduce_sum(tf.square(layer(x)))
        by_input, *by_weights = tape.gradient(total, [x, *weights])
        # Each step depends on the one before, so that none is left out.
        changed = [w - 1e-9 * each for w, each in zip(weights, by_weights, strict=True)]
        return number + 1, x - 1e-9 * by_input, *changed

    @tf.function(jit_compile=compiled, autograph=False)  # type: ignore[untyped-decorator]
    def run(steps: Any) -> Any:
        values = [tf.convert_to_tensor(each.value) for each in variables]
        return tf.while_loop(lambda number, *_: number < steps, step, (tf.constant(0), x, *values))[1]

    return _per_step(lambda count: np.asarray(run(tf.constant(count))))


def _per_step(run: Callable[[int], Any]) -> float:
    run(1)
    begun = time.perf_counter()
    run(STEPS)
    return (time.perf_counter() - begun) / STEPS * 1000


if __name__ == "__main__":
    main()
