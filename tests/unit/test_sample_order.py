"""Orders of samples are those that NumPy draws."""

from unittest.mock import patch

import numpy as np
import pytest

from core.training import sample_order


@pytest.mark.parametrize("samples", [1, 2, 3, 8, 9, 64, 65, 513, 66_000])
@pytest.mark.parametrize("words", [sample_order.DRAWN_WORDS, 1, 7], ids=["at once", "word by word", "in parts"])
def test_an_order_is_a_permutation_by_numpy(samples: int, words: int):
    epochs = max(1, min(64, 2000 // samples))
    for seed, block in ((0, 0), (2**31 - 1, 5), (3, 1_000_000)):
        in_order = np.tile(np.arange(samples, dtype=np.int32), (epochs, 1))
        expected = np.random.default_rng((seed, block)).permuted(in_order, axis=1)
        with patch.object(sample_order, "DRAWN_WORDS", words if samples < 1000 else sample_order.DRAWN_WORDS):
            drawn = sample_order._block(seed, block, epochs, samples)
        np.testing.assert_array_equal(drawn, expected)
        assert not drawn.flags.writeable
