"""Keras on JAX: the training step is a pure function of the model's, the optimiser's and the metrics' variables."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from keras import ops

from gradlab.measurement.statistics import EDGES

VERSIONS = {"jax": jax.__version__}
# NumPy computes the numbers of a batch before the compiled step gets it.
BATCHES_IN = "iterator"
# True if a step runs operation by operation: what it adds up may wait.
IS_EAGER = False
# A compiled step writes a part of a variable in place.
WRITES_IN_PLACE = True
# Entries that a loop over a large tensor reads at a time: 16 kB, and as much for each of its sums.
CHUNK = 4_096


def dense(gradient: Any) -> Any:
    """Return the gradient as a dense tensor, which every gradient of JAX is."""
    return gradient


def as_row(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Return a dense gradient of any precision as (1, *shape) float32."""
    return ops.reshape(ops.cast(gradient, "float32"), (1, *shape))


def flat(rows: Sequence[Any]) -> Any:
    """Return tensors as one row."""
    return ops.concatenate([ops.reshape(row, (-1,)) for row in rows])


def sums_of_large(g: Any) -> tuple[Any, ...]:
    """Return Σg, Σ|g|, Σg², the number of zeros and max|g| of (seeds, tensors, n): (seeds, tensors) each.

    One loop goes through the entries once. XLA computes reductions one after another, in threads that hold up those of
    the step: beside a step of 45 ms five of them took 40 ms of a processor, and the loop takes 2.
    """
    n = g.shape[-1]
    whole = n // CHUNK * CHUNK
    chunks = jnp.moveaxis(g[..., :whole].reshape(*g.shape[:-1], -1, CHUNK), -2, 0)

    def add(sums: tuple[Any, ...], chunk: Any) -> tuple[tuple[Any, ...], None]:
        total, absolute, square, zeros, largest = sums
        size = jnp.abs(chunk)
        sums = total + chunk, absolute + size, square + chunk * chunk, zeros + (chunk == 0), jnp.maximum(largest, size)
        return sums, None

    nothing = jnp.zeros((*g.shape[:-1], CHUNK), jnp.float32)
    sums, _ = jax.lax.scan(add, (nothing,) * 5, chunks)
    if whole < n:
        rest = jnp.pad(g[..., whole:], [(0, 0)] * (g.ndim - 1) + [(0, CHUNK - (n - whole))])
        sums, _ = add(sums, rest)
    *added, largest = sums
    total, absolute, square, zeros = (each.sum(axis=-1) for each in added)
    padding = 0 if whole == n else CHUNK - (n - whole)
    return total, absolute, square, zeros - padding, largest.max(axis=-1)


def bin_counts(x: Any) -> Any:
    """Return the histogram of (seeds, tensors, n): (seeds, tensors, bins) float32; a NaN is in no bin.

    Entries along an axis that is not the last: XLA adds those side by side.
    """
    reached = (x[..., None] >= EDGES).astype(jnp.float32).sum(axis=-2)  # (..., edges)
    real = (x == x).astype(jnp.float32).sum(axis=-1, keepdims=True)
    return jnp.concatenate([real, reached], axis=-1) - jnp.concatenate([reached, jnp.zeros_like(real)], axis=-1)


def is_sparse(gradient: Any) -> bool:
    """True if the gradient has only some rows of its tensor: never, on JAX."""
    return False


def replicas() -> int:
    """Return the number of devices whose gradients are not yet combined: JAX combines them by itself."""
    return 1


def outside_of_step() -> Any:
    """Return a context in which variables may be created while the training step is traced."""
    return contextlib.nullcontext()


def attach(optimizer: Any, variables: Sequence[Any]) -> None:
    """Make these variables part of the optimiser's, which the training step takes and returns.

    Files of the optimiser do not get them: `save_own_variables` and `load_own_variables` leave them out.
    """
    optimizer._variables.extend(variables)
    kinds = {"save_own_variables", "load_own_variables"} - vars(optimizer).keys()
    for name in kinds:
        vars(optimizer)[name] = _without(optimizer, name, variables)


def detach(optimizer: Any, variables: Sequence[Any]) -> None:
    """Undo `attach`."""
    extra = {id(variable) for variable in variables}
    optimizer._variables[:] = [each for each in optimizer._variables if id(each) not in extra]
    for name in ("save_own_variables", "load_own_variables"):
        if getattr(vars(optimizer).get(name), "leaves_out", None) is variables:
            del vars(optimizer)[name]


def _without(optimizer: Any, name: str, variables: Sequence[Any]) -> Any:
    """Return the optimiser's method, called while its variables are without `variables`."""

    def method(*arguments: Any) -> Any:
        everything, extra = list(optimizer._variables), {id(each) for each in variables}
        optimizer._variables[:] = [each for each in everything if id(each) not in extra]
        try:
            return getattr(type(optimizer), name)(optimizer, *arguments)
        finally:
            optimizer._variables[:] = everything

    method.leaves_out = variables  # type: ignore[attr-defined]
    return method


def unconverted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function: JAX traces functions as they are."""
    return function


def see_batches(model: Any, see: Callable[[Any], None], is_over: Callable[[], bool]) -> None:
    """Call a function with each batch that the model's train function is about to get, until it needs no more."""
    function = model.train_function

    def seen(iterator: Iterator[Any]) -> Iterator[Any]:
        for data in iterator:
            see(data)
            yield data

    model.train_function = lambda state, iterator: function(state, iterator if is_over() else seen(iterator))


def synchronize(model: Any) -> None:
    """Bring the variables up to date in the middle of an epoch: Keras keeps their values apart until its end."""
    model.jax_state_sync()


def loss_sum(model: Any) -> tuple[float, float]:
    """Return the sum of the samples' losses and their number, since the metrics were last reset."""
    synchronize(model)
    tracker = model._loss_tracker
    return float(tracker.total), float(tracker.count)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of tensors without side effects."""
    return jax.jit(function)


def value_and_gradients(function: Callable[[list[Any]], tuple[Any, Any]], arguments: list[Any]) -> tuple[Any, Any, Any]:
    """Return a function's value, what else it returns, and the value's derivatives by its arguments."""
    (value, more), gradients = jax.value_and_grad(function, has_aux=True)(arguments)
    return value, more, gradients


def constants(arrays: Sequence[np.ndarray]) -> list[Any]:
    """Convert arrays to tensors."""
    return [jnp.asarray(each) for each in arrays]


def values(variables: Sequence[Any]) -> list[Any]:
    """Return the variables' present values as tensors."""
    return [variable.value for variable in variables]


def flat_values(variables: Sequence[Any]) -> Any:
    """Return the variables' present values as one row of float32, a copy: a step gives its own variables away."""
    return _flat([variable.value for variable in variables])


def _joined(values: Sequence[Any]) -> Any:
    return jnp.concatenate([each.reshape(-1).astype(jnp.float32) for each in values])


_flat = jax.jit(_joined)


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Keep the state of the backend's own random generator: JAX has none."""
    yield
