"""A step of one layer, forward and backward: in a loop as the engine trains it, and as a plain graph step by step."""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bench.ops.cases import Case
from core.plan.graphs import prefers_plain_graph
from core.training.forms import rewrite_layers
from core.training.network import BuiltLayer
from gradlab.spec import NamedLayer

# What a step changes of weights and inputs: each step depends on the one before, so that none is left out.
RATE = 1e-9
# Above every sum of squares here, so that whole numbers stay what they are, and the compiler does not see it.
NEVER = 1e30
TURN_SECONDS, MIN_STEPS, MAX_STEPS = 0.05, 2, 1000

Run = Callable[[int], None]


class NotCompiled(Exception):
    """XLA rejects an operation of a layer, so that a whole training becomes a plain graph."""


class Steps:
    """Steps of a case.

    Args:
        case: the layer.
        batch: samples of a step.
        ours: True for the loop of the engine, in the form in which it would train a network of this layer on such
            batches; False for Keras's own form in a plain graph, step by step.

    Attributes:
        is_compiled: True if XLA compiles the steps.

    Raises:
        NotCompiled: XLA rejects the layer.
    """

    def __init__(self, case: Case, batch: int, *, ours: bool) -> None:
        self._case, (self._named, self._layer) = case, _built(case)
        self.is_compiled = ours and not prefers_plain_graph([self._named], batch)
        if ours:
            rewrite_layers([BuiltLayer(self._named, self._layer)], plainly=not self.is_compiled)
        variables = self._layer.trainable_variables, self._layer.non_trainable_variables
        self._trainable, self._others = variables
        self._state = [
            tf.ones((batch, *self._named.output_shape)),
            [_inputs(case, batch, shape) for shape in case.shapes],
            *([tf.convert_to_tensor(each.value) for each in part] for part in variables),
        ]
        self._run = self._in_loop() if ours else self._one_by_one()
        self._steps = MIN_STEPS
        try:
            self.turn()  # traces and compiles
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            raise NotCompiled(str(error).partition("\n")[0]) from error
        self._steps = int(min(MAX_STEPS, max(MIN_STEPS, TURN_SECONDS / self.turn())))

    def turn(self) -> float:
        """Run some steps; return the processor seconds of one, which other processes disturb less."""
        begun = time.process_time()
        self._run(self._steps)
        return (time.process_time() - begun) / self._steps

    def _in_loop(self) -> Run:
        """Return a loop in one program, if compiled with the branch that the engine's updates stand in."""

        def step(number: Any, state: Any) -> Any:
            if not self.is_compiled:
                return number + 1, self._step(state)
            return number + 1, tf.cond(number >= 0, lambda: self._step(state), lambda: state)

        @tf.function(jit_compile=self.is_compiled or None, autograph=False)  # type: ignore[untyped-decorator]
        def loop(steps: Any, state: Any) -> Any:
            return tf.while_loop(lambda number, _: number < steps, step, (tf.constant(0), state))[1]

        def run(steps: int) -> None:
            tf.nest.map_structure(lambda each: each.numpy(), loop(tf.constant(steps), self._state)[:1])

        return run

    def _one_by_one(self) -> Run:
        graph = tf.function(self._step, autograph=False)

        def run(steps: int) -> None:
            state = self._state
            for _ in range(steps):
                state = graph(state)
            state[0].numpy()

        return run

    def _step(self, state: Any) -> Any:
        """Return the next state: upstream gradient, inputs, weights, other variables.

        The outputs move the upstream gradient of the next step, as a next layer reads what a layer returns. Were they
        that gradient themselves, a loop would have to copy what a plain graph hands on.
        """
        upstream, xs, weights, others = state
        if self._case.whole_below:
            first = tf.reshape(upstream, [-1])[0]
            xs = [tf.where(first > NEVER, tf.zeros_like(x), x) for x in xs]
        mapping = [*zip(self._trainable, weights, strict=True), *zip(self._others, others, strict=True)]
        with tf.GradientTape() as tape:
            tape.watch([xs, weights])
            with keras.StatelessScope(mapping) as scope:
                outputs = self._case.layer.merge(self._layer, xs, True)
                others = [tf.convert_to_tensor(scope.get_current_value(each)) for each in self._others]
        gradients = tape.gradient(outputs, [xs, weights], upstream)
        return [*tf.nest.map_structure(_moved, [upstream, xs, weights], [outputs, *gradients]), others]


def _moved(value: Any, gradient: Any) -> Any:
    return value if gradient is None else value - RATE * tf.convert_to_tensor(gradient)


def _built(case: Case) -> tuple[NamedLayer, Any]:
    layer, shapes = case.layer, case.shapes
    names = tuple(f"input_{place}" for place in range(len(shapes)))
    named = NamedLayer("layer", layer, shapes[0], layer.merged_shape(shapes), inputs=names, input_shapes=shapes)
    made = layer.build(keras, name="layer", seeds=iter(range(100)))
    layer.create_weights(made, shapes[0])
    return named, made


def _inputs(case: Case, batch: int, shape: tuple[int, ...]) -> Any:
    random = np.random.default_rng(0)
    if case.whole_below:
        return tf.constant(random.integers(0, case.whole_below, (batch, *shape)).astype(np.float32))
    return tf.constant(random.standard_normal((batch, *shape), np.float32))
