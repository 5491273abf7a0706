"""Operations inside `tf.vectorized_map`: the numbers of a loop over the seeds, and one compilation for all blocks."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from core.training.conversions import is_beside, side_by_side
from core.training.joining import join
from tests.graphs import a_graph, dense, node

SEEDS = 3
NODES = [
    node("left", dense(4, "tanh"), "input"),
    node("right", dense(3, "tanh"), "input"),
    node("narrow", {"kind": "concatenate"}, "left", "right"),
    node("both", {"kind": "concatenate"}, "narrow", "input"),
    node("steps", {"kind": "repeat_vector", "n": 2}, "both"),
    node("turned", {"kind": "permute", "dims": [2, 1]}, "steps"),
    node("flat", {"kind": "flatten"}, "turned"),
    node("out", dense(1, "sigmoid"), "flat"),
]
OPERATIONS = {
    "concatenated": lambda x, y: tf.concat([x, y, x], -1),
    "concatenated by transpositions": lambda x, y: join((4, 15), [x, y, x]),
    "concatenated along the first axis": lambda x, y: tf.concat([y, x], 0),
    "transposed": lambda x, y: tf.transpose(x * y, [2, 0, 1]),
    "repeated": lambda x, y: tf.tile(x, [1, 3, 2]) * 2.0,
    "reshaped": lambda x, y: tf.reshape(x * y, [5, -1, 2]),
    "with an axis more": lambda x, y: tf.expand_dims(x, 1) * tf.expand_dims(y, -4),
    "repeated as Keras does": lambda x, y: tf.repeat(x - y, 3, axis=1),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_rows_together_are_those_one_by_one_with_their_gradients(name):
    draws = np.random.default_rng(0)
    rows = [tf.constant(draws.normal(size=(SEEDS, 2, 4, 5)).astype(np.float32)) for _ in range(2)]

    def sums(made):
        """A sum in which each number has a factor of its own."""
        return tf.reduce_sum(made * made * tf.reshape(tf.range(tf.size(made), dtype=tf.float32), made.shape))

    @tf.function(autograph=False)
    def together():
        with tf.GradientTape() as tape:
            tape.watch(rows)
            made = tf.vectorized_map(lambda each: OPERATIONS[name](*each), tuple(rows))
            loss = sum(sums(each) for each in tf.unstack(made))
        return made, tape.gradient(loss, rows, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    made, gradients = together()
    for seed in range(SEEDS):
        with tf.GradientTape() as tape:
            own = [each[seed] for each in rows]
            tape.watch(own)
            alone = OPERATIONS[name](*own)
            loss = sums(alone)
        np.testing.assert_array_equal(made[seed], alone)
        expected = tape.gradient(loss, own, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        for mine, other in zip(gradients, expected, strict=True):
            np.testing.assert_allclose(mine[seed], other, rtol=1e-6)


TRAINED = """
import sys
from pathlib import Path
from core.training.environment import prepare
prepare(Path(sys.argv[1]))
from core.training import joining
from core.training.train import train
joining.MIN_NUMBERS = 9  # those of the node `both`
from gradlab.spec.experiment import parse
for chunk in train(parse(sys.argv[2]), chunk_seconds=1e-9):
    print(len(list(Path(sys.argv[1]).iterdir())))
"""


def test_large_arrays_are_joined_as_numpy_joins_them():
    draws = np.random.default_rng(0)
    for rest, sizes in ((2, 5), (4, 3, 1)), ((3, 2, 6), (7, 7)), ((3,), (2, 4)):
        arrays = [draws.normal(size=(*rest, size)).astype(np.float32) for size in sizes]
        expected = np.concatenate(arrays, -1)
        np.testing.assert_array_equal(join(expected.shape[1:], arrays), expected)


def test_seeds_side_by_side_are_compiled_once_for_any_order_of_the_samples(tmp_path):
    """XLA leaves an entry in its cache on disk for whatever it compiles. Each chunk has an order of its own."""
    spec = a_graph(NODES, seeds=[0, 1], record="nothing")
    command = [sys.executable, "-c", TRAINED, str(tmp_path), spec]
    made = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.split()
    assert len(made) == 4
    assert made[1] == made[-1] != "0"


def test_another_thread_meanwhile_traces_a_network_by_itself():
    """A recurrence has the loop of one network, whatever another thread traces side by side."""
    seen = []

    def one(row):
        with ThreadPoolExecutor(1) as other:
            seen.append((is_beside(), other.submit(is_beside).result()))
        return row * 2.0

    np.testing.assert_array_equal(side_by_side(one, tf.constant([1.0, 3.0])), [2.0, 6.0])
    assert set(seen) == {(True, False)}
    assert not is_beside()
