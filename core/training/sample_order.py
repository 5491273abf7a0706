"""The order of the training samples in an epoch."""

from functools import lru_cache

import numpy as np
from numba import int32, int64, types, uint32

from core.training.sums import compiled

# Permutations are drawn in blocks of so many numbers, as making a generator costs more than a short permutation.
BLOCK_NUMBERS, MAX_BLOCK_EPOCHS = 65_536, 64
# Random words of 64 bits that are drawn at a time, at most.
DRAWN_WORDS = 16_384


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
    """Return what `default_rng((seed, block)).permuted` makes of rows in order, in a quarter of its time."""
    permutations = np.tile(np.arange(samples, dtype=np.int32), (epochs, 1))
    words, count = np.random.PCG64((seed, block)), min(DRAWN_WORDS, permutations.size)
    drawn, place = np.empty(0, np.uint32), 0
    for row in permutations:
        left = samples - 1
        while left:
            if place == len(drawn):
                drawn, place = words.random_raw(count).view(np.uint32), 0  # NumPy takes the lower half of a word first
            place, left = _shuffle(drawn, place, row, left)
    permutations.setflags(write=False)
    return permutations


@compiled((types.Array(uint32, 1, "C"), int64, int32[::1], int64))
def _shuffle(drawn, place, row, left):
    """Exchange each entry with one up to its place, from the place `left` down; return what is left of both.

    As NumPy does, a number of as many bits as the place has is drawn until one is not above the place. Which are drawn
    in vain is chance, and a processor guesses it wrong. So those exchange an entry with itself, without a branch.
    """
    mask = np.int64(1)
    while mask < left:
        mask = 2 * mask + 1
    while left > 0:
        lower = mask >> 1
        while left > lower and place < len(drawn):
            other = np.int64(drawn[place]) & mask
            is_taken = np.int64(other <= left)
            other = other if other <= left else left
            entry = row[left]
            row[left] = row[other]
            row[other] = entry
            left -= is_taken
            place += 1
        if place == len(drawn):
            break
        mask = lower
    return place, left
