"""The order of the training samples in an epoch."""

from functools import lru_cache

import numpy as np

# Permutations are drawn in blocks of so many numbers, as making a generator costs more than a short permutation.
BLOCK_NUMBERS, MAX_BLOCK_EPOCHS = 65_536, 64


def sample_order(seed: int, epoch: int, samples: int) -> np.ndarray:
    """Return a permutation of the samples: (samples,) int32, read-only.

    It depends on the seed and the epoch alone, so a resumed run continues as the first would have.

    Args:
        seed: the run's seed.
        epoch: its number, from 1.
        samples: number of training samples.
    """
    epochs = max(1, min(MAX_BLOCK_EPOCHS, BLOCK_NUMBERS // samples))
    block, row = divmod(epoch - 1, epochs)
    # Blocks of one epoch are used once: of a million samples the kept ones would take 256 MB.
    drawn = _block if epochs == 1 else _cached_block
    permutations: np.ndarray = drawn(seed, block, epochs, samples)[row]
    return permutations


@lru_cache(maxsize=64)
def _cached_block(seed: int, block: int, epochs: int, samples: int) -> np.ndarray:
    return _block(seed, block, epochs, samples)


def _block(seed: int, block: int, epochs: int, samples: int) -> np.ndarray:
    sorted_rows = np.tile(np.arange(samples, dtype=np.int32), (epochs, 1))
    permutations = np.random.default_rng((seed, block)).permuted(sorted_rows, axis=1)
    permutations.setflags(write=False)
    return permutations
