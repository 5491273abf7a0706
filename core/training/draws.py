"""Random draws in forms that XLA vectorises: the same numbers as XLA draws for TensorFlow's operations.

Uniform numbers are the same bit by bit, normal ones to the last digits of float32.

XLA draws by Philox (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), ten rounds for a block of four
numbers. On CPUs it then joins the four in a way that its code works out number by number: 330 ns each, a hundred times
as long as TensorFlow's own kernel takes. Here every number works out its whole block and keeps its own of the four,
which is one loop without branches: 3.5 ns each (docs/lab-notes/engine.md).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from core.training.network import BuiltLayer
from core.training.philox import KEY_STEPS, LANES, MULTIPLIERS, ROUNDS

# The mantissa of a float32 has 23 bits; with these bits before it, it lies in [1, 2).
MANTISSA_SHIFT, ONE_BITS = 9, 0x3F800000
# What selu has for very negative inputs: −α·scale (Klambauer et al. 2017), as Keras's AlphaDropout writes it.
ALPHA = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
# The least uniform number of which XLA takes the logarithm.
MIN_LOGGED = 1e-7


def draw_fast(layers: Iterable[BuiltLayer]) -> None:
    """Replace the draws of layers that drop numbers or add noise, and of attention's dropout, by fast ones."""
    for layer in layers:
        if form := FORMS.get(layer.named.spec.kind):
            layer.keras.call = partial(form, layer.keras)
        held = getattr(layer.keras, "_dropout_layer", None)  # attention by several heads
        if held is not None:
            held.call = partial(_dropout, held)


def _dropout(layer: Any, inputs: Any, training: bool = False) -> Any:
    if not training or not layer.rate:
        return inputs
    return _dropped(layer, inputs, inputs.shape)


def _spatial_dropout(layer: Any, inputs: Any, training: bool = False) -> Any:
    if not training or not layer.rate:
        return inputs
    positions = len(inputs.shape) - 2
    return _dropped(layer, inputs, (inputs.shape[0], *[1] * positions, inputs.shape[-1]))


def _dropped(layer: Any, inputs: Any, noise_shape: Sequence[int]) -> Any:
    """Compute the same as Keras's dropout, which draws one number for each entry of `noise_shape`."""
    kept = _kept(layer, noise_shape)
    return tf.nn.experimental.general_dropout(
        inputs, layer.rate, uniform_sampler=lambda shape, dtype: kept, noise_shape=tuple(noise_shape)
    )


def _kept(layer: Any, shape: Sequence[int]) -> Any:
    """Return 1 for each number that a dropout keeps, and 0 for the others."""
    drawn = uniform(_seed(layer), shape)
    # XLA would draw again for each use: for each unit of a small dense layer, for each number that shares a draw. It
    # repeats nothing that holds a root. The roots of 0 and 1 are 0 and 1.
    return tf.sqrt(tf.cast(drawn >= layer.rate, drawn.dtype))


def _alpha_dropout(layer: Any, inputs: Any, training: bool = False) -> Any:
    """Compute the same as the call of Keras's AlphaDropout."""
    if not training or not layer.rate:
        return inputs
    kept = _kept(layer, inputs.shape)
    a = ((1 - layer.rate) * (1 + layer.rate * ALPHA**2)) ** -0.5
    b = -a * ALPHA * layer.rate
    return a * (inputs * kept + ALPHA * (1 - kept)) + b


def _gaussian_noise(layer: Any, inputs: Any, training: bool = False) -> Any:
    if not training or not layer.stddev:
        return inputs
    return inputs + layer.stddev * normal(_seed(layer), inputs.shape)


def _gaussian_dropout(layer: Any, inputs: Any, training: bool = False) -> Any:
    """Multiply by noise around 1 with the variance of dropout (Srivastava et al. 2014, section 10)."""
    if not training or not layer.rate:
        return inputs
    return inputs * (1 + math.sqrt(layer.rate / (1 - layer.rate)) * normal(_seed(layer), inputs.shape))


FORMS: Mapping[str, Callable[..., Any]] = {
    "dropout": _dropout,
    "gaussian_noise": _gaussian_noise,
    "gaussian_dropout": _gaussian_dropout,
    **dict.fromkeys(("spatial_dropout1d", "spatial_dropout2d", "spatial_dropout3d"), _spatial_dropout),
    "alpha_dropout": _alpha_dropout,
}


def _seed(layer: Any) -> Any:
    """Return the next seed of a layer's generator, (2,) int32, as Keras hands it to TensorFlow."""
    seed = tf.convert_to_tensor(layer.seed_generator.next())
    return seed if seed.dtype == tf.int32 else tf.cast(tf.math.floormod(seed, tf.int32.max - 1), tf.int32)


