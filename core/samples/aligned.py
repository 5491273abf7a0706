"""Arrays in memory that a tensor can use as it is: no second copy of the samples is made for the training."""

import math

import numpy as np

# TensorFlow's vector instructions load 64 bytes at a time, from addresses that are multiples of it.
ALIGNMENT = 64
# Rows that are copied at a time: the copy of a piece is small beside the whole.
PIECE_ROWS = 65_536


def empty(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """Return an array with undefined values whose memory begins at a multiple of 64 bytes."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    whole = np.empty(size + ALIGNMENT, np.uint8)
    begin = -whole.ctypes.data % ALIGNMENT
    return whole[begin : begin + size].view(dtype).reshape(shape)


def taken(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return rows of an array as such an array."""
    result = empty((len(rows), *values.shape[1:]), values.dtype)
    for begin in range(0, len(rows), PIECE_ROWS):
        result[begin : begin + PIECE_ROWS] = values[rows[begin : begin + PIECE_ROWS]]
    return result


def as_float32(values: np.ndarray) -> np.ndarray:
    """Return an array of float32 in such memory: itself, if it is one."""
    if values.dtype == np.float32 and values.flags.c_contiguous and values.ctypes.data % ALIGNMENT == 0:
        return values
    result = empty(values.shape, np.float32)
    result[...] = values
    return result
