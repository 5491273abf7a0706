"""The rival in JAX: batches and epochs in `lax.scan`, seeds in `vmap`, in one compiled program.

    python -m bench.rivals.jax EPOCHS [--seeds N] [--save NPZ]

Prints one line of JSON: the seconds of compiling, and those of training all epochs of all seeds.

It is as fast as we could make it. An epoch's samples are permuted at once. The statistics of all tensors are computed
together. A single network multiplies by sums that XLA can fuse with their neighbours (0.21 against 0.34 ms an epoch);
seeds side by side are faster with matrix products. Unrolled scans, or seeds along the last axis, gained nothing.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bench.rivals import (
    BATCH,
    LEARNING_RATE,
    MOMENTUM,
    TRAIN,
    VALIDATION,
    RivalRun,
    arguments,
    initial_weights,
    sample_permutations,
    samples,
)

Product = Callable[[jax.Array, jax.Array], jax.Array]


class State(NamedTuple):
    """Variables of a training: weights and momenta, kernel and bias of each layer."""

    weights: Any
    velocity: Any


def main() -> None:
    """Compile and train; print the seconds of each."""
    parser = arguments("JAX on the tutorial's network 3")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    seeds = range(options.seeds)
    begun = time.perf_counter()
    program = compiled(options.epochs, options.seeds)
    compiling = time.perf_counter() - begun
    begun = time.perf_counter()
    runs = train(program, options.epochs, seeds)
    seconds = time.perf_counter() - begun
    if options.save:
        np.savez(
            options.save,
            metrics=np.stack([run.metrics for run in runs]),
            gradients=np.stack([run.gradients for run in runs]),
        )
    loss, accuracy, val_loss, val_accuracy = map(float, runs[0].metrics[-1])
    print(
        json.dumps(
            {
                "compile_seconds": round(compiling, 4),
                "seconds": round(seconds, 4),
                "seeds": options.seeds,
                "per_epoch_and_seed": seconds / options.epochs / options.seeds,
                "loss": loss,
                "accuracy": accuracy,
                "val_loss": val_loss,
                "val_accuracy": val_accuracy,
            }
        )
    )


def compiled(epochs: int, seeds: int) -> Any:
    """Compile the program that trains so many seeds side by side for so many epochs."""
    weights, permutations = starts(epochs, range(seeds))
    side_by_side = jax.vmap(partial(run, jnp.matmul), in_axes=(0, 0, None))
    return jax.jit(alone if seeds == 1 else side_by_side).lower(weights, permutations, samples()).compile()


def starts(epochs: int, seeds: range) -> tuple[Any, np.ndarray]:
    """Return initial weights, and permutations of the samples, (seeds, epochs, samples)."""
    weights = jax.tree.map(lambda *each: np.stack(each), *(initial_weights(seed) for seed in seeds))
    return weights, np.stack([sample_permutations(seed, epochs) for seed in seeds])


def train(program: Any, epochs: int, seeds: range) -> list[RivalRun]:
    """Train some runs side by side and record them."""
    metrics, gradients = jax.block_until_ready(program(*starts(epochs, seeds), samples()))
    return [RivalRun(*each) for each in zip(np.asarray(metrics), np.asarray(gradients), strict=True)]


def alone(weights: Any, permutations: jax.Array, data: Any) -> Any:
    """Train one run; its results have a leading axis of one seed."""
    weights, permutations = jax.tree.map(lambda each: each[0], (weights, permutations))
    return jax.tree.map(lambda each: each[None], run(fusible_product, weights, permutations, data))


def fusible_product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return x·kernel, computed as a sum of products."""
    return (x[:, :, None] * kernel).sum(axis=1)


def run(product: Product, weights: Any, permutations: jax.Array, data: Any) -> tuple[jax.Array, jax.Array]:
    """Train one run; return metrics, (epochs, 4), and gradients, (epochs, tensors, statistics)."""
    train_x, train_y, val_x, val_y = data
    step = partial(update, product)
    full = TRAIN - TRAIN % BATCH

    def epoch(state: State, order: jax.Array) -> tuple[State, Any]:
        x, y = train_x[order], train_y[order]
        batches = x[:full].reshape(-1, BATCH, x.shape[1]), y[:full].reshape(-1, BATCH)
        state, measured = lax.scan(step, state, batches)
        state, last = step(state, (x[full:], y[full:]))  # the last batch of an epoch is smaller
        loss, hits, statistics = (each.sum(axis=0) + rest for each, rest in zip(measured, last, strict=True))
        val_losses, val_hits = evaluate(product, state.weights, val_x, val_y)
        metrics = jnp.stack([loss / TRAIN, hits / TRAIN, val_losses.mean(), val_hits / VALIDATION])
        return state, (metrics, statistics / (TRAIN // BATCH + 1))

    measured: tuple[Any, Any]
    _, measured = lax.scan(epoch, State(weights, jax.tree.map(jnp.zeros_like, weights)), permutations)
    return measured


def update(product: Product, state: State, batch: tuple[jax.Array, jax.Array]) -> tuple[State, Any]:
    """Train a mini-batch; return the next state, and its summed loss, hits and gradients, (tensors, statistics)."""
    x, y = batch

    def mean_loss(weights: Any) -> Any:
        losses, hits = evaluate(product, weights, x, y)
        return losses.mean(), hits

    (loss, hits), gradient = jax.value_and_grad(mean_loss, has_aux=True)(state.weights)
    velocity = jax.tree.map(lambda v, g: MOMENTUM * v - LEARNING_RATE * g, state.velocity, gradient)
    weights = jax.tree.map(jnp.add, state.weights, velocity)
    return State(weights, velocity), (loss * len(y), hits, gradient_statistics(jax.tree.leaves(gradient)))


def evaluate(product: Product, weights: Any, x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return each sample's loss, and the number of samples on the right side of the boundary."""
    *hidden, (last_kernel, last_bias) = weights
    for kernel, bias in hidden:
        x = jax.nn.relu(product(x, kernel) + bias)
    logits = (product(x, last_kernel) + last_bias)[:, 0]
    return jax.nn.softplus(logits) - logits * y, jnp.sum((logits > 0) == (y > 0.5))


def gradient_statistics(tensors: list[jax.Array]) -> jax.Array:
    """Statistics of a mini-batch's gradients: (tensors, statistics). Tensors are padded with zeros to one length."""
    sizes = np.array([g.size for g in tensors])
    real = np.arange(sizes.max()) < sizes[:, None]  # (tensors, longest)
    g = jnp.stack([jnp.pad(g.ravel(), (0, sizes.max() - g.size)) for g in tensors])
    mean, l2 = g.sum(axis=1) / sizes, jnp.sqrt(jnp.square(g).sum(axis=1))
    std = jnp.sqrt((jnp.square(g - mean[:, None]) * real).sum(axis=1) / sizes)
    zero_fraction = ((g == 0) & real).sum(axis=1) / sizes
    return jnp.stack([jnp.abs(g).sum(axis=1) / sizes, mean, std, l2, jnp.abs(g).max(axis=1), zero_fraction], axis=1)


if __name__ == "__main__":
    main()
