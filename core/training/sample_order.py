"""The order in which an epoch visits the training samples."""

from functools import lru_cache

import numpy as np

# Orders are drawn so many numbers at a time: making a generator costs more than a short permutation.
BLOCK_NUMBERS, MAX_BLOCK_EPOCHS = 65_536, 64


def sample_order(seed: int, epoch: int, samples: int) -> np.ndarray:
    """The order of an epoch, counted from 1: (samples,) int32, read-only.

    Drawn from the seed and the epoch alone, so that a resumed run goes on as the first would have.
    """
    epochs = max(1, min(MAX_BLOCK_EPOCHS, BLOCK_NUMBERS // samples))
    block, row = divmod(epoch - 1, epochs)
    orders: np.ndarray = _block(seed, block, epochs, samples)[row]
    return orders


@lru_cache(maxsize=64)
def _block(seed: int, block: int, epochs: int, samples: int) -> np.ndarray:
    sorted_rows = np.tile(np.arange(samples, dtype=np.int32), (epochs, 1))
    orders = np.random.default_rng((seed, block)).permuted(sorted_rows, axis=1)
    orders.setflags(write=False)
    return orders
