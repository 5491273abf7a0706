"""Random draws and encoded tokens in the engine's own words: Keras's numbers, bit by bit."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.training import draws
from core.training.forms import rewrite_layers
from core.training.network import BuiltLayer
from gradlab.spec.experiment import ModelSpec
from gradlab.spec.network import walk
from tests.layers import a_layer

SEEDS = [(0, 0), (12345, 67), (-3, 2**31 - 1)]
# A number of entries that is no multiple of the four of a block.
SHAPE = (3, 5, 7)


def compiled(function: Any) -> Any:
    return tf.function(function, jit_compile=True, autograph=False)


def test_draws_are_xlas_own_bit_by_bit():
    both = compiled(lambda seed: (draws.uniform(seed, SHAPE), tf.random.stateless_uniform(SHAPE, seed)))
    for seed in SEEDS:
        mine, expected = both(tf.constant(seed))
        np.testing.assert_array_equal(mine.numpy(), expected.numpy())


@pytest.mark.parametrize("shape", [SHAPE, (3, 4, 5), (32, 3), (1,)], ids=str)
def test_normal_draws_are_xlas_own_but_for_the_last_digits(shape):
    both = compiled(lambda seed: (draws.normal(seed, shape), tf.random.stateless_normal(shape, seed)))
    for seed in SEEDS:
        mine, expected = both(tf.constant(seed))
        np.testing.assert_allclose(mine.numpy(), expected.numpy(), rtol=0, atol=2e-6)


def called(fields: dict[str, Any], x: Any, *, rewritten: bool) -> tuple[np.ndarray, np.ndarray]:
    """The output of a layer for x while training, and its seed afterwards."""
    (spec,) = ModelSpec.model_validate({"layers": [fields]}).layers
    layer = spec.build(keras, name="any", seeds=iter(range(99)))
    spec.create_weights(layer, x.shape[1:])
    if rewritten:
        (named,) = walk([spec], x.shape[1:])
        rewrite_layers([BuiltLayer(named, layer)], plainly=False)

    def call(x):
        with keras.StatelessScope([]) as scope:
            made = spec.call(layer, x, True)
            return made, [scope.get_current_value(each) for each in layer.non_trainable_variables]

    made, after = compiled(call)(tf.constant(x))
    return made.numpy(), np.array([each.numpy() for each in after])


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        ({"kind": "dropout", "rate": 0.3}, (4, 5, 6)),
        ({"kind": "spatial_dropout2d", "rate": 0.4}, (4, 3, 3, 6)),
        ({"kind": "alpha_dropout", "rate": 0.2}, (4, 9)),
        ({"kind": "gaussian_noise", "stddev": 0.5}, (4, 9)),
        ({"kind": "gaussian_dropout", "rate": 0.2}, (5, 7)),
        ({"kind": "multi_head_attention", "num_heads": 2, "key_dim": 3, "dropout": 0.4}, (4, 5, 6)),
    ],
    ids=lambda case: case["kind"] if isinstance(case, dict) else "",
)
def test_layers_that_draw_are_kerass_and_leave_the_same_seed(fields, shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    mine, expected = (called(fields, x, rewritten=rewritten) for rewritten in (True, False))
    np.testing.assert_array_equal(mine[1], expected[1])
    np.testing.assert_array_equal(mine[0] == 0, expected[0] == 0)
    # Products and sums may be fused otherwise: units of float32's last place.
    np.testing.assert_allclose(mine[0], expected[0], rtol=3e-7, atol=2e-6 if "gaussian" in fields["kind"] else 3e-7)


def test_a_dropouts_numbers_are_drawn_once_for_all_units_behind_it():
    """XLA fuses what is cheap into each use. Philox, with words of 64 bits, would be in the sum of the dense layer."""
    specs = {"kind": "dropout", "rate": 0.3}, {"kind": "dense", "units": 8}
    built = [a_layer(fields, (32, 8))[0] for fields in specs]
    rewrite_layers(built, plainly=False)

    def call(x):
        with keras.StatelessScope([]):
            for each in built:
                x = each.named.spec.call(each.keras, x, True)
            return x

    optimized = compiled(call).experimental_get_compiler_ir(tf.zeros((32, 8)))(stage="optimized_hlo")
    computations = optimized.split("\n\n")
    drawing, summing = ({each for each in computations if sign in each} for sign in ("u64[", "reduce("))
    assert drawing
    assert summing
    assert not drawing & summing


@pytest.mark.parametrize("mode", ["multi_hot", "count"])
def test_encoded_tokens_are_kerass(mode):
    fields = {"kind": "category_encoding", "num_tokens": 6, "output_mode": mode}
    x = np.array([[0, 1, 1, 5], [2, 2, 2, 3]], np.float32)
    layer = keras.layers.CategoryEncoding(6, output_mode=mode)
    np.testing.assert_array_equal(called(fields, x, rewritten=True)[0], layer(x).numpy())
