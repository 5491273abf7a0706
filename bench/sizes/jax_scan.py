"""JAX as a side of `bench.sizes`: an epoch as one compiled `scan` over batches, with statistics of each gradient.

The layers are those that Keras makes of the spec, on its backend JAX.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from bench.sizes.side import ENDLESS, LoopTraining
from bench.watched.turns import Turns
from core.training.network import Network
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.datasets import Dataset

State = tuple[Any, Any, Any]


def jax_training(spec: ExperimentSpec, samples: Dataset) -> LoopTraining:
    """Return a training of a line in which each epoch is one call of a compiled program."""
    encoded = partial(_encoded, spec)
    arrays = tuple(map(jnp.asarray, (samples.train_x, encoded(samples.train_y), samples.val_x, encoded(samples.val_y))))

    def train(turns: Turns) -> None:
        state, run = _program(spec)
        random, count = np.random.default_rng(0), len(samples.train_x)
        for _ in range(ENDLESS):
            state, measured = run(state, jnp.asarray(random.permutation(count)), arrays)
            jax.block_until_ready((state, measured))
            turns.epoch()

    return LoopTraining(train)


def _program(spec: ExperimentSpec) -> tuple[State, Callable[..., Any]]:
    """Return the state before the first update, and the compiled epoch."""
    model, optimizer = Network(spec, seed=spec.seeds[0]).model, spec.training.optimizer.build(keras)
    optimizer.build(model.trainable_variables)
    loss, size = spec.only_output.loss.build(keras), spec.training.batch_size

    def mean_loss(weights: Any, others: Any, x: Any, y: Any, training: bool) -> Any:
        prediction, others = model.stateless_call(weights, others, x, training=training)
        return jnp.mean(loss(y, prediction)), others

    def update(state: State, batch: tuple[Any, Any]) -> tuple[State, Any]:
        weights, others, moments = state
        (mean, others), gradients = jax.value_and_grad(mean_loss, has_aux=True)(weights, others, *batch, True)
        weights, moments = optimizer.stateless_apply(moments, gradients, weights)
        return (weights, others, moments), (mean, jnp.stack([_statistics(each) for each in gradients]))

    def epoch(state: State, order: Any, arrays: tuple[Any, ...]) -> Any:
        train_x, train_y, val_x, val_y = arrays
        x, y, full = train_x[order], train_y[order], len(order) - len(order) % size
        batches = tuple(each[:full].reshape(-1, size, *each.shape[1:]) for each in (x, y))
        state, (losses, statistics) = jax.lax.scan(update, state, batches)
        if full < len(order):
            state, _ = update(state, (x[full:], y[full:]))
        weights, others, _ = state
        return state, (losses.mean(), statistics.mean(axis=0), mean_loss(weights, others, val_x, val_y, False)[0])

    values = [[each.value for each in part] for part in (model.trainable_variables, model.non_trainable_variables)]
    return (*values, [each.value for each in optimizer.variables]), jax.jit(epoch)  # type: ignore[return-value]


def _statistics(gradient: Any) -> Any:
    """Return mean |g|, mean, standard deviation, norm, largest |g| and the share of zeros."""
    size = jnp.abs(gradient)
    norm, zeros = jnp.sqrt(jnp.sum(gradient * gradient)), jnp.mean(gradient == 0)
    return jnp.stack([size.mean(), gradient.mean(), gradient.std(), norm, size.max(), zeros])


def _encoded(spec: ExperimentSpec, y: np.ndarray) -> np.ndarray:
    """Return targets as Keras's losses take them: one-hot, one 0 or 1, or numbers."""
    if spec.dataset.target.kind != "classes":
        return y
    if spec.one_hot:
        rows: np.ndarray = np.eye(spec.dataset.target.count, dtype=np.float32)[y]
        return rows
    return y.astype(np.float32)[..., None]
