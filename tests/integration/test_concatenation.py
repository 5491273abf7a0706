"""Concatenation in the engine's own form: the numbers of Keras's layer, and one compilation for all blocks."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.training.concatenation import _call
from tests.graphs import a_graph, dense, node

NODES = [
    node("left", dense(4, "tanh"), "input"),
    node("right", dense(3, "tanh"), "input"),
    node("both", {"kind": "concatenate"}, "left", "right", "input"),
    node("out", dense(1, "sigmoid"), "both"),
]


@pytest.mark.parametrize("axis", [-1, 1, 2, 3])
def test_it_computes_what_the_layer_does_and_its_gradient(axis):
    draws, sizes = np.random.default_rng(0), (4, 6, 3)
    shapes = [[2, 5, 5, 5] for _ in sizes]
    for shape, size in zip(shapes, sizes, strict=True):
        shape[axis] = size
    xs = [tf.constant(draws.normal(size=shape).astype(np.float32)) for shape in shapes]
    layer = keras.layers.Concatenate(axis=axis)
    results = []
    for concatenate in (layer, lambda xs: _call(axis, xs)):
        with tf.GradientTape() as tape:
            tape.watch(xs)
            made = concatenate(xs)
            loss = tf.reduce_sum(made * made * tf.reshape(tf.range(tf.size(made), dtype=tf.float32), made.shape))
        results.append([made, *tape.gradient(loss, xs)])
    for expected, mine in zip(*results, strict=True):
        np.testing.assert_array_equal(mine.numpy(), expected.numpy())


TRAINED = """
import sys
from pathlib import Path
from core.training.environment import prepare
prepare(Path(sys.argv[1]))
from core.training.train import train
from gradlab.spec.experiment import parse
for chunk in train(parse(sys.argv[2]), chunk_seconds=1e-9):
    print(len(list(Path(sys.argv[1]).iterdir())))
"""


def test_seeds_side_by_side_are_compiled_once_for_any_order_of_the_samples(tmp_path):
    """XLA leaves an entry in its cache on disk for whatever it compiles. Each chunk has an order of its own."""
    spec = a_graph(NODES, seeds=[0, 1], record="nothing")
    command = [sys.executable, "-c", TRAINED, str(tmp_path), spec]
    made = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.split()
    assert len(made) == 4
    assert made[1] == made[-1] != "0"
