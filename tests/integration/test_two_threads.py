"""Large kernels work with two threads: the same bits on one core and on two, idle or not; small ones keep one."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.plan.graphs import has_large_kernels
from core.training.compiled import Compiled
from core.training.train import train
from gradlab.spec import ExperimentSpec
from tests.fitting import trained

RANDOM = np.random.default_rng(0)


def drawn(*shape: int) -> tf.Tensor:
    return tf.constant(RANDOM.standard_normal(shape).astype(np.float32))


def convolved(x, kernel, scale):
    made = tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "SAME"), scale)
    normed, *_ = tf.raw_ops.FusedBatchNormV3(
        x=made, scale=scale, offset=scale, mean=tf.zeros(0), variance=tf.zeros(0), epsilon=1e-3, is_training=True
    )
    return tf.nn.max_pool2d(tf.nn.relu(normed), 3, 2, "SAME")


def multiplied(x, kernel, more):
    return tf.nn.softmax(tf.matmul(tf.nn.relu(tf.matmul(x, kernel)), more))


def with_gradients(function: Callable[..., tf.Tensor]) -> Callable[..., list[tf.Tensor]]:
    def whole(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            made = function(*inputs)
            total = tf.reduce_sum(tf.square(made)) + tf.math.reduce_std(made)
        return [total, made, *map(tf.convert_to_tensor, tape.gradient(total, inputs))]

    return whole


@contextmanager
def busy_threads() -> Iterator[None]:
    """Two other threads that compute all the time."""
    over, square = threading.Event(), RANDOM.standard_normal((200, 200))

    def compute() -> None:
        while not over.is_set():
            square @ square

    threads = [threading.Thread(target=compute) for _ in range(2)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()


@contextmanager
def one_core() -> Iterator[None]:
    """All threads of this process on one core."""
    cores = os.sched_getaffinity(0)
    _let_all_use([min(cores)])
    try:
        yield
    finally:
        _let_all_use(cores)


def _let_all_use(cores: Iterable[int]) -> None:
    for task in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended
            os.sched_setaffinity(int(task.name), cores)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    ("function", "inputs"),
    [(convolved, (drawn(32, 16, 16, 32), drawn(3, 3, 32, 32), drawn(32))),
     (multiplied, (drawn(128, 784), drawn(784, 512), drawn(512, 10))),
     (multiplied, (drawn(7, 100_000), drawn(100_000, 9), drawn(9, 10)))],
)  # fmt: skip
def test_bits_hang_neither_on_cores_nor_on_what_else_they_do(function, inputs, jit: bool):
    compiled = Compiled(with_gradients(function), jit=jit, large=True)
    expected = [each.numpy() for each in compiled(*inputs)]
    assert np.isfinite(expected[0])

    def assert_same(times: int) -> None:
        for _ in range(times):
            for ours, before in zip(compiled(*inputs), expected, strict=True):
                np.testing.assert_array_equal(ours, before)

    assert_same(3)
    with busy_threads():
        assert_same(20)
    with one_core():
        assert_same(5)


@pytest.mark.parametrize("jit", [False, True])
def test_variables_are_read_and_changed_in_both_contexts(jit: bool):
    variable, other = keras.Variable(np.arange(3.0, dtype=np.float32)), keras.Variable(np.ones(3, np.float32))

    def moved(x):
        variable.assign(variable + other * x)
        return variable * 2.0

    compiled = Compiled(moved, jit=jit, large=True)
    for before in (variable.numpy(), np.full(3, 10.0, np.float32)):
        variable.assign(before)
        np.testing.assert_array_equal(compiled(tf.constant(2.0)), (before + 2.0) * 2.0)
        np.testing.assert_array_equal(variable.numpy(), before + 2.0)
    np.testing.assert_array_equal(other.numpy(), np.ones(3))


def a_spec(units: int, batch: int = 128, *before: dict) -> ExperimentSpec:
    output = {"kind": "dense", "units": 10, "activation": "softmax"}
    layers = [*before, {"kind": "dense", "units": units, "activation": "relu"}, output]
    training = {"loss": "categorical_crossentropy", "optimizer": "adam", "epochs": 2, "batch_size": batch}
    dataset = {"kind": "digits", "scale": [0, 1], "train_size": 600}
    fields = {"dataset": dataset, "model": {"layers": layers}, "training": training, "seeds": [1]}
    return ExperimentSpec.model_validate(fields)


def test_kernels_are_large_by_the_size_of_a_product_alone():
    over_time = {"kind": "reshape", "target_shape": (8, 8)}, {"kind": "gru", "units": 64}
    assert has_large_kernels(a_spec(1024))
    assert not has_large_kernels(a_spec(1024, 32)), "each batch is small"
    assert not has_large_kernels(a_spec(64)), "a small network keeps its bits"
    assert not has_large_kernels(a_spec(1024, 128, *over_time)), "many small products, one after another"


def test_a_large_training_has_the_same_bits_again_on_one_core():
    spec = a_spec(1024)
    expected = trained(list(train(spec)))
    with one_core():
        again = trained(list(train(spec)))
    for kind, values in expected.items():
        np.testing.assert_array_equal(again[kind], values, err_msg=kind)