def uniform(seed: Any, shape: Sequence[int]) -> Any:
    """Return `tf.random.stateless_uniform(shape, seed)` as XLA draws it: float32 on [0, 1).

    Args:
        seed: (2,) int32.
        shape: of the result.
    """
    return tf.reshape(_fractions(seed, tf.range(math.prod(shape))), shape)


def normal(seed: Any, shape: Sequence[int]) -> Any:
    """Return `tf.random.stateless_normal(shape, seed)` as XLA draws it, but for float32's last digits.

    Two uniform numbers make two normal ones (Box & Muller 1958). XLA pairs numbers that are neighbours along the first
    axis of even size, or along the longest axis if none is even.

    Args:
        seed: (2,) int32.
        shape: of the result, one axis at least.
    """
    split = next((i for i, size in enumerate(shape) if size % 2 == 0), max(range(len(shape)), key=shape.__getitem__))
    before, size, behind = math.prod(shape[:split]), shape[split], math.prod(shape[split + 1 :])
    pairs = -(-size // 2)
    drawn = uniform(seed, (before, pairs, 2, behind))
    radius = tf.sqrt(-2.0 * tf.math.log(tf.maximum(drawn[:, :, :1], MIN_LOGGED)))
    # The sine for the first number of a pair, the cosine for the second, a quarter of a turn ahead.
    made = radius * _sine(drawn[:, :, 1:], tf.constant([0.0, 1.0])[:, None])
    return tf.reshape(tf.reshape(made, (before, 2 * pairs, behind))[:, :size], shape)


def _sine(turns: Any, quarters: Any) -> Any:
    """Return the sine of angles in turns, from 0 to 1, plus 0 or 1 quarters of a turn.

    XLA calls the C library for each sine: 11 ns. Taylor's series of sine and cosine up to an eighth of a turn leave out
    less than float32 holds, and are a loop that it vectorises.
    """
    nearest = tf.round(4.0 * turns)
    angle = 2.0 * math.pi * (turns - 0.25 * nearest)
    square, quarter = angle * angle, tf.cast(nearest + quarters, tf.int32)
    sine, cosine = (_series(square, [*range(first, 11, 2)]) for first in (1, 0))
    value = tf.where(quarter % 2 == 0, angle * sine, cosine)
    return tf.where(quarter % 4 < 2, value, -value)


def _series(square: Any, powers: Sequence[int]) -> Any:
    """Return Σ (−1)ⁿ·squareⁿ / powers[n]! by Horner's rule."""
    total: Any = 0.0
    for place, power in reversed([*enumerate(powers)]):
        total = total * square + (-1) ** place / math.factorial(power)
    return total


def _fractions(seed: Any, numbers: Any) -> Any:
    """Return the random numbers on [0, 1) with these places, 23 random bits each."""
    words = _words(seed, numbers)
    bits = tf.bitwise.bitwise_or(tf.bitwise.right_shift(words, _word(MANTISSA_SHIFT)), _word(ONE_BITS))
    return tf.bitcast(bits, tf.float32) - 1.0


def _words(seed: Any, numbers: Any) -> Any:
    """Return the random words with these places, uint32: word n is in the block with the seed's counter + n // 4."""
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    low = counter[0] + tf.cast(numbers // LANES, tf.uint64)
    high = counter[1] + tf.cast(low < counter[0], tf.uint64)  # the carry of the 128 bits
    block = _philox((*_halves(low), *_halves(high)), _halves(key[0]))
    lane = numbers % LANES
    words = block[-1]
    for place in range(LANES - 1):
        words = tf.where(lane == place, block[place], words)
    return words


def _philox(state: tuple[Any, ...], key: tuple[Any, Any]) -> tuple[Any, ...]:
    """Return a block's four random words from its counter, four words, and a key of two."""
    mixed = tf.bitwise.bitwise_xor
    for _ in range(ROUNDS):
        first, second, third, fourth = state
        (low_0, high_0), (low_2, high_2) = (
            _halves(tf.cast(word, tf.uint64) * tf.constant(by, tf.uint64))
            for word, by in zip((first, third), MULTIPLIERS, strict=True)
        )
        state = mixed(mixed(high_2, second), key[0]), low_2, mixed(mixed(high_0, fourth), key[1]), low_0
        key = key[0] + _word(KEY_STEPS[0]), key[1] + _word(KEY_STEPS[1])
    return state


def _halves(number: Any) -> tuple[Any, Any]:
    """Return the lower and the upper 32 bits of 64."""
    return tf.cast(number, tf.uint32), tf.cast(tf.bitwise.right_shift(number, tf.constant(32, tf.uint64)), tf.uint32)


def _word(number: int) -> Any:
    return tf.constant(number, tf.uint32)
