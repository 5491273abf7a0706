"""Damaged checkpoints: every one is told from a readable one by one kind of error."""

import io

import numpy as np
import pytest

from core.training.checkpoint import UnreadableError, join, pack, split, unpack, width_of
from gradlab.measurement.history import Checkpoint

STATE = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7)]


@pytest.mark.slow
def test_a_state_with_a_wrong_bit_is_unreadable_or_the_same():
    """Among the bits are those of zipfile's methods, versions and encryption."""
    packed, unreadable = pack(STATE), 0
    for place in range(8 * len(packed)):
        flipped = bytearray(packed)
        flipped[place // 8] ^= 1 << place % 8
        try:
            state = unpack(bytes(flipped))
        except UnreadableError:
            unreadable += 1
            continue
        for ours, theirs in zip(STATE, state, strict=False):
            np.testing.assert_array_equal(ours, theirs)
    assert unreadable > 8 * len(packed) / 2


def test_groups_that_are_not_pairs_are_unreadable():
    buffer = io.BytesIO()
    np.savez(buffer, places=np.arange(2))
    with pytest.raises(UnreadableError, match="TypeError"):
        split(Checkpoint(0, 1, buffer.getvalue()))


def test_a_group_whose_state_is_damaged_leaves_the_other_as_it_is():
    first, second = (Checkpoint(seed, 3, pack([*STATE, np.full(9, seed)])) for seed in (0, 8))
    joined = bytearray(join([first, second]).state)
    joined[joined.index(first.state) + 200] ^= 1
    damaged, whole = split(Checkpoint(0, 6, bytes(joined)))
    with pytest.raises(UnreadableError):
        unpack(damaged.state)
    assert whole == second


def test_only_the_weights_of_a_known_number_of_seeds_have_a_width():
    assert [width_of([np.zeros((width, 3))], 3) for width in (1, 8, 32)] == [1, 8, 32]
    others = [np.array(1.0), np.zeros(3), np.zeros((0, 3)), np.zeros((3, 3)), np.zeros((8, 4)), np.zeros((8, 3, 1))]
    for state in [[], *([each] for each in others)]:
        with pytest.raises(UnreadableError, match="expected 3 weights"):
            width_of(state, 3)
